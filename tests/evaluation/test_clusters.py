"""Failure modes: planted ones are found again, people's names stay, and noise makes none."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from patchtrail.evaluation.clusters import cluster, known_modes
from patchtrail.evaluation.failure import Failure
from patchtrail.evaluation.failure_mode import Clustering, Mode
from patchtrail.evaluation.masking import masked_text
from patchtrail.evaluation.mode_names import KnownModes
from patchtrail.evaluation.stability import stabilities
from tests.evaluation.failures import NOISE, TOP_FIVE, Planted, corpus
from tests.evaluation.terse_failures import KINDS, terse

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def failures_of(planted: Sequence[Planted]) -> list[Failure]:
    """Return what the clusterer is shown: failures without their modes."""
    return [one.failure for one in planted]


def truth_of(mode: Mode, planted: Sequence[Planted]) -> tuple[str, float]:
    """Return the planted mode that most members have, and how many of them have it."""
    truths = {one.failure.failure_id: one.mode for one in planted}
    truth, count = Counter(truths[one.failure_id] for one in mode.members).most_common(1)[0]
    return truth, count / len(mode.members)


def named(known: KnownModes, mode_id: str, name: str) -> KnownModes:
    """Return the file after a person has named a mode."""
    return KnownModes(
        modes=tuple(one.model_copy(update={"name": name}) if one.mode_id == mode_id else one for one in known.modes)
    )


@pytest.mark.parametrize("seed", [7, 8])
def test_planted_modes_are_found_again(seed: int) -> None:
    """Of 2,000 failures of seven modes and 10 % noise the top five are the planted ones, and nearly pure."""
    planted = corpus(2_000, seed)
    found = cluster(failures_of(planted))
    mode_of = {one.failure_id: mode.mode_id for mode in found.modes for one in mode.members}
    real = [one for one in planted if one.mode != NOISE]
    top = [truth_of(mode, planted) for mode in found.modes[:5]]

    assert {truth for truth, _ in top} == set(TOP_FIVE)
    assert min(purity for _, purity in top) > 0.95
    assert (
        adjusted_rand_score([one.mode for one in real], [mode_of.get(one.failure.failure_id, "") for one in real]) > 0.9
    )
    assert found.noise_share == pytest.approx(0.1, abs=0.02)
    assert len(mode_of) + len(found.noise) == len(planted)


@pytest.mark.parametrize("seed", [1, 2])
def test_terse_failures_are_told_apart(seed: int) -> None:
    """Of tools' messages, which have few wordings and share words, each kind is one mode and each mode one kind."""
    told = terse(800, seed)
    found = cluster([Failure(f"{at}", text, NOW) for at, (_, text) in enumerate(told)])
    kinds = [{told[int(one.failure_id)][0] for one in mode.members} for mode in found.modes]

    assert sorted(kinds, key=str) == sorted(({kind} for kind in KINDS), key=str)
    assert found.noise == ()


def test_a_mode_shows_what_it_is_and_what_it_is_not() -> None:
    """Three exemplars are its members, the counter-example is not, and planted modes are stable and apart."""
    planted = corpus(1_000, 3)
    found = cluster(failures_of(planted))

    assert cluster(failures_of(planted)) == found
    for mode in found.modes:
        assert len(set(mode.exemplars)) == 3
        assert set(mode.exemplars) <= set(mode.members)
        assert mode.counter_example is not None or mode.signature is not None
        assert mode.counter_example not in mode.members
        assert mode.stability > 0.6
        assert mode.silhouette is not None
        assert mode.silhouette > 0.1 or mode.signature is not None


def test_the_same_words_at_another_place_are_another_mode() -> None:
    """One exception at two places of the repository is two modes, and each is the other's counter-example."""
    failures = [
        Failure(f"{place}{at}", f"  File \"src/{place}.py\", line {at}, in run\nKeyError: 'k{at}'", NOW, stage="test")
        for place in ("one", "two")
        for at in range(6)
    ]
    found = cluster(failures)

    assert {mode.name for mode in found.modes} == {f"KeyError in src/{one}.py:run (test)" for one in ("one", "two")}
    assert all(mode.counter_example and mode.counter_example not in mode.members for mode in found.modes)


def test_a_frame_of_a_library_is_no_place() -> None:
    """Where the innermost frame is a library's, the innermost one of the repository itself is the place."""
    trace = '  File "src/a.py", line 3, in load\n  File "/opt/site-packages/x.py", line 9, in get\nKeyError: 1'
    found = cluster([Failure(str(at), trace, NOW) for at in range(5)])

    assert [mode.name for mode in found.modes] == ["KeyError in src/a.py:load"]


