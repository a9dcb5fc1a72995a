"""One name for a test, however the tier that saw it spells it."""

from __future__ import annotations

from patchtrail.contract.events import TestCase, TestRun

__all__ = ["is_same_test", "key_of", "last_part", "module_of"]

PYTHON = (None, "pytest", "unittest")


def key_of(case: TestCase, run: TestRun) -> str:
    """Return the name under which a test is followed.

    `tests/test_a.py::TestB::test_c[x]` of the plugin is `tests.test_a.TestB::test_c[x]` in a JUnit file.
    """
    if run.framework not in PYTHON:
        return f"{case.file_path or case.suite or ''}|{case.test_id}"
    head, bracket, parameters = case.test_id.partition("[")
    path, _, rest = head.partition("::")
    named = f"{module_of(path)}.{rest.replace('::', '.')}" if rest else path
    return f"{named}{bracket}{parameters}"


def module_of(path: str) -> str:
    """Return the dotted name of a file's path, or of a folder's."""
    return path.removesuffix(".py").replace("\\", "/").strip("/").replace("/", ".")


def last_part(key: str) -> str:
    """Return the test's own name, with its parameters."""
    head, bracket, parameters = key.partition("[")
    return f"{head.rpartition('.')[2]}{bracket}{parameters}"


def is_same_test(key: str, other: str) -> bool:
    """Return whether two names differ only by where they begin: runs start in different folders."""
    return key == other or key.endswith(f".{other}") or other.endswith(f".{key}")
