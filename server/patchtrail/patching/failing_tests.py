"""A failing test as a finding at the line of the workspace where it failed, with its assertion."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from patchtrail.patching.finding import Finding
from patchtrail.patching.ports import TestFailure
from patchtrail.patching.told_paths import relative_path

__all__ = ["finding_of_failure", "own_frames"]

FRAMES = (
    # Python's own tracebacks, and pytest's: `path:12: in name`, `path:12: AssertionError`.
    re.compile(r'^[ \t]*File "(?P<path>[^"\n]{1,500})", line (?P<line>\d{1,7})', re.MULTILINE),
    re.compile(r"^(?P<path>[^\s:][^:\n]{0,500}\.py):(?P<line>\d{1,7}): ", re.MULTILINE),
)
STACKS = (
    # Innermost first: JavaScript's `at name (path:12:5)`, and what Go, Rust and others print.
    re.compile(
        r"^[ \t]+at [^\n(]{0,300}\(?(?:file://)?(?P<path>[^\s():]{1,500}):(?P<line>\d{1,7}):\d{1,7}\)?$", re.MULTILINE
    ),
    re.compile(r"^[ \t]*(?P<path>[\w./@-]{1,500}\.\w{1,10}):(?P<line>\d{1,7})(?::\d+)?:?(?:\s|$)", re.MULTILINE),
)
INSTALLED = re.compile(r"(?:^|/)(?:site-packages|dist-packages|node_modules|\.venv|venv)/")
MAX_MESSAGE_CHARS = 2_000
MAX_TRACEBACK_CHARS = 20_000


def finding_of_failure(
    failure: TestFailure, roots: tuple[Path, ...], read: Callable[[str], str | None]
) -> Finding | None:
    """Return where the workspace's own code failed last; None when nothing of it is known to be there.

    Without a traceback that is where the test is defined.
    """
    at = next(own_frames(failure.traceback, roots, read), None) or _definition(failure, roots, read)
    if at is None:
        return None
    path, line = at
    text = (read(path) or "").split("\n")[line - 1]
    return Finding(
        tool="test",
        rule_id="failing-test",
        message=_assertion(failure)[:MAX_MESSAGE_CHARS],
        file_path=path,
        line=line,
        character=len(text) - len(text.lstrip()),
        end_line=line,
        end_character=len(text.rstrip().encode("utf-16-le", "surrogatepass")) // 2,
        severity="error",
        test_id=_node_id(failure.test_id, read),
        traceback=failure.traceback[-MAX_TRACEBACK_CHARS:],
    )


def own_frames(traceback: str, roots: tuple[Path, ...], read: Callable[[str], str | None]) -> Iterator[tuple[str, int]]:
    """Yield the frames in files of the workspace, the innermost first."""
    text = traceback[-MAX_TRACEBACK_CHARS:]
    python = sorted((match.start(), match) for expression in FRAMES for match in expression.finditer(text))
    others = sorted((match.start(), match) for expression in STACKS for match in expression.finditer(text))
    for _, match in [*reversed(python), *others]:
        path = relative_path(match["path"], roots)
        if path is not None and not INSTALLED.search(f"/{path}") and _has_line(read(path), int(match["line"])):
            yield path, int(match["line"])


def _node_id(test_id: str, read: Callable[[str], str | None]) -> str:
    """Return pytest's own id of a test whose report names its module with dots, as `tests.test_shop::test_sum`."""
    where, separator, name = test_id.partition("::")
    parts = where.split(".")
    if not separator or "/" in where or where.endswith(".py"):
        return test_id
    for count in range(len(parts), 0, -1):
        path = "/".join(parts[:count]) + ".py"
        if read(path) is not None:
            return "::".join([path, *parts[count:], name])
    return test_id


def _has_line(text: str | None, line: int) -> bool:
    return text is not None and 1 <= line <= text.count("\n") + 1


def _definition(
    failure: TestFailure, roots: tuple[Path, ...], read: Callable[[str], str | None]
) -> tuple[str, int] | None:
    path = relative_path(failure.file_path or failure.test_id.partition("::")[0], roots)
    text = read(path) if path is not None else None
    if path is None or text is None:
        return None
    if failure.line is not None and _has_line(text, failure.line):
        return path, failure.line
    name = failure.test_id.rpartition("::")[2].partition("[")[0]
    found = re.search(rf"^[ \t]*(?:async +)?def {re.escape(name)}\b", text, re.MULTILINE)
    return path, text.count("\n", 0, found.start()) + 1 if found else 1


def _assertion(failure: TestFailure) -> str:
    """Return what failed: pytest's marked lines where the message does not say more."""
    if failure.message.strip():
        return failure.message.strip()
    marked = [line[1:].strip() for line in failure.traceback.splitlines() if line.startswith("E ")]
    last = failure.traceback.strip().rpartition("\n")[2]
    return "\n".join(marked) or last or "The test failed."
