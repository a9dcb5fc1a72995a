"""The gate of a judge: what opens it, what does not, and what has to be labelled."""

from __future__ import annotations

import random

import pytest

from patchtrail.evaluation.alignment import align
from patchtrail.evaluation.label_file import LabelledItem
from patchtrail.evaluation.proposal import propose
from tests.evaluation.judges import always, erring, items_of, shuffled, truths_of

PREVALENCES = pytest.mark.parametrize("prevalence", [0.5, 0.75, 0.9])
SEEDS = pytest.mark.parametrize("seed", range(2))
COUNT = 1_000


@PREVALENCES
@SEEDS
@pytest.mark.parametrize(
    ("judge", "kinds"),
    [(always(True), {"kappa", "TNR"}), (always(False), {"kappa", "TPR"}), (shuffled, {"kappa", "agreement"})],
    ids=["always good", "always bad", "shuffled"],
)
def test_a_judge_that_does_not_look_is_not_aligned(judge, kinds, prevalence: float, seed: int) -> None:
    """However many items are good, who says one thing always or guesses fails, and the reason is named."""
    draw = random.Random(seed)
    truths = truths_of(COUNT, prevalence, draw)
    told = align(items_of(judge(truths, draw), truths)).overall

    assert not told.is_aligned
    assert kinds <= {reason.split()[0] for reason in told.reasons}
    assert told.figures.kappa == pytest.approx(0, abs=0.1)


def test_nine_of_ten_right_is_no_reason_to_believe() -> None:
    """At 90 % good the judge that always says good reaches 90 % agreement, and only kappa and TNR see through it."""
    truths = truths_of(COUNT, 0.9, random.Random(0))
    told = align(items_of([True] * COUNT, truths)).overall

    assert told.figures.raw.share == pytest.approx(0.9)
    assert told.figures.raw.interval[0] > 0.85
    assert [reason.split()[0] for reason in told.reasons] == ["kappa", "TNR"]


@PREVALENCES
@SEEDS
@pytest.mark.parametrize("errors", [0.02, 0.04, 0.06, 0.08, 0.12, 0.25])
def test_a_judge_with_noise_gets_the_verdict_of_the_arithmetic(errors: float, prevalence: float, seed: int) -> None:
    """A judge that errs evenly passes where the formulas say so: at 90 % good eight of 100 are too many."""
    draw = random.Random(seed)
    truths = truths_of(COUNT, prevalence, draw)
    called = prevalence * (1 - errors) + (1 - prevalence) * errors
    chance = prevalence * called + (1 - prevalence) * (1 - called)
    is_demanded = errors <= 0.1 and (1 - errors - chance) / (1 - chance) >= 0.7

    told = align(items_of(erring(errors)(truths, draw), truths)).overall

    assert told.is_aligned is is_demanded
    assert told.figures.raw.share == pytest.approx(1 - errors)


@PREVALENCES
@SEEDS
def test_a_judge_as_good_as_people_is_aligned(prevalence: float, seed: int) -> None:
    """Three people and a judge who err on four of a hundred: aligned, and nothing about it is suspicious."""
    draw = random.Random(seed)
    truths = truths_of(COUNT, prevalence, draw)
    verdicts, *people = [erring(0.04)(truths, draw) for _ in range(4)]
    alignment = align(items_of(verdicts, *people))

    assert alignment.is_aligned
    assert alignment.badge.startswith("aligned with people")
    assert not alignment.people.is_suspicious
    assert alignment.people.alpha == pytest.approx(alignment.people.alpha_with_judge, abs=0.03)


def test_a_judge_that_copies_a_person_is_suspicious() -> None:
    """Who repeats one of two people who often err agrees with them more than the truth itself does."""
    draw = random.Random(0)
    truths = truths_of(COUNT, 0.6, draw)
    one, other = erring(0.3)(truths, draw), erring(0.3)(truths, draw)

    assert align(items_of(one, one, other)).people.is_suspicious
    assert not align(items_of(truths, one, other)).people.is_suspicious
    assert align(items_of(one, one)).people.ceiling is None


@pytest.mark.parametrize(("agreements", "is_enough"), [(180, True), (179, False)])
def test_two_hundred_labels_need_180_agreements(agreements: int, is_enough: bool) -> None:
    """At the smallest sample the lower bound passes at exactly nine in ten."""
    truths = [at % 2 == 0 for at in range(200)]
    verdicts = [truth == (at < agreements) for at, truth in enumerate(truths)]
    alignment = align(items_of(verdicts, truths))

    assert alignment.is_aligned is is_enough
    assert any("lower bound" in reason for reason in alignment.overall.reasons) is not is_enough


