"""A tool's own edits, applied to texts of every kind."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from patchtrail.patching import ToolEdit, ToolFix
from patchtrail.patching.tool_edits import apply_fixes


def fix(*edits: tuple[int, int, int, int, str]) -> ToolFix:
    """Make a fix of edits: line, character, end line, end character, text."""
    return ToolFix("", is_safe=True, edits=tuple(ToolEdit(*one) for one in edits))


def check(text: str, expected: str, applied: int, *fixes: ToolFix) -> None:
    """Apply, and compare text and count."""
    assert apply_fixes(text, fixes) == (expected, applied)


def test_positions_are_utf16_units() -> None:
    """A character beyond the basic plane counts two, as editors count it."""
    check('x = "😀" == None\n', 'x = "😀" is None\n', 1, fix((1, 9, 1, 11, "is")))


def test_line_ends_stay() -> None:
    """Carriage returns, form feeds and a missing last newline are text like any other."""
    check("a\r\nb\fc\r\nd", "a\r\nd", 1, fix((2, 0, 3, 0, "")))


def test_overlapping_fixes_wait() -> None:
    """Of two fixes that meet, the first is applied whole and the other not at all, even where parts of it would fit."""
    first, second = fix((1, 0, 1, 3, "x")), fix((1, 2, 1, 5, "y"), (2, 0, 2, 1, "z"))

    check("abcdef\ngh\n", "xdef\ngh\n", 1, first, second)
    check("abcdef\ngh\n", "abyf\nzh\n", 1, second, first)


def test_an_equal_edit_is_made_once() -> None:
    """Two findings whose fixes share an edit, as an import that both need, get it once."""
    shared = (1, 0, 1, 0, "import sys\n")

    check("a\nb\n", "import sys\nA\nB\n", 2, fix(shared, (1, 0, 1, 1, "A")), fix(shared, (2, 0, 2, 1, "B")))


def test_beyond_the_end_is_the_end() -> None:
    """A position behind the last line means the end of the text."""
    check("a\n", "a\nb\n", 1, fix((9, 0, 9, 0, "b\n")))


@given(st.text(alphabet="ab😀\n\r", max_size=30), st.integers(1, 6), st.integers(0, 8), st.text("xy\n", max_size=4))
def test_an_insertion_is_undone_by_its_removal(text: str, line: int, character: int, inserted: str) -> None:
    """Inserting adds exactly the text, somewhere, and takes nothing away."""
    after, _ = apply_fixes(text, [fix((line, character, line, character, inserted))])
    at = next(index for index in range(len(text) + 1) if text[:index] + inserted + text[index:] == after)

    assert after[:at] + after[at + len(inserted) :] == text
