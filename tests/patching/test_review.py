"""A patch as review comments: each suggestion, applied as a review would, gives the patched lines."""

from __future__ import annotations

import re

import pytest

from patchtrail.patching import FilePatch, Finding, Patch
from patchtrail.patching.review import ReviewComment, review_of

BEFORE = "".join(f"line {number}\n" for number in range(1, 31))


def applied(text: str, comment: ReviewComment) -> str:
    """Replace the commented lines by the suggestion, as GitHub does on a click."""
    body = re.search(r"(`{3,})suggestion\n(.*?)\1$", comment["body"], re.DOTALL)
    assert body
    lines = text.split("\n")
    start = comment.get("start_line", comment["line"])
    lines[start - 1 : comment["line"]] = body[2].removesuffix("\n").split("\n") if body[2] else []
    return "\n".join(lines)


@pytest.mark.parametrize(
    "after",
    [
        BEFORE.replace("line 7\n", "seven\n"),
        BEFORE.replace("line 7\nline 8\n", "seven\n"),
        BEFORE.replace("line 7\n", ""),
        BEFORE.replace("line 7\n", "line 7\nand a half\n"),
        "first\n" + BEFORE,
        BEFORE + "last\n",
        BEFORE.replace("line 3\n", "three\n").replace("line 25\n", "```\ncode\n```\n"),
    ],
    ids=["replaced", "joined", "removed", "inserted", "at the top", "at the end", "two places and a fence"],
)
def test_suggestions_make_the_patch(after: str) -> None:
    """Applied from the bottom up, the suggestions of a review lead from the old text to the new one."""
    review = review_of(Patch((FilePatch("a.py", BEFORE, after),), ()), (), (), note="")
    text = BEFORE
    for comment in sorted(review["comments"], key=lambda one: -one["line"]):
        text = applied(text, comment)

    assert text == after


def test_what_has_no_patch_gets_a_comment() -> None:
    """A finding without a patch is told at its line, and the review's body counts both."""
    fixed, left = Finding("ruff", "F401", "unused", "a.py", 7), Finding("mypy", "arg-type", "wrong", "b.py", 3)
    patch = Patch((FilePatch("a.py", BEFORE, BEFORE.replace("line 7\n", "seven\n")),), ())
    review = review_of(patch, [fixed], [left], note="No model.")

    assert review["body"] == "1 of 2 findings in the changed lines have a patch. No model."
    assert [(one["path"], one["line"]) for one in review["comments"]] == [("a.py", 7), ("b.py", 3)]
    assert "ruff F401: unused" in review["comments"][0]["body"]
    assert review["comments"][1]["body"] == "mypy arg-type: wrong"
