"""Whether a judge may be believed: its agreement with people, measured and held to a gate, with every reason.

A judge that says good always agrees with people on nine of ten items where nine of ten are good. So agreement alone
opens nothing: the lower bound, kappa, and both error rates have to.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean
from typing import Generic, TypeVar

from patchtrail.contract.errors import InvalidInput
from patchtrail.evaluation.agreement import counted, kappa, quadratic_kappa
from patchtrail.evaluation.bootstrap import Sampled, bootstrap_interval
from patchtrail.evaluation.corrected_rate import CorrectedRate, corrected_rate
from patchtrail.evaluation.krippendorff import alpha
from patchtrail.evaluation.label_file import LabelledItem
from patchtrail.evaluation.strata import Stratum, agreement, in_strata
from patchtrail.evaluation.weighted import Share

__all__ = ["LABELS", "RAW_LOWER", "Alignment", "DimensionFigures", "Figures", "People", "Told", "align"]

Of = TypeVar("Of")

LABELS = 200
RAW, RAW_LOWER, KAPPA, RATE = 0.90, 0.85, 0.70, 0.80
QUADRATIC_KAPPA, WITHIN_ONE = 0.70, 0.95
UNSEEN = 0.05
"""More than this share of the judged items in strata without a label, and the labels do not speak for them."""
ROUNDING = 1e-9


@dataclass(frozen=True)
class Figures:
    """How a judge and people agree on good and bad; shares are re-weighted to all judged items."""

    judged: int
    labelled: int
    unseen: float
    raw: Share
    kappa: float | None
    kappa_interval: tuple[float, float] | None
    tpr: Share
    tnr: Share
    called_good: Share
    corrected: CorrectedRate | None


@dataclass(frozen=True)
class DimensionFigures:
    """How a judge's points and the middle of people's agree; alpha counts the judge as one more rater."""

    labelled: int
    quadratic_kappa: float | None
    within_one: Share
    alpha: float | None


@dataclass(frozen=True)
class People:
    """How people agree among themselves, and the judge with single ones; of pairs of answers, each item counting once.

    `ceiling` is what a judge that never errs would reach, were people's errors independent and alike both ways.
    """

    alpha: float | None
    alpha_with_judge: float | None
    pairs: Share
    judge_pairs: Share
    ceiling: float | None

    @property
    def is_suspicious(self) -> bool:
        """Whether the judge agrees with single people more than knowing the truth could make it."""
        return self.ceiling is not None and self.judge_pairs.interval[0] > self.ceiling


@dataclass(frozen=True)
class Told(Generic[Of]):
    """Figures, and every reason for which they do not pass the gate."""

    figures: Of
    reasons: tuple[str, ...]

    @property
    def is_aligned(self) -> bool:
        """Whether there is none."""
        return not self.reasons


@dataclass(frozen=True)
class Alignment:
    """What is known of one judge; a subgroup and a dimension pass the gate or fail it by themselves."""

    overall: Told[Figures]
    groups: dict[str, Told[Figures]]
    dimensions: dict[str, Told[DimensionFigures]]
    people: People
    abstained: int
    judged_by: str | None

    @property
    def is_aligned(self) -> bool:
        """Whether the judge's verdicts may be shown as they are."""
        return self.overall.is_aligned

    @property
    def badge(self) -> str:
        """Return what has to stand wherever the judge's score does."""
        raw = self.overall.figures.raw
        if self.is_aligned:
            return f"aligned with people: agreement {raw}, {self.overall.figures.labelled} labels"
        return f"not aligned with people: {'; '.join(self.overall.reasons)}"


def align(items: Sequence[LabelledItem], *, seed: int = 0) -> Alignment:
    """Measure a judge against people; the seed is that of the bootstrap. Ties of people count as no label.

    Raises `InvalidInput` where the items tell of more than one judge.
    """
    judged_by = _judge_of(items)
    names = sorted({pair for item in items for pair in item.groups.items()})
    groups = {}
    for name, value in names:
        figures = _figures([item for item in items if item.groups.get(name) == value], seed)
        groups[f"{name} {value}"] = Told(figures, tuple(_reasons(figures)))
    overall = _figures(items, seed)
    reasons = [*_reasons(overall), *_failing(groups)]
    dimensions = {}
    for dimension in sorted({name for item in items for name in item.judge_points}):
        points = _dimension(items, dimension)
        dimensions[dimension] = Told(points, tuple(_dimension_reasons(points)))
    abstained = sum(item.judge is None for item in items)
    return Alignment(Told(overall, tuple(reasons)), groups, dimensions, _people(items), abstained, judged_by)


def _judge_of(items: Iterable[LabelledItem]) -> str | None:
    names = {item.judged_by for item in items if item.judge is not None}
    if len(names) > 1:
        told = " and of ".join(sorted(map(str, names)))
        raise InvalidInput(f"The labels are of {told}: one report is about one judge.", code="two_judges")
    return next(iter(names), None)


