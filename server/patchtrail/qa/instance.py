"""From a session to a benchmark: an instance in SWE-bench's own fields, written only where a clean checkout proves it.

The proof starts from nothing but the instance and the files of its base commit: `git apply` lays `test_patch` on them,
and `patch` on that, behind walls; the tests run on both, several times, and what they say is what the lists hold.
"""

from __future__ import annotations

import io
import json
import re
import tarfile
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.events import RationaleNote
from patchtrail.contract.files import FileContent
from patchtrail.qa.case import Case
from patchtrail.qa.changed_tests import changed_paths
from patchtrail.qa.git_diff import files_of_git_diff, git_diff
from patchtrail.qa.outcomes import Changes, changes_of
from patchtrail.qa.states import States, replay_states
from patchtrail.qa.suite import Suite, Suites, Unrunnable
from patchtrail.qa.trials import Trials
from patchtrail.sandbox import Cancelling, Job, Limits, Sandbox
from patchtrail.trace.file_tree import FileTree, why_no_place
from patchtrail.trace.instants import rfc3339

__all__ = ["Instance", "instance_of", "proven_lists"]

PATCH_AT = ".patchtrail.patch"
FOLDER_AT = Path("/checkout")
RESULT_AT = "/tmp/patched.tar"
RESULT_BYTES = 256 << 20
APPLY = f"""set -e
git apply --whitespace=nowarn -- {PATCH_AT}
rm {PATCH_AT}
tar -cf {RESULT_AT} .
"""
GIT_ALONE = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CEILING_DIRECTORIES": "/"}


@dataclass(frozen=True)
class Instance:
    """One instance; the names are SWE-bench's, and so is that lists are JSON in strings."""

    repo: str
    instance_id: str
    base_commit: str
    patch: str
    test_patch: str
    problem_statement: str
    hints_text: str
    created_at: str
    version: str
    environment_setup_commit: str
    FAIL_TO_PASS: str = "[]"
    PASS_TO_PASS: str = "[]"


def instance_of(
    case: Case, start: FileTree, suites: Suites, walls: Sandbox, cancellation: Cancelling
) -> tuple[Instance, Changes]:
    """Return a session's instance and what its proof came to.

    Raises `InvalidInput` saying why there is none: the replay does not agree, nothing was changed, its files are not
    the participant's own, or the proof does not hold.
    """
    states = replay_states(start, "snapshot", case.events, case.artifacts, is_signed=case.is_signed)
    if not states.result.agrees:
        raise _none(states.result.reason)
    suite = suites.suite_of(start, case.recipe_toml, cancellation)
    if isinstance(suite, Unrunnable):
        raise _none(suite.problem)
    told = _told(case, states, suite)
    changes = proven_lists(told, start, suite, walls, cancellation, expected=states.end)
    if not changes.fail_to_pass:
        raise _none("no test fails without the patch and passes with it")
    if bad := (*changes.pass_to_fail, *changes.appeared_failing, *changes.newly_flaky):
        raise _none(f"with the patch it fails, at least sometimes: {bad[0]}")
    lists = json.dumps(changes.fail_to_pass), json.dumps(changes.pass_to_pass)
    return replace(told, FAIL_TO_PASS=lists[0], PASS_TO_PASS=lists[1]), changes


def proven_lists(
    instance: Instance,
    base: FileTree,
    suite: Suite,
    walls: Sandbox,
    cancellation: Cancelling,
    *,
    expected: FileTree | None = None,
) -> Changes:
    """Apply both patches to a clean base and return what the tests say without the patch and with it.

    Raises `InvalidInput` when a patch does not apply, leads elsewhere than `expected`, or the tests cannot be run.
    """
    tested = _patched(base, instance.test_patch, walls, cancellation)
    solved = _patched(tested, instance.patch, walls, cancellation)
    if expected is not None and dict(solved.files) != dict(expected.files):
        raise _none("its patches do not lead to the session's last files")
    trials = Trials(suite, cancellation)
    without, with_patch = trials.repeated(tested), trials.repeated(solved)
    troubles = [run for run in with_patch if run.trouble]
    if troubles:
        raise _none(troubles[0].problem or f"the run with the patch ended in {troubles[0].trouble}")
    return changes_of(without, with_patch)


