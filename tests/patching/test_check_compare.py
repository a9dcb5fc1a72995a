"""A patch did its work when what it was for is gone and nothing new is there, wherever lines have moved."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchtrail.patching.compare import Verdict, judge
from patchtrail.patching.finding import Finding

BEFORE = "import os\nimport sys\n\n\ndef f():\n    x = 1\n    return y\n"


def at(rule: str, line: int, message: str = "m", **fields: object) -> Finding:
    """Return a finding of Ruff."""
    return Finding("ruff", rule, message, "a.py", line, **fields)


def check(
    before: Sequence[Finding], after: Sequence[Finding], target: Finding, text: str, old: str = BEFORE
) -> Verdict:
    """Judge a patch of one file."""
    return judge(before, after, [target], texts_before={"a.py": old}, texts_after={"a.py": text})


OS, SYS, NAME = at("F401", 1, "`os` imported"), at("F401", 2, "`sys` imported"), at("F821", 7, "Undefined `y`")


def test_what_moved_is_not_new() -> None:
    """Taking a line away moves everything below it, and none of that is new."""
    text = BEFORE.removeprefix("import os\n")
    verdict = check([OS, SYS, NAME], [at("F401", 1, "`sys` imported"), at("F821", 6, "Undefined `y`")], OS, text)

    assert verdict == Verdict(remaining=(), new=())
    assert verdict.is_gone and verdict.is_clean


def test_what_remains_remains() -> None:
    """A finding on a line that was rewritten, still there with another number in its message, is not gone."""
    long, still = at("E501", 6, "Line too long (130 > 120)"), at("E501", 6, "Line too long (125 > 120)")
    verdict = check([long], [still], long, BEFORE.replace("x = 1", "x = 11"))

    assert verdict.remaining == (long,)
    assert verdict.new == ()
    assert not verdict.is_gone


def test_another_name_is_another_finding() -> None:
    """An undefined name in the place of another one is new, and the old one is gone."""
    other = at("F821", 7, "Undefined `z`")
    verdict = check([NAME], [other], NAME, BEFORE.replace("return y", "return z"))

    assert (verdict.remaining, verdict.new) == ((), (other,))


def test_new_ones_are_listed() -> None:
    """What was not there before is listed, also of another tool and in the same line."""
    fresh = Finding("mypy", "name-defined", "Undefined", "a.py", 7)
    verdict = check([OS, NAME], [NAME, fresh], OS, BEFORE)

    assert verdict.new == (fresh,)
    assert verdict.is_gone and not verdict.is_clean


def test_of_equal_ones_the_target_went() -> None:
    """Of two equal findings in one line one is fixed: it is the one that the patch was for."""
    old, text = "a == None or b == None\n", "a is None or b == None\n"
    first, second = at("E711", 1, "Compare", character=5), at("E711", 1, "Compare", character=18)
    verdict = check([first, second], [second], first, text, old)

    assert verdict.is_gone and verdict.is_clean


def test_a_block_may_begin_earlier() -> None:
    """An import put above an unsorted block, and what is said of a whole file, are not new."""
    block, file = at("I001", 1, end_line=2), at("D100", 1)
    text = "import json\n" + BEFORE
    after = [at("I001", 1, end_line=3), file, at("F821", 8, "Undefined `y`")]
    verdict = check([block, file, NAME], after, NAME, text)

    assert verdict.new == ()
    assert verdict.remaining == (NAME,)


def test_a_moved_line_keeps_its_finding() -> None:
    """A line that is taken to another place takes its finding along."""
    text = "import sys\nimport os\n" + BEFORE.split("\n", 2)[2]
    verdict = check([OS, SYS], [at("F401", 2, "`os` imported"), at("F401", 1, "`sys` imported")], OS, text)

    assert verdict.remaining == (OS,)
    assert verdict.new == ()


def test_what_tools_did_not_see_is_unseen() -> None:
    """A finding that the tools do not report even before the patch cannot be said to be gone."""
    verdict = check([OS], [OS], at("B006", 5), BEFORE)

    assert verdict.unseen
    assert not verdict.is_gone


def test_an_editors_own_words_are_recognised() -> None:
    """A diagnostic of the editor is found among the tool's by rule and place, though its message differs."""
    told = at("F401", 1, "F401: `os` imported but unused", end_line=1)
    verdict = check([OS, SYS], [at("F401", 1, "`sys` imported")], told, BEFORE.removeprefix("import os\n"))

    assert verdict.is_gone and verdict.is_clean


def test_what_a_syntax_error_hid_is_not_new() -> None:
    """A repaired file shows findings that no tool could see before; they are told apart from new ones."""
    broken = at("invalid-syntax", 5, "Expected `:`")
    verdict = check([broken], [OS], broken, BEFORE, BEFORE.replace("f():", "f()"))

    assert verdict.is_gone and verdict.is_clean
    assert verdict.uncovered == (OS,)


def test_a_broken_file_is_never_clean() -> None:
    """A syntax error hides all else: it is new, whatever went with it."""
    broken = at("invalid-syntax", 5, "Expected `:`")
    verdict = check([OS, NAME], [broken], OS, BEFORE.replace("f():", "f()"))

    assert verdict.new == (broken,)


rules = st.builds(at, st.sampled_from(["F401", "E711", "D103"]), st.integers(1, 7), st.sampled_from(["a", "b"]))


@given(st.lists(rules, max_size=8, unique=True), st.integers(0, 6), st.integers(0, 3), st.data())
def test_a_shift_changes_nothing(found: list[Finding], line: int, count: int, data: st.DataObject) -> None:
    """Lines put anywhere between others leave every finding where it was: none gone, none new."""
    lines = [f"line {number}\n" for number in range(1, 8)]
    text = "".join([*lines[:line], *(f"fresh {number}\n" for number in range(count)), *lines[line:]])
    moved = [at(one.rule_id, one.line + (count if one.line > line else 0), one.message) for one in found]
    targets = data.draw(st.lists(st.sampled_from(found), unique=True)) if found else []
    verdict = judge(found, moved, targets, texts_before={"a.py": "".join(lines)}, texts_after={"a.py": text})

    assert verdict.new == ()
    assert set(verdict.remaining) == set(targets)
    assert verdict.unseen == ()


@pytest.mark.parametrize("size", [20_000])
def test_large_files_are_compared(size: int) -> None:
    """A change at both ends of a large file of equal lines is compared."""
    old = "x = 1\n" * size
    text = "y = 1\n" + "x = 1\n" * size + "z = 1\n"
    verdict = check([at("F401", size)], [at("F401", size + 1)], at("F401", size), text, old)

    assert verdict.new == ()