def test_few_labels_and_ties_open_nothing() -> None:
    """199 perfect labels are too few; an item of which people say both things is no label."""
    truths = [at % 2 == 0 for at in range(200)]
    tie = [not truths[0], *truths[1:]]

    assert align(items_of(truths, truths)).is_aligned
    assert align(items_of(truths, truths, tie)).overall.reasons == ("199 labels are fewer than 200",)
    assert align([]).overall.reasons == ("0 labels are fewer than 200",)


def test_a_subgroup_that_fails_is_named() -> None:
    """A judge that is right on Python and guesses on Go is aligned on the first alone, and not on the whole."""
    draw = random.Random(3)
    truths = truths_of(COUNT, 0.5, draw)
    right = [item.model_copy(update={"groups": {"language": "python"}}) for item in items_of(truths, truths)]
    guessed = [
        item.model_copy(update={"item_id": f"go{item.item_id}", "groups": {"language": "go"}})
        for item in items_of(shuffled(truths, draw), truths)[:60]
    ]
    alignment = align([*right, *guessed])

    assert alignment.groups["language python"].is_aligned
    assert not alignment.groups["language go"].is_aligned
    assert [reason for reason in alignment.overall.reasons if reason.startswith("it fails on language go")]
    assert alignment.overall.figures.raw.interval[0] > 0.9


def test_points_have_a_gate_of_their_own() -> None:
    """Points within one of people's pass; points that do not follow them fail on both figures."""
    draw = random.Random(5)
    given = [draw.randint(0, 5) for _ in range(300)]
    near = [min(5, max(0, points + draw.choice([-1, 0, 0, 0, 1]))) for points in given]
    items = [
        LabelledItem(
            item_id=str(at),
            judge_points={"near": near[at], "guessed": given[at - 1]},
            human_points={"a": {"near": points, "guessed": points}},
        )
        for at, points in enumerate(given)
    ]
    found = align(items).dimensions

    assert found["near"].is_aligned
    assert found["near"].figures.within_one.share == 1
    assert [reason.split()[0] for reason in found["guessed"].reasons] == [
        "quadratic",
        f"{found['guessed'].figures.within_one.share:.1%}",
    ]


def test_labels_of_some_kinds_stand_for_all_of_their_kind() -> None:
    """Doubtful items labelled five times as often do not lower the agreement: each counts for as many as it stands."""
    sure = [LabelledItem(item_id=f"s{at}", judge=at % 2 == 0, confidence=0.95) for at in range(1000)]
    doubtful = [LabelledItem(item_id=f"d{at}", judge=at % 2 == 0, confidence=0.3) for at in range(200)]
    labelled = [
        item.model_copy(update={"humans": {"a": item.judge if item.item_id not in wrong else not item.judge}})
        if int(item.item_id[1:]) < 100
        else item
        for wrong in [{f"d{at}" for at in range(50)}]
        for item in [*sure, *doubtful]
    ]
    raw = align(labelled).overall.figures.raw

    assert raw.share == pytest.approx(1100 / 1200)
    assert 100 < raw.of <= 200


def test_what_to_label_next_shrinks_the_interval_most() -> None:
    """Kinds without a label come first, then where the judge errs; all are open, and the same seed draws the same."""
    items = [
        LabelledItem(
            item_id=f"{band}{at}",
            judge=True,
            confidence=confidence,
            humans={"a": at % 3 > 0 or band == "sure"} if at < 60 and band != "new" else {},
        )
        for band, confidence in (("sure", 0.95), ("doubtful", 0.3), ("new", 0.7))
        for at in range(200)
    ]
    proposal = propose(items, 120)
    chosen = [item_id for item_id, _ in proposal.next_items]

    assert chosen[0].startswith("new")
    assert sum(one.startswith("doubtful") for one in chosen) > sum(one.startswith("sure") for one in chosen)
    assert len(set(chosen)) == 120
    assert {item.item_id for item in items if item.humans} & set(chosen) == set()
    assert propose(items, 120) == proposal
    assert propose(items, 120, seed=1) != proposal


@pytest.mark.parametrize(("share", "most"), [(0.9, 196), (0.88, 545), (0.87, 1225)])
def test_how_many_labels_are_needed_is_as_published(share: float, most: int) -> None:
    """At 90, 88 and 87 % agreement the lower bound passes with about 196, 545 and 1,225 labels; at 85 % with none."""
    truths = [at % 2 == 0 for at in range(100)]
    verdicts = [truth == (at < round(100 * share)) for at, truth in enumerate(truths)]
    never = [truth == (at < 85) for at, truth in enumerate(truths)]

    assert propose(items_of(verdicts, truths), 0).needed == pytest.approx(max(most, 200) - 100, abs=2)
    assert propose(items_of(never, truths), 0).needed is None
