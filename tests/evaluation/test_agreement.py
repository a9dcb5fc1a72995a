"""Figures of agreement: published and hand-computed cases, another implementation, and laws."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from patchtrail.evaluation.agreement import Cells, counted, kappa, quadratic_kappa, raw_agreement, within_one
from patchtrail.evaluation.bootstrap import Sampled, bootstrap_interval
from patchtrail.evaluation.corrected_rate import corrected_rate
from patchtrail.evaluation.krippendorff import Metric, alpha
from patchtrail.evaluation.weighted import Share

CASES = json.loads(Path(__file__).with_name("agreement_cases.json").read_text())
METRICS: tuple[Metric, ...] = ("nominal", "ordinal", "interval")
PAIRS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=60)
UNITS = st.lists(st.lists(st.none() | st.integers(0, 5), min_size=1, max_size=4), min_size=2, max_size=30)
KAPPAS = pytest.mark.parametrize("figure", [kappa, quadratic_kappa])


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("case", CASES["alpha"], ids=lambda case: case["source"])
def test_alpha_is_the_published_one(case: dict, metric: Metric) -> None:
    """Krippendorff's own examples come out as he prints them."""
    assert alpha(zip(*case["raters"], strict=True), metric) == pytest.approx(case[metric], abs=5e-4)


@pytest.mark.parametrize(("name", "figure"), [("kappa", kappa), ("quadratic_kappa", quadratic_kappa)])
def test_kappa_is_as_computed_by_hand(name: str, figure: Callable[[Cells], float | None]) -> None:
    """Small tables give what the formula gives on paper."""
    for case in CASES[name]:
        assert figure({(one, other): n for one, other, n in case["cells"]}) == pytest.approx(case["kappa"], abs=5e-5)


@given(PAIRS)
def test_kappa_is_what_another_implementation_says(pairs: list[tuple[int, int]]) -> None:
    """Wherever scikit-learn's kappas are defined, ours are the same."""
    first, second = zip(*pairs, strict=True)
    ours = kappa(counted(pairs)), quadratic_kappa(counted(pairs))

    if len(set(first) | set(second)) == 1:
        assert ours == (None, None)
        return
    assert ours[0] == pytest.approx(cohen_kappa_score(first, second))
    assert ours[1] == pytest.approx(cohen_kappa_score(first, second, weights="quadratic", labels=range(6)))


@KAPPAS
@given(pairs=PAIRS)
def test_kappa_knows_no_first_rater(figure: Callable[[Cells], float | None], pairs: list[tuple[int, int]]) -> None:
    """Exchanging the raters, or shuffling the items, changes nothing; the figure stays within its bounds."""
    found = figure(counted(pairs))
    exchanged = figure(counted([(other, one) for one, other in reversed(pairs)]))

    assert (found is None) == (exchanged is None)
    if found is not None:
        assert found == pytest.approx(exchanged)
        assert -1 - 1e-9 <= found <= 1 + 1e-9


@given(st.lists(st.integers(0, 5), min_size=2).filter(lambda said: len(set(said)) > 1))
def test_perfect_agreement_is_one(said: list[int]) -> None:
    """Who always agrees, on more than one answer, has 1 by every figure."""
    cells = counted((one, one) for one in said)

    assert (raw_agreement(cells), within_one(cells)) == (1, 1)
    assert kappa(cells) == pytest.approx(1)
    assert quadratic_kappa(cells) == pytest.approx(1)
    assert [alpha([(one, one) for one in said], metric) for metric in METRICS] == pytest.approx([1, 1, 1])


@pytest.mark.parametrize("metric", METRICS)
@given(units=UNITS, draw=st.randoms(use_true_random=False))
def test_alpha_knows_no_order(metric: Metric, units: list[list[int | None]], draw: random.Random) -> None:
    """Items and raters in another order, and items that one rater alone saw, change nothing; it is at most 1."""
    found = alpha(units, metric)
    shuffled = [draw.sample(unit, len(unit)) for unit in draw.sample(units, len(units))]
    again = alpha([*shuffled, [3, None], [None]], metric)

    assert (found is None) == (again is None)
    if found is not None:
        assert found == pytest.approx(again)
        assert found <= 1 + 1e-9


def test_the_bootstrap_holds_the_truth() -> None:
    """The same seed gives the same interval, it lies around the figure, and more items make it narrower."""
    few = [Sampled([(1, 1)] * 40 + [(0, 0)] * 40 + [(1, 0)] * 10 + [(0, 1)] * 10, 1.0)]
    many = [Sampled([*few[0].pairs] * 16, 1.0)]
    narrow, wide = bootstrap_interval(many, kappa, seed=1), bootstrap_interval(few, kappa, seed=1)

    assert narrow and wide
    assert bootstrap_interval(few, kappa, seed=1) == wide
    assert wide[0] < narrow[0] < 0.6 < narrow[1] < wide[1]
    assert (wide[1] - wide[0]) / (narrow[1] - narrow[0]) == pytest.approx(4, rel=0.25)
    assert bootstrap_interval([], kappa) is None


def test_the_corrected_rate_undoes_the_judge() -> None:
    """A judge that finds 90 % of the good and 80 % of the bad, and calls 60 % good, saw four good ones in seven."""
    found = corrected_rate(Share(0.6, 1000), Share(0.9, 100), Share(0.8, 100))

    assert found and found.rate == pytest.approx(4 / 7)
    assert found.low < 0.5 < 4 / 7 < 0.65 < found.high


def test_a_judge_without_errors_is_not_corrected() -> None:
    """With error rates known to be none, Agresti and Coull's interval of the plain share is left."""
    found = corrected_rate(Share(0.6, 100), Share(1, 1e12), Share(1, 1e12))

    assert found and (found.rate, found.low, found.high) == pytest.approx((0.6, 0.5019, 0.6907), abs=5e-5)


def test_a_judge_without_skill_has_no_corrected_rate() -> None:
    """Who calls good and bad alike good says nothing of the rate."""
    assert corrected_rate(Share(0.9, 100), Share(0.9, 100), Share(0.1, 100)) is None
    assert corrected_rate(Share(0.9, 100), Share(0.9, 100), Share(0.0, 0)) is None


@settings(max_examples=10)
@given(st.sampled_from([0.5, 0.7, 0.9]), st.integers(0, 1000))
def test_the_interval_of_the_corrected_rate_covers_the_truth(truth: float, seed: int) -> None:
    """Of 200 samples with 60 good and 60 bad labels, at least 90 % of the intervals hold the true rate."""
    draw = random.Random(seed)
    tpr, tnr = 0.9, 0.8

    def sample(share: float, of: int) -> Share:
        return Share(sum(draw.random() < share for _ in range(of)) / of, of)

    found = [
        corrected_rate(sample(truth * tpr + (1 - truth) * (1 - tnr), 400), sample(tpr, 60), sample(tnr, 60))
        for _ in range(200)
    ]

    assert sum(one is not None and one.low <= truth <= one.high for one in found) >= 180
