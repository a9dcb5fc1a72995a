"""Diffs lead from one text to another, and applying them does."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchtrail.contract.errors import InvalidInput, PatchDoesNotApply
from patchtrail.text import apply, diff, split_lines

LINES = [
    "",
    "a",
    "b",
    "    return 1",
    "x\r",
    "é🐛",
    "--- a/f",
    "+++ b/f",
    "@@ -1 +1 @@",
    "\\ No newline",
    "\x0c",
    "a\u2028b",
]
texts = st.builds("\n".join, st.lists(st.sampled_from(LINES), max_size=30))


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, str]:
    """Draw a text and an edit of it, small as saves are, or another text."""
    before = draw(st.lists(st.sampled_from(LINES), max_size=60))
    after = list(before)
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, len(after)))
        after[at : at + draw(st.integers(0, 3))] = draw(st.lists(st.sampled_from(LINES), max_size=3))
    return "\n".join(before), "\n".join(after)


@given(edited() | st.tuples(texts, texts))
@settings(max_examples=600, deadline=None)
def test_applying_a_diff_gives_the_other_text(pair: tuple[str, str]) -> None:
    """`apply(diff(a, b), a) == b`, whatever ends the lines."""
    before, after = pair

    assert apply(diff(before, after, "f"), before) == after


@given(texts)
def test_lines_join_to_the_text(text: str) -> None:
    """Only LF ends a line, and nothing of the text is lost."""
    assert "".join(split_lines(text)) == text
    assert all("\n" not in line[:-1] for line in split_lines(text))


CASES = {
    "change": ("a\nb\nc\n", "a\nB\nc\n"),
    "no newline at the end": ("a\nb", "a\nb\n"),
    "newline taken away": ("a\nb\n", "a\nb"),
    "from nothing": ("", "a\nb\n"),
    "to nothing": ("a\nb\n", ""),
    "CRLF": ("a\r\nb\r\n", "a\r\nB\r\n"),
    "far apart": ("".join(f"{i}\n" for i in range(90)), "".join(f"{i if i % 40 else 'x'}\n" for i in range(90))),
    "moved block": ("".join(f"{i}\n" for i in range(80)), "".join(f"{i}\n" for i in [*range(40, 80), *range(40)])),
}


@pytest.mark.parametrize(("before", "after"), CASES.values(), ids=CASES)
def test_git_applies_our_diffs(before: str, after: str, tmp_path: Path) -> None:
    """Git takes our diffs for its own."""
    (tmp_path / "f").write_bytes(before.encode())
    patch = diff(before, after, "f").encode()
    done = subprocess.run(["git", "apply", "-p1", "-"], cwd=tmp_path, input=patch, capture_output=True)

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "f").read_bytes().decode() == after


def test_equal_texts_have_no_diff() -> None:
    """Nothing changed, nothing to say."""
    assert diff("a\n", "a\n", "f") == ""
    assert apply("", "a\n") == "a\n"


def test_small_saves_give_small_diffs() -> None:
    """One changed line in ten thousand is one hunk of seven lines."""
    before = "".join(f"line {i}\n" for i in range(10_000))
    after = before.replace("line 5000\n", "line five thousand\n")

    assert diff(before, after, "f").count("\n") == 2 + 1 + 8


def test_a_diff_of_other_text_does_not_apply() -> None:
    """The first line that is not as the diff expects is named."""
    with pytest.raises(PatchDoesNotApply) as caught:
        apply(diff("a\nb\nc\n", "a\nB\nc\n", "f"), "a\nx\nc\n")

    assert caught.value.detail == {"line": 2}


@pytest.mark.parametrize(
    "bad",
    [
        "nonsense",
        "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n",
        "--- a/f\n+++ b/f\n-a\n+b\n",
        diff("a", "b", "f") + diff("a", "b", "g"),
    ],
)
def test_what_is_no_diff_is_said(bad: str) -> None:
    """Text that is not a unified diff of one file is refused."""
    with pytest.raises(InvalidInput) as caught:
        apply(bad, "a")

    assert caught.value.code == "bad_diff"


def test_a_hunk_beyond_the_text_is_refused() -> None:
    """A hunk that starts where no line is cannot be applied."""
    with pytest.raises(PatchDoesNotApply):
        apply("--- a/f\n+++ b/f\n@@ -9 +9 @@\n-a\n+b\n", "a\n")
