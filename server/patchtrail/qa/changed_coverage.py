"""Line coverage of the lines that a session changed, from what a run of its end reached."""

from __future__ import annotations

from collections.abc import Callable

from patchtrail.contract.qa import ChangedCoverage, FileCoverage
from patchtrail.qa.changed_tests import changed_paths
from patchtrail.qa.suite import SuiteRun
from patchtrail.text import diff
from patchtrail.trace.file_tree import FileTree

__all__ = ["changed_coverage", "changed_lines"]


def changed_coverage(
    start: FileTree, end: FileTree, run: SuiteRun, is_test_file: Callable[[str], bool], tool: str = "coverage.py"
) -> ChangedCoverage | None:
    """Return which executable changed lines, tests aside, a run reached; None where it measured nothing."""
    if not run.executable_lines:
        return None
    files = dict[str, FileCoverage]()
    for path in changed_paths(start, end):
        executable = run.executable_lines.get(path, frozenset())
        if is_test_file(path) or not executable:
            continue
        changed = changed_lines(start.text(path) or "", end.text(path) or "", path) & executable
        if changed:
            covered = changed & run.lines.get(path, frozenset())
            files[path] = FileCoverage(changed=sorted(changed), covered=sorted(covered))
    return ChangedCoverage(
        tool=tool,
        changed_lines=sum(len(one.changed) for one in files.values()),
        covered_lines=sum(len(one.covered) for one in files.values()),
        files=files,
    )


def changed_lines(before: str, after: str, path: str) -> frozenset[int]:
    """Return the lines of `after`, from 1, that a diff from `before` adds."""
    lines, at = set[int](), 0
    for line in diff(before, after, path).split("\n")[2:]:
        if line.startswith("@@ "):
            at = int(line.split("+", 1)[1].split(" ", 1)[0].split(",")[0])
            continue
        if line.startswith("+"):
            lines.add(at)
        at += line[:1] in ("+", " ")
    return frozenset(lines)