def _told(case: Case, states: States, suite: Suite) -> Instance:
    changed = changed_paths(states.start, states.end)
    code = [path for path in changed if not suite.is_test_file(path)]
    if not code:
        raise _none("no file beside the tests was changed")
    if foreign := sorted({*changed} & (states.end.redacted | states.start.redacted)):
        raise _none(f"its patch would hold what was redacted in {foreign[0]}")
    tests = [path for path in changed if suite.is_test_file(path)]
    repo = _repository(case)
    return Instance(
        repo=repo,
        instance_id=f"{repo.replace('/', '__')}-{case.trace_id.removeprefix('trace-')[:12]}",
        base_commit=case.start_commit,
        patch=git_diff(states.start, states.end, code),
        test_patch=git_diff(states.start, states.end, tests),
        problem_statement=f"{case.task_title}\n\n{case.task_description}".strip(),
        hints_text=_hints(case, suite),
        created_at=rfc3339(case.events[0].ts_ms),
        version=_version(states.start),
        environment_setup_commit=case.start_commit,
    )


def _repository(case: Case) -> str:
    """Return OWNER/NAME as far as the origin tells it."""
    path = urlsplit(case.repo_origin).path if "://" in case.repo_origin else case.repo_origin.partition(":")[2]
    parts = [re.sub(r"[^A-Za-z0-9._-]", "-", one) for one in path.removesuffix(".git").split("/") if one]
    return "/".join(parts[-2:]) if len(parts) > 1 else f"local/{(parts or ['repository'])[-1]}"


def _hints(case: Case, suite: Suite) -> str:
    """Return what was said before the first change of the code, as SWE-bench takes what came before the fix."""
    said = list[str]()
    for event in case.events:
        if isinstance(event.data, FileContent) and not suite.is_test_file(event.data.file_path):
            break
        if isinstance(event.data, RationaleNote):
            said.append(event.data.text)
    return "\n\n".join(said)


def _version(start: FileTree) -> str:
    """Return the version that the project gives itself at the base commit; empty where it is computed."""
    try:
        project = tomllib.loads(start.text("pyproject.toml") or "").get("project", {})
    except tomllib.TOMLDecodeError:
        return ""
    version = project.get("version", "") if isinstance(project, dict) else ""
    return version if isinstance(version, str) else ""


def _patched(tree: FileTree, patch: str, walls: Sandbox, cancellation: Cancelling) -> FileTree:
    """Return a tree with a patch applied by git, behind walls, on the files that it names."""
    if not patch:
        return tree
    named = files_of_git_diff(patch)
    if bad := next((path for path in named if why_no_place(path)), None):
        raise _none(f"the patch names {bad!r}, which is no place in a tree")
    there = {path: tree.files[path] for path in named if path in tree.files}
    with tempfile.TemporaryDirectory(prefix="patchtrail-empty-") as empty:
        job = Job(
            argv=("sh", "-c", APPLY),
            folder=Path(empty),
            folder_at=FOLDER_AT,
            overlays={**there, PATCH_AT: patch.encode()},
            environment=GIT_ALONE,
            limits=Limits(result_bytes=RESULT_BYTES),
            result_path=RESULT_AT,
            is_writable=True,
        )
        ran = walls.run(job, cancellation)
    if ran.code != 0 or ran.result is None:
        said = ran.problem or ran.output.decode("utf-8", "replace").strip() or f"it ended with {ran.ending}"
        raise _none(f"the patch does not apply: {said[-300:]}")
    files = {path: content for path, content in tree.files.items() if path not in there}
    return replace(tree, files=files | _unpacked(ran.result, named))


def _unpacked(packed: bytes, named: Sequence[str]) -> dict[str, bytes]:
    files = dict[str, bytes]()
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        for member in tar:
            path = member.name.removeprefix("./")
            content = tar.extractfile(member) if member.isreg() and path in named else None
            if content is not None:
                files[path] = content.read()
    return files


def _none(why: str) -> InvalidInput:
    return InvalidInput(f"This session gives no instance: {why.rstrip('.')}.", code="no_instance")