def _figures(items: Sequence[LabelledItem], seed: int) -> Figures:
    strata = in_strata(items)
    judged = sum(len(one.judged) for one in strata)
    labelled = [(one.weight, item) for one in strata for item in one.labelled]
    called = Share.weighed((bool(item.judge), 1.0) for one in strata for item in one.judged)
    tpr = Share.weighed((bool(item.judge), weight) for weight, item in labelled if item.human)
    tnr = Share.weighed((not item.judge, weight) for weight, item in labelled if not item.human)
    sampled = [_sampled(one) for one in strata]
    cells = dict[tuple[float, float], float]()
    for one in sampled:
        for pair in one.pairs:
            cells[pair] = cells.get(pair, 0.0) + one.weight
    return Figures(
        judged=judged,
        labelled=len(labelled),
        unseen=sum(len(one.judged) for one in strata if not one.labelled) / judged if judged else 0.0,
        raw=agreement(strata),
        kappa=kappa(cells),
        kappa_interval=bootstrap_interval(sampled, kappa, seed=seed),
        tpr=tpr,
        tnr=tnr,
        called_good=called,
        corrected=corrected_rate(called, tpr, tnr),
    )


def _sampled(stratum: Stratum) -> Sampled:
    return Sampled([(float(bool(item.human)), float(bool(item.judge))) for item in stratum.labelled], stratum.weight)


def _reasons(told: Figures) -> Iterator[str]:
    if told.labelled < LABELS:
        yield f"{told.labelled} labels are fewer than {LABELS}"
    if told.unseen > UNSEEN:
        yield f"{told.unseen:.0%} of the judged items are of kinds that nobody labelled"
    if not told.labelled:
        return
    if _below(told.raw.share, RAW):
        yield f"agreement {told.raw.share:.1%} is below {RAW:.0%}"
    if _below(told.raw.interval[0], RAW_LOWER):
        yield f"agreement's lower bound {told.raw.interval[0]:.1%} is below {RAW_LOWER:.0%}"
    if told.kappa is None:
        yield "kappa is unknown: judge and people said the same of everything"
    elif _below(told.kappa, KAPPA):
        yield f"kappa {told.kappa:.2f} is below {KAPPA:.2f}"
    for name, what, rate in (("TPR", "good", told.tpr), ("TNR", "bad", told.tnr)):
        if not rate.of:
            yield f"{name} is unknown: people called nothing {what}"
        elif _below(rate.share, RATE):
            yield f"{name} {rate.share:.2f} is below {RATE:.2f}: of what people call {what} it calls too little so"


def _failing(groups: dict[str, Told[Figures]]) -> Iterator[str]:
    """Yield the subgroups that are known to fail; one with few labels is shown as not aligned itself, no more."""
    for name, told in groups.items():
        is_known = told.figures.labelled >= LABELS or _below(told.figures.raw.interval[1], RAW)
        if told.reasons and is_known and told.figures.labelled:
            yield f"it fails on {name}: {told.reasons[-1]}"


def _dimension(items: Sequence[LabelledItem], dimension: str) -> DimensionFigures:
    given = [(item.points_of_people(dimension), item.judge_points.get(dimension)) for item in items]
    pairs = [(people, judge) for people, judge in given if people is not None and judge is not None]
    units = [
        [*(points.get(dimension) for points in item.human_points.values()), item.judge_points.get(dimension)]
        for item in items
    ]
    return DimensionFigures(
        labelled=len(pairs),
        quadratic_kappa=quadratic_kappa(counted(pairs)),
        within_one=Share.weighed((abs(people - judge) <= 1, 1.0) for people, judge in pairs),
        alpha=alpha(units, "interval"),
    )


def _dimension_reasons(told: DimensionFigures) -> Iterator[str]:
    if told.labelled < LABELS:
        yield f"{told.labelled} labels are fewer than {LABELS}"
    if told.quadratic_kappa is None:
        yield "quadratic kappa is unknown: nothing varies"
    elif _below(told.quadratic_kappa, QUADRATIC_KAPPA):
        yield f"quadratic kappa {told.quadratic_kappa:.2f} is below {QUADRATIC_KAPPA:.2f}"
    if told.labelled and _below(told.within_one.share, WITHIN_ONE):
        yield f"{told.within_one.share:.1%} within one point is below {WITHIN_ONE:.0%}"


def _people(items: Sequence[LabelledItem]) -> People:
    votes = [[float(vote) for vote in item.votes] for item in items]
    judged = [(float(item.judge), [float(vote) for vote in item.votes]) for item in items if item.judge is not None]
    pairs = _mean_share([[one == other for one, other in combinations(said, 2)] for said in votes])
    return People(
        alpha=alpha(votes, "nominal"),
        alpha_with_judge=alpha([[judge, *said] for judge, said in judged], "nominal"),
        pairs=pairs,
        judge_pairs=_mean_share([[judge == vote for vote in said] for judge, said in judged]),
        ceiling=_ceiling(pairs),
    )


def _mean_share(by_item: Iterable[Sequence[bool]]) -> Share:
    """Return the mean over items, each of which counts once: answers about one item are not independent."""
    shares = [sum(hits) / len(hits) for hits in by_item if hits]
    return Share(fmean(shares), len(shares)) if shares else Share(0.0, 0.0)


def _ceiling(pairs: Share) -> float | None:
    """Return 1 - e, where two people who err with e agree with (1 - e)² + e², at the upper bound of that.

    Those who agree less often than by chance say nothing of it.
    """
    high = pairs.interval[1]
    return (1 + math.sqrt(2 * high - 1)) / 2 if pairs.of and high >= 0.5 else None


def _below(figure: float, floor: float) -> bool:
    return figure < floor - ROUNDING
