"""What is made of the facts that a real editor told of acts whose author is known."""

from __future__ import annotations

import pytest

from tests.authors.recorded import Known, judge, load

KNOWN = load()
HUMAN_HANDS = {"typing"}


@pytest.mark.parametrize(
    "known", [one for one in KNOWN if one.truth not in ("typing", "undo")], ids=lambda one: one.name
)
def test_nothing_that_a_program_did_is_called_typing(known: Known) -> None:
    """No share of what an agent, a formatter, a fix, a paste or the disk did is called typing."""
    assert [share for share in judge(known).shares if share.source in HUMAN_HANDS] == []


@pytest.mark.parametrize("truth", ["typing", "paste", "format_on_save", "quick_fix", "external", "undo"])
def test_nine_of_ten_are_called_what_they_are(truth: str) -> None:
    """At least nine of ten acts of each kind are called so, all shares of them."""
    cases = [one for one in KNOWN if one.truth == truth]
    right = [one for one in cases if {share.source for share in judge(one).shares} == {truth}]

    assert len(cases) > 0
    assert len(right) >= 0.9 * len(cases), sorted({one.name for one in cases} - {one.name for one in right})


def test_little_stays_unknown() -> None:
    """At most one act of ten is called unknown, and at most one character of ten."""
    unknown = [share for one in KNOWN for share in judge(one).shares if share.source == "unknown"]

    assert len([one for one in KNOWN if judge(one).evidence == "unknown"]) <= 0.1 * len(KNOWN)
    assert sum(share.chars for share in unknown) <= 0.1 * sum(one.chars for one in KNOWN)


def test_an_agent_that_tells_is_named() -> None:
    """What an agent told of is called AI, by its name, and almost surely."""
    told = [share for one in KNOWN if one.acts for share in judge(one).shares]

    assert len(told) > 0
    assert {(share.source, share.agent, share.reasons[0]) for share in told} == {("ai", "claude-code", "agent_hook")}
    assert min(share.probability_milli for share in told) >= 950