def test_rank_is_frequency_times_severity_times_recency() -> None:
    """A rare critical mode of today outranks a frequent one that is old, and one that is mild."""
    failures = [
        Failure(f"{code}{at}", code, NOW - timedelta(days=days), severity, "answer", code)
        for code, count, severity, days in (
            ("cut_off", 10, "critical", 0),
            ("too_large", 30, "critical", 28),
            ("empty_answer", 30, "low", 0),
        )
        for at in range(count)
    ]
    found = cluster(failures)

    assert found.modes[0].name == "cut_off (answer)"
    assert [round(mode.rank.score, 3) for mode in found.modes] == [round(40 / 70, 3), *[round(30 / 70, 3)] * 2]


def test_a_name_by_hand_stays() -> None:
    """A mode that a person named is known by that name in other failures of the same kind, and keeps its id."""
    first = cluster(failures_of(corpus(1_000, 4)))
    text_mode = next(mode for mode in first.modes if mode.signature is None)
    exact_mode = next(mode for mode in first.modes if mode.signature is not None)
    known = named(named(known_modes(first), text_mode.mode_id, "numbers of numpy"), exact_mode.mode_id, "prices")

    planted = corpus(1_000, 5)
    again = {mode.mode_id: mode for mode in cluster(failures_of(planted), known).modes}

    assert again[text_mode.mode_id].name == "numbers of numpy"
    assert again[exact_mode.mode_id].name == "prices"
    assert truth_of(again[text_mode.mode_id], planted) == truth_of(text_mode, corpus(1_000, 4))


def test_two_modes_of_one_name_are_one() -> None:
    """What people named alike is one mode from the next run on, and stays one in the run after it."""
    planted = corpus(1_000, 4)
    first = cluster(failures_of(planted))
    one, other = (
        mode for mode in first.modes if mode.signature is None and truth_of(mode, planted)[0] in TOP_FIVE[1:3]
    )
    known = named(named(known_modes(first), one.mode_id, "mine"), other.mode_id, "mine")

    second = cluster(failures_of(planted), known)
    third = cluster(failures_of(corpus(1_000, 6)), known.followed_by(known_modes(second)))

    assert len(second.modes) == len(first.modes) - 1
    for found in (second, third):
        assert [mode.name for mode in found.modes].count("mine") == 1
    assert next(mode.count for mode in second.modes if mode.name == "mine") == one.count + other.count


def test_noise_is_no_mode() -> None:
    """Failures that are like nothing else make no mode, however many they are."""
    noise = [one.failure for one in corpus(6_000, 1) if one.mode == NOISE]
    found = cluster(noise)

    assert found.noise_share > 0.9


def test_little_and_odd_failures_are_taken() -> None:
    """None, one, texts without words and one text said often: nothing is lost, and what is said often is a mode."""
    assert cluster([]) == Clustering((), ())
    assert cluster([Failure("a", "alone", NOW)]).noise_share == 1
    odd = [Failure(str(at), "…!?", NOW) for at in range(7)]
    often = [Failure("often", "the disk is full", NOW, count=9), Failure("once", "something else", NOW)]

    assert [mode.count for mode in cluster(odd).modes] == [7]
    assert [(mode.name, mode.count) for mode in cluster(often).modes] == [("disk", 9)]


def test_groups_that_chance_made_are_not_stable() -> None:
    """A true group comes out of every sample; one drawn at random out of none."""
    planted = [one for one in corpus(600, 2) if one.mode in ("refused", "no docstring", "off by one")]
    texts = list(dict.fromkeys(masked_text(one.failure.text) for one in planted))
    texts += [f"{text} {word}" for text in texts for word in ("again", "here", "once")]
    rows = np.arange(len(texts))
    true = np.array([at for at, text in enumerate(texts) if "onnection" in text or "server" in text])
    drawn = np.array(sorted(random.Random(1).sample(range(len(texts)), len(true))))

    assert stabilities(texts, rows, rows[:0], [true], 0)[0] > 0.8
    assert stabilities(texts, rows, rows[:0], [drawn], 0)[0] < 0.5


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("D103 in src/a/b_1.py:12:3", "D103 in <path>:<n>"),
        ("object 0x7f3a at 'name' of int64", "object <hex> at <name> of int64"),
        ("id 550e8400-e29b-41d4-a716-446655440000 took 1.5 s", "id <id> took <n> s"),
        ("commit 9fceb02d0ae5 by req_8f3a2b91", "commit <hex> by <id>"),
        ("expected 3 items\n  got 4", "expected <n> items got <n>"),
        ("feedface is a word", "feedface is a word"),
        ('Traceback (most recent call last):\n  File "a.py", line 3, in f\nKeyError: 3', "KeyError: <n>"),
    ],
)
def test_masking_leaves_what_failures_share(text: str, masked: str) -> None:
    """Numbers, paths, addresses, quoted names and ids go; words, rules and types stay."""
    assert masked_text(text) == masked


def test_counts_are_weighed() -> None:
    """A failure that stands for many counts as many, in shares as in noise."""
    failures = [Failure("a", "cut", NOW, stage="answer", code="cut_off", count=90)]
    found = cluster([*failures, Failure("b", "alone", NOW, count=4)])

    assert (found.count, found.modes[0].count) == (94, 90)
    assert found.noise_share == pytest.approx(4 / 94)
