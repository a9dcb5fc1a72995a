"""A failing test becomes a finding where the workspace's own code failed; every finding has a category."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from patchtrail.patching import ports
from patchtrail.patching.classify import TABLES, category_of, complexity_of
from patchtrail.patching.failing_tests import finding_of_failure
from patchtrail.patching.finding import Finding, ToolFix

ROOTS = (Path("/project"),)
FILES = {
    "tests/test_shop.py": "from shop import price\n\n\n"
    "def test_price():\n    expected = 2\n    assert price(1) == expected\n",
    "shop.py": "def price(amount):\n    return ratio(amount)\n\n\ndef ratio(x):\n    return 1 / (x - 1)\n",
    "web/cart.test.ts": "it('adds', () => {\n  expect(add(1)).toBe(2);\n});\n",
    ".venv/lib/python3.11/site-packages/lib.py": "a\n" * 50,
}
SHORT = """tests/test_shop.py:6: in test_price
    assert price(1) == expected
shop.py:2: in price
    return ratio(amount)
shop.py:6: in ratio
    return 1 / (x - 1)
E   ZeroDivisionError: division by zero"""
LONG = """def test_price():
        expected = 2
>       assert price(1) == expected
E       assert 1 == 2

tests/test_shop.py:6: AssertionError"""
NATIVE = """Traceback (most recent call last):
  File "/project/tests/test_shop.py", line 6, in test_price
    assert price(1) == expected
  File "/project/shop.py", line 2, in price
    return ratio(amount)
  File "/project/.venv/lib/python3.11/site-packages/lib.py", line 40, in ratio
  File "/usr/lib/python3.11/json/decoder.py", line 355, in raw_decode
ValueError: bad"""
JEST = """Error: expect(received).toBe(expected)
    at Object.toBe (/project/web/cart.test.ts:2:18)
    at run (/project/node_modules/jest/build/run.js:10:3)"""


def check(traceback: str = "", **fields: object) -> Finding | None:
    """Return the finding of one failure."""
    told = {"test_id": "tests/test_shop.py::test_price", "message": "assert 1 == 2", **fields}
    return finding_of_failure(ports.TestFailure(traceback=traceback, **told), ROOTS, FILES.get)


@pytest.mark.parametrize(
    ("traceback", "place"),
    [
        (SHORT, ("shop.py", 6)),
        (LONG, ("tests/test_shop.py", 6)),
        (NATIVE, ("shop.py", 2)),
        (JEST, ("web/cart.test.ts", 2)),
        ("no frames at all", ("tests/test_shop.py", 4)),
        ('File "shop.py", line 900, in gone', ("tests/test_shop.py", 4)),
        ('File "/etc/passwd", line 1, in x', ("tests/test_shop.py", 4)),
    ],
)
def test_the_innermost_own_line_is_found(traceback: str, place: tuple[str, int]) -> None:
    """The line is the innermost of the workspace's own code; without one, the test's definition."""
    one = check(traceback)

    assert (one.file_path, one.line) == place
    assert (one.tool, one.rule_id, one.test_id) == ("test", "failing-test", "tests/test_shop.py::test_price")
    assert one.is_test
    assert one.traceback == traceback


def test_the_range_is_the_line_without_its_indentation() -> None:
    """The finding covers the statement that failed, and says what was asserted."""
    one = check(LONG)

    assert (one.character, one.end_character) == (4, len("    assert price(1) == expected"))
    assert one.message == "assert 1 == 2"


@pytest.mark.parametrize(
    ("message", "traceback", "told"),
    [("", LONG, "assert 1 == 2"), ("", NATIVE, "ValueError: bad"), ("", "", "The test failed.")],
)
def test_there_is_always_a_message(message: str, traceback: str, told: str) -> None:
    """Where a report gives no message, the traceback's own words stand for it."""
    assert check(traceback, message=message).message == told


def test_a_test_elsewhere_is_no_finding() -> None:
    """A failure of which no file is in the workspace is not published anywhere."""
    assert check(test_id="other/test_x.py::test_x") is None


def test_a_hostile_traceback_takes_no_time() -> None:
    """Megabytes of what looks like frames are cut before they are searched."""
    hostile = "a/" * 1_000_000 + ":1: \n" + " at (" * 200_000 + "x.py:" * 200_000

    assert check(hostile).line == 4


@pytest.mark.parametrize(
    ("tool", "rule", "category", "complexity"),
    [
        ("ruff", "I001", "import-order", "simple"),
        ("ruff", "ISC001", "string-concatenation", "moderate"),
        ("ruff", "F401", "unused-import", "simple"),
        ("ruff", "F541", "format-string", "simple"),
        ("ruff", "F841", "unused-variable", "moderate"),
        ("ruff", "E401", "style", "simple"),
        ("ruff", "E711", "comparison", "simple"),
        ("ruff", "E501", "line-length", "moderate"),
        ("ruff", "D103", "docstring", "moderate"),
        ("ruff", "DTZ005", "datetime", "moderate"),
        ("ruff", "C901", "complexity", "complex"),
        ("ruff", "invalid-syntax", "syntax", "moderate"),
        ("flake8", "W605", "escape", "simple"),
        ("mypy", "arg-type", "type", "moderate"),
        ("mypy", "attr-defined", "type", "complex"),
        ("mypy", "no-untyped-def", "annotation", "moderate"),
        ("pyright", "reportOptionalMemberAccess", "optional", "moderate"),
        ("pyright", "reportMissingImports", "import", "moderate"),
        ("tsc", "TS1005", "syntax", "moderate"),
        ("tsc", "TS18048", "optional", "moderate"),
        ("tsc", "TS2322", "type", "complex"),
        ("tsc", "TS6133", "unused-variable", "moderate"),
        ("eslint", "eqeqeq", "comparison", "simple"),
        ("eslint", "@typescript-eslint/no-unsafe-call", "type", "moderate"),
        ("pylint", "C0116", "docstring", "moderate"),
        ("gosec", "G101", "other", "moderate"),
    ],
)
def test_a_rule_has_a_category(tool: str, rule: str, category: str, complexity: str) -> None:
    """Each rule falls into the category of the longest prefix that the table knows, and has its complexity."""
    one = Finding(tool, rule, "m", "a.py", 1)

    assert (category_of(one), complexity_of(one)) == (category, complexity)


def test_a_safe_fix_makes_it_simple_and_a_test_complex() -> None:
    """What the tool itself fixes safely is simple; a failing test never is."""
    fixed = Finding("ruff", "D403", "m", "a.py", 1, fix=ToolFix("Fix", True, ()))

    assert complexity_of(fixed) == "simple"
    assert (category_of(check(LONG)), complexity_of(check(LONG))) == ("test", "complex")


def test_categories_are_words() -> None:
    """All categories of the table are words of one form, so that files and metrics can be named by them."""
    names = {category for table in TABLES.values() for category in table.values()}

    assert [one for one in names if not re.fullmatch(r"[a-z]+(-[a-z]+)*", one)] == []
