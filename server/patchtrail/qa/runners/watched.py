"""A run under watch: what it told is believed only under the seal of the process that watched it.

The watching process (`inside/watch.py`) makes the key before anything of the project runs, and says it once, outwards.
So a report that tests write, a descriptor that they find or an exit that they take early is told apart from the truth.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from patchtrail.capture.terminal import plain_text
from patchtrail.qa import inside
from patchtrail.qa.environment import PATHS_AT, ROOT_AT, Environment
from patchtrail.qa.inside.watch import GREETING, MAX_TOLD_BYTES
from patchtrail.qa.suite import SuiteRun, Trouble
from patchtrail.sandbox import Bind, Cancelling, Job, Limits, Ran, Sandbox
from patchtrail.trace.file_tree import FileTree

__all__ = ["Program", "Watched", "watched"]

INSIDE_AT = Path("/opt/patchtrail/patchtrail_inside")
SPEC_AT = Path("/opt/patchtrail/spec.json")
WATCH_AT = Path("/opt/patchtrail/watch.json")
RESULT_AT = "/tmp/patchtrail-result"
MAX_OUTPUT_CHARS = 200_000
ETC = {
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "passwd": "tester:x:65534:65534:tester:/tmp:/bin/sh\n",
    "group": "tester:x:65534:\n",
}
"""What tools look up although there is no network: their own machine and user."""
HEAD_BYTES = 4096
MARGIN_S = 10.0
"""Between the end that the watching process sets and the sandbox's own, so that what was told until then is kept."""
START = (
    "import sys; sys.path.insert(0, {at!r}); from patchtrail_inside.{module} import main; "
    "sys.path.remove({at!r}); main()"
)
TROUBLES: dict[str, Trouble] = {
    "no_sandbox": "no_sandbox",
    "wall": "wall",
    "cpu": "wall",
    "memory": "memory",
    "disk": "broken",
    "cancelled": "broken",
}


