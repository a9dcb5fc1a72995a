"""What a linter says of the changed files at the end and did not at the start, and the other way round.

Ruff reads Python and executes none of it; it runs on copies, without the project's configuration and without a cache.
Any tool that writes SARIF 2.1.0 (OASIS) could stand in its place: only its command line is Ruff's.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.qa import LintDelta, LintFinding
from patchtrail.qa.changed_tests import changed_paths
from patchtrail.sandbox import Cancelling
from patchtrail.sandbox.process import Command, run_process
from patchtrail.trace.file_tree import FileTree

__all__ = ["RuffLinting", "delta_of", "findings_of_sarif"]

OPTIONS = ("check", "--isolated", "--no-cache", "--output-format", "sarif", "--exit-zero", "--quiet", "--no-fix")
TIMEOUT_S = 30.0
MAX_REPORT_BYTES = 8 << 20
MAX_LISTED = 100


@dataclass(frozen=True)
class RuffLinting:
    """Runs the Ruff that is installed on this machine, beside this Python or on the path."""

    def __call__(self, start: FileTree, end: FileTree, cancellation: Cancelling) -> LintDelta | None:
        """Return the difference over the changed Python files; None without a Ruff, or where it fails."""
        paths = [one for one in changed_paths(start, end) if one.endswith((".py", ".pyi"))]
        ruff = shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")
        if ruff is None or not paths:
            return None
        found = [_findings(ruff, tree, paths, cancellation) for tree in (start, end)]
        if found[0] is None or found[1] is None:
            return None
        return delta_of("ruff", found[0], found[1], start, end)


def delta_of(
    tool: str, before: Sequence[LintFinding], after: Sequence[LintFinding], start: FileTree, end: FileTree
) -> LintDelta:
    """Return the difference; a finding is the same where rule, file, message and the text of its line are."""
    old, new = _by_text(before, start), _by_text(after, end)
    return LintDelta(
        tool=tool,
        before=len(before),
        after=len(after),
        new=_surplus(new, old)[:MAX_LISTED],
        gone=_surplus(old, new)[:MAX_LISTED],
    )


def findings_of_sarif(content: bytes, root: Path) -> list[LintFinding]:
    """Return the findings of a SARIF report about files below `root`.

    Raises `InvalidInput` when it is none.
    """
    try:
        told = json.loads(content)
        return [one for run in told["runs"] for result in run["results"] for one in _finding(result, root)]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise InvalidInput(f"The linter's report is no SARIF: {error}", code="bad_sarif") from error


def _findings(ruff: str, tree: FileTree, paths: Sequence[str], cancellation: Cancelling) -> list[LintFinding] | None:
    with tempfile.TemporaryDirectory(prefix="patchtrail-lint-") as made:
        root = Path(made).resolve()
        try:
            _write(tree, paths, root)
        except OSError:
            return None
        command = Command(
            argv=(ruff, *OPTIONS, "--", "."),
            folder=root,
            environment={"PATH": "/usr/bin:/bin", "HOME": made, "NO_COLOR": "1"},
            timeout_s=TIMEOUT_S,
            stdout_cap=MAX_REPORT_BYTES,
        )
        ended = run_process(command, cancellation)
        if ended.ending != "exit" or ended.code != 0 or ended.is_cut:
            return None
        try:
            return findings_of_sarif(ended.stdout, root)
        except InvalidInput:
            return None


def _write(tree: FileTree, paths: Sequence[str], root: Path) -> None:
    for path in paths:
        if path in tree.files:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(tree.files[path])


def _finding(result: Mapping[str, Any], root: Path) -> Iterator[LintFinding]:
    place = result["locations"][0]["physicalLocation"]
    path = Path(unquote(str(place["artifactLocation"]["uri"]).removeprefix("file://")))
    yield LintFinding(
        rule=str(result.get("ruleId") or "invalid-syntax"),
        file_path=path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix(),
        line=int(place.get("region", {}).get("startLine", 1)),
        message=str(result["message"]["text"]),
    )


def _by_text(findings: Sequence[LintFinding], tree: FileTree) -> list[tuple[tuple[str, ...], LintFinding]]:
    lines = {path: (tree.text(path) or "").split("\n") for path in {one.file_path for one in findings}}
    return [((one.rule, one.file_path, one.message, _line(lines[one.file_path], one.line)), one) for one in findings]


def _line(lines: Sequence[str], number: int) -> str:
    return lines[number - 1].strip() if 0 < number <= len(lines) else ""


def _surplus(
    these: Sequence[tuple[tuple[str, ...], LintFinding]], those: Sequence[tuple[tuple[str, ...], LintFinding]]
) -> list[LintFinding]:
    left = Counter(key for key, _ in those)
    surplus = list[LintFinding]()
    for key, finding in these:
        left[key] -= 1
        if left[key] < 0:
            surplus.append(finding)
    return surplus
