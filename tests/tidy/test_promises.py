"""Every delivery promise of the README is proved by tests that exist and name it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROMISES = re.findall(r"^\| (P\d+) \| .* \| (.*) \|$", (ROOT / "README.md").read_text(), re.MULTILINE)


def proofs() -> dict[str, str]:
    """Return the docstring of every test function by its name."""
    found = dict[str, str]()
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found[node.name] = ast.get_docstring(node) or ""
    return found


def test_there_are_ten() -> None:
    """The README lists P1 to P10, in order."""
    assert [name for name, _ in PROMISES] == [f"P{number}" for number in range(1, 11)]


@pytest.mark.parametrize(("name", "named"), PROMISES, ids=[name for name, _ in PROMISES])
def test_a_promise_is_proved(name: str, named: str) -> None:
    """Each test beside a promise exists, and one of them says that it proves it."""
    docstrings = proofs()
    tests = re.findall(r"`(test_\w+)`", named)

    assert [test for test in tests if test not in docstrings] == []
    assert any(re.search(rf"\b{name}\b", docstrings[test]) for test in tests)
