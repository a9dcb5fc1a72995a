"""A patch as comments of a code review, in the body of GitHub's "create a review for a pull request".

https://docs.github.com/rest/pulls/reviews: a comment on lines of the new side, with a suggestion that one click
applies. A change that is no replacement of whole old lines stands as a diff instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypedDict

from unidiff.patch import Hunk, PatchSet

from patchtrail.patching.finding import Finding
from patchtrail.patching.patch import Patch

__all__ = ["Review", "ReviewComment", "review_of"]


class ReviewComment(TypedDict, total=False):
    """One comment; `start_line` only where it is about several lines."""

    path: str
    side: str
    line: int
    start_line: int
    start_side: str
    body: str


class Review(TypedDict):
    """The body of the request."""

    event: str
    body: str
    comments: list[ReviewComment]


def review_of(patch: Patch | None, fixed: Sequence[Finding], unfixed: Sequence[Finding], *, note: str) -> Review:
    """Return a review: a suggestion for each hunk, and a line for each finding without a patch."""
    comments = [] if patch is None else list(_suggestions(patch, fixed))
    for one in unfixed:
        body = f"{one.tool} {one.rule_id}: {one.message}"
        comments.append(ReviewComment(path=one.file_path, side="RIGHT", line=max(one.line, 1), body=body))
    counted = f"{len(fixed)} of {len(fixed) + len(unfixed)} findings in the changed lines have a patch. {note}"
    return Review(event="COMMENT", body=counted.strip(), comments=comments)


def _suggestions(patch: Patch, fixed: Sequence[Finding]) -> Iterator[ReviewComment]:
    for file in PatchSet.from_string(patch.diff_unified):
        for hunk in file:
            yield from _suggestion(file.path, hunk, fixed)


def _suggestion(path: str, hunk: Hunk, fixed: Sequence[Finding]) -> Iterator[ReviewComment]:
    """Yield one comment for each run of changed lines; a pure insertion replaces a neighbour by itself and more."""
    lines = list(hunk)
    at = 0
    while at < len(lines):
        if lines[at].is_context:
            at += 1
            continue
        end = at
        while end < len(lines) and not lines[end].is_context:
            end += 1
        run = [one for one in lines[at:end] if one.line_type in "+-"]
        old = [one for one in run if one.is_removed]
        new = [one.value for one in run if one.is_added]
        if not old and at > 0:
            old, new = [lines[at - 1]], [lines[at - 1].value, *new]
        if not old and end < len(lines):
            old, new = [lines[end]], [*new, lines[end].value]
        numbers = [one.source_line_no for one in old if one.source_line_no is not None]
        if numbers:
            yield _comment(path, numbers, "".join(new), fixed)
        at = end


def _comment(path: str, numbers: Sequence[int], new: str, fixed: Sequence[Finding]) -> ReviewComment:
    near = [one for one in fixed if one.file_path == path and numbers[0] - 3 <= one.line <= numbers[-1] + 3]
    why = "\n".join(f"{one.tool} {one.rule_id}: {one.message}" for one in near)
    fence = "```"
    while fence in new:
        fence += "`"
    ended = new if new.endswith("\n") or not new else f"{new}\n"
    comment = ReviewComment(
        path=path, side="RIGHT", line=numbers[-1], body=f"{why}\n{fence}suggestion\n{ended}{fence}".strip()
    )
    if numbers[0] != numbers[-1]:
        comment["start_line"] = numbers[0]
        comment["start_side"] = "RIGHT"
    return comment