@dataclass(frozen=True)
class Program:
    """What to run: a module of `inside`, what it is told, and what it is shown."""

    module: str
    spec: Mapping[str, Any]
    environment: Environment
    binds: tuple[Bind, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    paths: tuple[str, ...] = ()
    """Further folders of the project to import from."""


@dataclass(frozen=True)
class Watched:
    """What a program told, line by line and beyond doubt, and its exit status; `run` holds what else is known.

    With a trouble in `run`, what was told until then is still true, but not all.
    """

    told: Sequence[dict[str, Any]]
    code: int | None
    run: SuiteRun


def watched(sandbox: Sandbox, tree: FileTree, program: Program, limits: Limits, cancellation: Cancelling) -> Watched:
    """Run a program on a writable copy of the tree, and return what can be believed of it."""
    started = time.monotonic()
    with _job(tree, program, limits) as job:
        ran = sandbox.run(job, cancellation)
    run = SuiteRun(missing_limits=ran.missing_limits, duration_ms=round((time.monotonic() - started) * 1000))
    return _believed(ran, run)


@contextlib.contextmanager
def _job(tree: FileTree, program: Program, limits: Limits) -> Iterator[Job]:
    with tempfile.TemporaryDirectory(prefix="patchtrail-suite-") as made:
        folder, spec, watch = Path(made) / "tree", Path(made) / "spec.json", Path(made) / "watch.json"
        folder.mkdir()
        for path in tree.executable & tree.files.keys():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(tree.files[path])
            (folder / path).chmod(0o755)
        paths = Path(made) / "paths"
        paths.mkdir()
        (paths / "project.pth").write_text("".join(f"{ROOT_AT / one}\n" for one in program.paths))
        etc = Path(made) / "etc"
        etc.mkdir()
        for name, text in ETC.items():
            (etc / name).write_text(text)
        environment = program.environment
        start = START.format(at=str(INSIDE_AT.parent), module=program.module)
        argv = [environment.executable, "-P", "-B", "-c", start, str(SPEC_AT)]
        variables = {"PATH": _path(), "HOME": "/tmp", "LANG": "C.UTF-8", **program.variables}
        spec.write_text(json.dumps(dict(program.spec)))
        watch.write_text(json.dumps({"argv": argv, "environment": variables, "wall_s": limits.wall_s}))
        inner = Path(inside.__file__).parent
        of_system = [Bind(etc / name, Path("/etc") / name) for name in ETC]
        binds = (*of_system, Bind(inner, INSIDE_AT), Bind(spec, SPEC_AT), Bind(watch, WATCH_AT), Bind(paths, PATHS_AT))
        yield Job(
            argv=(str(environment.python), "-I", "-S", "-B", f"{INSIDE_AT}/watch.py", str(WATCH_AT), RESULT_AT),
            folder=folder,
            folder_at=ROOT_AT,
            overlays={path: content for path, content in tree.files.items() if path not in tree.executable},
            read_only=(*environment.binds, *program.binds, *binds),
            environment=variables,
            limits=replace(limits, wall_s=limits.wall_s + MARGIN_S, result_bytes=MAX_TOLD_BYTES + HEAD_BYTES),
            result_path=RESULT_AT,
            is_writable=True,
        )


def _path() -> str:
    return "/opt/environment/bin:/opt/project/bin:/usr/local/bin:/usr/bin:/bin"


def _believed(ran: Ran, run: SuiteRun) -> Watched:
    key, output = _greeting(ran.output)
    run = replace(run, output=output, exit_code=ran.code)
    if ran.ending in TROUBLES:
        return Watched((), None, replace(run, trouble=TROUBLES[ran.ending], problem=ran.problem))
    if key is None or ran.result is None:
        said = f"The run handed back nothing, and ended with {ran.code}."
        return Watched((), None, replace(run, trouble="broken", problem=said))
    seal, _, body = ran.result.partition(b"\n")
    if not hmac.compare_digest(seal, hmac.new(key, body, hashlib.sha256).hexdigest().encode()):
        said = "What was handed back is not what the watching process wrote: something in the run wrote it instead."
        return Watched((), None, replace(run, trouble="cheat", problem=said))
    head, _, lines = body.partition(b"\n")
    ended = json.loads(head)
    told = [json.loads(line) for line in lines.split(b"\n") if line]
    if not all(isinstance(one, dict) for one in told):
        return Watched((), None, replace(run, trouble="broken", problem="What was told cannot be read."))
    trouble, problem = _judged(ended, told)
    code = int(ended["code"])
    return Watched(
        told, code, replace(run, exit_code=code if code >= 0 else 128 - code, trouble=trouble, problem=problem)
    )


def _judged(ended: Mapping[str, Any], told: Sequence[Mapping[str, Any]]) -> tuple[Trouble, str]:
    code = int(ended["code"])
    closing = told[-1].get("closed") if told else None
    if ended["forged"]:
        return "cheat", f"{ended['forged']} lines about tests did not come from what runs the tests."
    if ended["is_late"]:
        return "wall", "The tests did not end in time."
    if ended["is_cut"]:
        return "broken", "The tests told more than can be kept."
    if -code == signal.SIGXCPU:
        return "wall", "The tests used more processor time than they may."
    if closing is None and code == 0:
        return "cheat", "The process ended with success before its tests were through."
    if closing is None:
        return "broken", f"The process ended before its tests were through, {_words(code)}."
    if closing != code:
        return "cheat", f"The tests ended with {closing}, and the process then claimed {code}."
    return "", ""


def _words(code: int) -> str:
    if code >= 0:
        return f"with {code}"
    names = {one.value: one.name for one in signal.Signals}
    return f"killed by {names.get(-code, f'signal {-code}')}"


def _greeting(output: bytes) -> tuple[bytes | None, str]:
    first, _, rest = output.partition(b"\n")
    if not first.startswith(GREETING.encode()):
        return None, _text(output)
    try:
        return bytes.fromhex(first.decode().removeprefix(GREETING)), _text(rest)
    except ValueError:
        return None, _text(output)


def _text(output: bytes) -> str:
    return plain_text(output.decode("utf-8", "replace"))[-MAX_OUTPUT_CHARS:]
