"""One check, answered: how far it is met, in a sentence, with the events and words that show it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from patchtrail.contract.qa import Dimension, JudgeReason
from patchtrail.qa.judge.moves import Saying
from patchtrail.qa.judge.rubric import CHECKS

__all__ = ["HALF", "MET", "UNMET", "Answer", "dimension_of", "quote_of", "share_met"]

MET, HALF, UNMET = 1.0, 0.5, 0.0
MAX_EVENTS = 20
MAX_QUOTE = 200
DIMENSION_OF = {check.name: check.dimension for check in CHECKS}


@dataclass(frozen=True)
class Answer:
    """`met` is 1, ½ or 0; `quotes` stand verbatim in the events of `seqs`."""

    check: str
    met: float
    text: str
    seqs: tuple[int, ...] = ()
    quotes: tuple[str, ...] = ()

    def reason(self) -> JudgeReason:
        """Return it as it is published."""
        return JudgeReason(
            dimension=dimension_of(self),
            check=self.check,
            is_met=self.met == MET,
            is_met_in_part=self.met == HALF,
            text=self.text,
            event_seqs=sorted(set(self.seqs))[:MAX_EVENTS],
            quotes=list(self.quotes),
        )


def dimension_of(answer: Answer) -> Dimension:
    """Return the dimension that an answer's check belongs to."""
    return DIMENSION_OF[answer.check]


def share_met(share: float) -> float:
    """Return how far a check is met that wants something of each: all, at least half, or fewer."""
    if share >= 1:
        return MET
    return HALF if share >= 0.5 else UNMET


def quote_of(sayings: Iterable[Saying]) -> tuple[str, ...]:
    """Return the first words of what was said, as they stand in the event."""
    heard = [saying.text.strip().partition("\n")[0][:MAX_QUOTE].strip() for saying in sayings]
    return tuple(text for text, saying in zip(heard, sayings, strict=False) if text and text in saying.raw)[:2]
