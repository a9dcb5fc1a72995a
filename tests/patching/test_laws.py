"""What holds of every patch."""

from __future__ import annotations

import difflib

from hypothesis import given, settings
from hypothesis import strategies as st

from patchtrail.patching import Patch, Refusal, patch_from_answer
from patchtrail.text import diff

ODD = ["", "a", "b", "c = 1", "  a", "\ta", "- x", "+ y", "-- q", "++ r", "--- a/x", "+++ b/x", "@@ -1 +1 @@", "...",
       "# ... existing code ...", "\\ No newline", "a\r", "“b”", "\x0c", "```", "</patch>", "<<<<<<< SEARCH", "=======",
       ">>>>>>> REPLACE", "}", "*** End Patch", "\ufeff", "\u2028"]  # fmt: skip
texts = st.builds(
    lambda lines, end: "\n".join(lines) + end, st.lists(st.sampled_from(ODD), max_size=14), st.sampled_from(["", "\n"])
)
bodies = st.lists(st.tuples(st.sampled_from(" +-"), st.sampled_from(ODD)), max_size=10)


def patch_of(answer: str, before: str) -> Patch | Refusal:
    """Ask for a patch of the one file `x.txt`."""
    return patch_from_answer(answer, {"x.txt": before}.get, known_paths=["x.txt"])


@settings(max_examples=250, deadline=None)
@given(texts, texts.filter(lambda text: "existing code" not in text))
def test_an_exact_diff_always_applies(before: str, after: str) -> None:
    """A canonical diff gives exactly the text that it was made for, whatever its lines look like."""
    if before == after or not before:
        return
    found = patch_of(diff(before, after, "x.txt"), before)

    assert isinstance(found, Patch), found
    assert [(one.file_path, one.before, one.after) for one in found.files] == [("x.txt", before, after)]


@settings(max_examples=250, deadline=None)
@given(texts, bodies)
def test_nothing_is_deleted_that_no_line_names(before: str, body: list[tuple[str, str]]) -> None:
    """A line that goes away equals a removed line of the answer, but for blanks and typography."""
    answer = (
        "```diff\n--- a/x.txt\n+++ b/x.txt\n@@ ... @@\n" + "".join(f"{sign}{text}\n" for sign, text in body) + "```\n"
    )
    found = patch_of(answer, before)
    if isinstance(found, Refusal):
        return
    named = {_plain(text) for sign, text in body if sign == "-"}
    gone = [line[2:] for line in difflib.ndiff(_lines(before), _lines(found.files[0].after)) if line.startswith("- ")]

    assert [line for line in gone if _plain(line) not in named] == []


@settings(max_examples=250, deadline=None)
@given(
    st.text(max_size=300)
    | st.lists(st.sampled_from([*ODD, "--- a/x.txt", "+++ b/x.txt", "-a", "+b", " a"])).map("\n".join),
    texts,
)
def test_any_answer_has_an_outcome(answer: str, before: str) -> None:
    """Whatever the answer is, a patch that changes something or a refusal comes back, and no exception."""
    found = patch_of(answer, before)

    if isinstance(found, Patch):
        assert found.files
        assert all(one.before != one.after for one in found.files)
    else:
        assert found.message


def _lines(text: str) -> list[str]:
    return [line.removesuffix("\r") for line in text.split("\n")]


def _plain(line: str) -> str:
    return line.replace("“", '"').replace("”", '"').strip()
