"""One name for a test, however the tier that saw it spells it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from patchtrail.contract.events import TestCase, TestRun

__all__ = ["KnownTests", "is_same_test", "key_of", "last_part", "module_of", "name_of"]

MAX_PARTS = 50
"""Of a name, counted from its end: names of more are told apart by so many."""
PYTHON = (None, "pytest", "unittest")


def key_of(case: TestCase, run: TestRun) -> str:
    """Return the name under which a test is followed.

    `tests/test_a.py::TestB::test_c[x]` of the plugin is `tests.test_a.TestB::test_c[x]` in a JUnit file.
    """
    if run.framework not in PYTHON:
        return f"{case.file_path or case.suite or ''}|{case.test_id}"
    return name_of(case.test_id)


def name_of(test_id: str) -> str:
    """Return the dotted name of a Python test's id; an id that holds no `::` is a name already."""
    head, bracket, parameters = test_id.partition("[")
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


class KnownTests:
    """Tests by names that may begin anywhere, looked up without comparing each with each."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._ends = {end for name in self._names for end in _ends(name)}

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._names)

    def has(self, test_id: str) -> bool:
        """Return whether a test is among them, by its id or by a name that differs only by where it begins."""
        name = name_of(test_id)
        return test_id in self._names or name in self._ends or any(end in self._names for end in _ends(name))


def _ends(name: str) -> Iterator[str]:
    """Yield a name, and what is left of it when it begins later."""
    yield name
    head, bracket, parameters = name.partition("[")
    parts = head.rsplit(".", MAX_PARTS)[1:]
    for start in range(len(parts)):
        yield f"{'.'.join(parts[start:])}{bracket}{parameters}"
