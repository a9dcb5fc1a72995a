"""A model that is always wrong about some kinds of changes, until an example in its prompt shows such a change.

It knows the right change, and tells by what the change does whether it could make it. It reads no rule, no name, no id
and no description of a lesson: an example counts by what it turns into what.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tests.model.reply import Asked
from tests.model.shown_edits import BLANK, END, Edit, edits_between, examples_in, places_of_change
from tests.model.truths import Truth

__all__ = ["BLIND_SPOTS", "believed"]

BLIND_SPOTS = frozenset({
    ((), ("text", END)),  # a docstring that is missing
    ((), (":",)),  # a colon behind a header
    ((), (")",)),  # a bracket that closes a call
    ((), (END,)),  # a line of words that is too long
    ((), (BLANK,)),  # a line that parts a summary from what follows
})  # fmt: skip
"""What it gets wrong by itself, as tokens that go and tokens that come."""
REMARK = "  # looked at"


def believed(ask: Asked, truth: Truth) -> Truth:
    """Return the change that the model takes for right, after all that its prompt shows."""
    if truth.before is None or _is_done(ask.prompt, truth.before, truth.after):
        return replace(truth, after=truth.before or truth.after)
    wanted = edits_between(truth.before, truth.after)
    shown = [edits_between(bad, good) for bad, good in examples_in(ask.prompt)]
    if any(_shapes(one) == _shapes(wanted) for one in shown):
        return truth
    for one in (edit for example in shown for edit in example):
        for own in wanted:
            if one.start == own.start and one.added != own.added:
                return replace(truth, after=_followed(truth.before, own, one))
    if any(one.shape in BLIND_SPOTS for one in wanted):
        return replace(truth, after=_remarked(truth.before, wanted[0].at))
    return truth


def _is_done(prompt: str, before: str, after: str) -> bool:
    """Return whether a prompt shows the place as it should be, and not as it was."""
    was, now = places_of_change(before, after)
    return now in prompt and was not in prompt


def _shapes(edits: Sequence[Edit]) -> list[object]:
    return sorted(one.shape for one in edits)


def _followed(before: str, own: Edit, shown: Edit) -> str:
    """Return the text with what the example adds in the place of what would be right."""
    return before[: own.at] + shown.added_text + before[own.end :]


def _remarked(before: str, at: int) -> str:
    """Return the text with a remark where something should change: nothing is mended."""
    line_end = before.find("\n", max(0, at - 1))
    line_end = len(before) if line_end < 0 else line_end
    return before[:line_end] + REMARK + before[line_end:]
