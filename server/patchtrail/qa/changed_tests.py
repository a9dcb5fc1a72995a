"""Which of a session's changes decide what is tested, and the files with the start commit's tests in their place."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath

from patchtrail.trace.file_tree import FileTree

__all__ = ["changed_paths", "changed_test_files", "with_own_tests", "with_tests_of"]

IsTestFile = Callable[[str], bool]
JAVASCRIPT = frozenset({".js", ".cjs", ".mjs", ".jsx", ".ts", ".cts", ".mts", ".tsx"})
SET_UP = re.compile(r"setup[._-]?\w*|\w+[._-]?setup", re.IGNORECASE)
"""What a runner of JavaScript is told to run before the tests."""
STEERING = frozenset(
    {
        *("conftest.py", "sitecustomize.py", "usercustomize.py", "noxfile.py", "setup.py", "pytest.py", ".coveragerc"),
        *("pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "tox.ini", "setup.cfg", "pyproject.toml"),
        *("package.json", "tsconfig.json", "go.mod", "go.work"),
    }
)


def changed_paths(start: FileTree, end: FileTree) -> list[str]:
    """Return the files that were added, changed or taken away."""
    paths = start.files.keys() | end.files.keys()
    return sorted(
        path
        for path in paths
        if start.files.get(path) != end.files.get(path) or (path in start.executable) != (path in end.executable)
    )


def changed_test_files(start: FileTree, end: FileTree, is_test_file: IsTestFile) -> list[str]:
    """Return those of them that decide what is tested: tests, conftest files, plugins, a runner's configuration."""
    return [path for path in changed_paths(start, end) if is_test_file(path)]


def with_tests_of(tests: FileTree, code: FileTree, is_test_file: IsTestFile) -> FileTree:
    """Return the files of `code`, with every file that decides what is tested as it is in `tests`, or not there."""
    return _mixed(code, tests, is_test_file)


def with_own_tests(pristine: FileTree, session: FileTree, code: FileTree, is_test_file: IsTestFile) -> FileTree:
    """Return the files of `code` with pristine configuration and conftest files, and the session's own tests."""
    steered = _mixed(code, pristine, is_test_file)
    return _mixed(steered, session, lambda path: is_test_file(path) and not _steers(path))


def _mixed(base: FileTree, other: FileTree, is_taken: IsTestFile) -> FileTree:
    files = {path: content for path, content in base.files.items() if not is_taken(path)}
    files |= {path: content for path, content in other.files.items() if is_taken(path)}
    executable = {path for path in base.executable if not is_taken(path)}
    executable |= {path for path in other.executable if is_taken(path)}
    redacted = {path for path in base.redacted if not is_taken(path)}
    redacted |= {path for path in other.redacted if is_taken(path)}
    return FileTree(files, frozenset(executable), base.left_out, frozenset(redacted))


def _steers(path: str) -> bool:
    """Return whether a file steers how tests run, rather than being one."""
    pure = PurePosixPath(path)
    return (
        pure.name in STEERING
        or pure.suffix == ".pth"
        or pure.stem.endswith((".config", ".setup", ".preset", ".workspace", ".environment"))
        or (pure.suffix in JAVASCRIPT and SET_UP.fullmatch(pure.stem) is not None)
        or "_pytest" in pure.parts
    )
