"""Which files of a Python project decide what is tested."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

__all__ = ["is_python_test_file"]

TEST_FILE = re.compile(r"(?:test_.*|.*_test|tests?)\.py")
TEST_FOLDERS = frozenset({"test", "tests", "testing"})
DECIDING = frozenset(
    {
        *("conftest.py", "pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "tox.ini", "setup.cfg"),
        *("pyproject.toml", ".coveragerc", "sitecustomize.py", "usercustomize.py", "noxfile.py", "setup.py"),
    }
)
"""Configuration of runners, what a Python imports by itself, and what is run to build a project."""


def is_python_test_file(path: str) -> bool:
    """Return whether a file is a test, data of tests, a conftest, a plugin by place, or a runner's configuration."""
    pure = PurePosixPath(path)
    if pure.name in DECIDING or pure.suffix == ".pth" or TEST_FILE.fullmatch(pure.name):
        return True
    return not TEST_FOLDERS.isdisjoint(pure.parts[:-1]) or "_pytest" in pure.parts
