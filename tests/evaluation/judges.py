"""Judges of known kinds over items of known truth, as label files would hold them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from patchtrail.evaluation.label_file import LabelledItem

__all__ = ["always", "erring", "items_of", "shuffled", "truths_of"]

Judge = Callable[[Sequence[bool], random.Random], list[bool]]


def truths_of(count: int, prevalence: float, draw: random.Random) -> list[bool]:
    """Return exactly so many good ones, in an order that is drawn."""
    good = round(count * prevalence)
    return draw.sample([True] * good + [False] * (count - good), count)


def always(verdict: bool) -> Judge:
    """Return the judge that says one thing."""
    return lambda truths, _: [verdict] * len(truths)


def shuffled(truths: Sequence[bool], draw: random.Random) -> list[bool]:
    """Judge with the right shares, of the wrong items."""
    return draw.sample(list(truths), len(truths))


def erring(share: float) -> Judge:
    """Return the judge that errs on exactly that share of the good and of the bad; people are such judges, too."""

    def judge(truths: Sequence[bool], draw: random.Random) -> list[bool]:
        wrong = set[int]()
        for kind in (True, False):
            places = [at for at, truth in enumerate(truths) if truth is kind]
            wrong |= set(draw.sample(places, round(share * len(places))))
        return [truth != (at in wrong) for at, truth in enumerate(truths)]

    return judge


def items_of(verdicts: Sequence[bool], *people: Sequence[bool]) -> list[LabelledItem]:
    """Return the items as people and the judge labelled them."""
    return [
        LabelledItem(item_id=f"i{at}", judge=verdict, humans={f"p{n}": said[at] for n, said in enumerate(people)})
        for at, verdict in enumerate(verdicts)
    ]
