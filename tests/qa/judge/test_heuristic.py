"""The heuristic judge on the written sessions, and on anything else that a trace may hold."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patchtrail.contract.event_lines import Event
from patchtrail.contract.events import CmdRun, RationaleNote
from patchtrail.contract.qa import DIMENSIONS, JudgeResult
from patchtrail.qa.case import Case
from patchtrail.qa.judge import RUBRIC_VERSION, HeuristicJudge
from patchtrail.qa.judge.rubric import CHECKS
from tests.qa.judge.crude import CRUDE, heuristic, share_within
from tests.qa.judge.sessions import WrittenSession, read_sessions
from tests.qa.session_files import Recorded

TUNING = read_sessions("tuning")
HELD_OUT = read_sessions("held_out")
PROSE = (
    "The harbour was quiet this morning and the ferries left late, because fog lay over the islands until noon. "
    "My grandmother used to say that gulls which walk inland bring rain, so everybody carried an umbrella."
)


def judged(case: Case, session: WrittenSession | None = None) -> JudgeResult:
    """Judge a case, with what is known of the session that it was made from."""
    return HeuristicJudge().judge(case, session.validation if session else None)


def with_notes(case: Case, kinds: set[str], text: str) -> Case:
    """Return a case whose notes of some kinds say something else."""
    events = [
        event.model_copy(update={"data": event.data.model_copy(update={"text": text})})
        if event.type == "rationale_note" and event.data.kind in kinds
        else event
        for event in case.events
    ]
    return replace(case, events=events)


@pytest.mark.parametrize("text", [" ", "a_b.", "1,", "curl ", "\n", "// "])
def test_nothing_takes_for_ever(text: str) -> None:
    """Notes, commands and changes of a hundred thousand characters are judged like any other.

    Without bounds one of them would take hours.
    """
    session = Recorded({"a.py": "a = 1\n"})
    long = text * (100_000 // len(text))
    session.add(RationaleNote(kind="hypothesis", text=long, confidence=None, links=[]))
    session.add(
        CmdRun(
            command_line=long,
            confidence="high",
            cwd="",
            exit_code=1,
            duration_ms=1,
            output_tail="",
            output_size_bytes=0,
            output_artifact=None,
        )
    )
    session.save("a.py", "".join(f"b = {one}\n" for one in range(20_000)) + long)
    session.save("a.py", "a = 1\n")

    assert HeuristicJudge().judge(session.case(), None).overall < 3


def test_scores_lie_in_their_ranges() -> None:
    """On the forty written sessions the heuristic judge is in range for nine scores of ten."""
    assert share_within([*TUNING, *HELD_OUT], heuristic) >= 0.9


def test_scores_of_unseen_sessions_lie_in_their_ranges() -> None:
    """On the twenty sessions that it was not made with, it is in range for more than eight scores of ten."""
    assert share_within(HELD_OUT, heuristic) > 0.8


@pytest.mark.parametrize("name", CRUDE)
@pytest.mark.parametrize("half", [TUNING, HELD_OUT], ids=["tuning", "held_out"])
def test_crude_judges_fail(half: list[WrittenSession], name: str) -> None:
    """A judge that is constant, or looks at length or outcome alone, is out of range more often than not."""
    assert share_within(half, CRUDE[name]) < 0.5


def test_a_well_reasoned_failure_outscores_a_sloppy_success() -> None:
    """Of one bug told twice, the honest attempt that did not solve it stands above the trial and error that did."""
    pairs = dict[str, dict[str, float]]()
    for session in [*TUNING, *HELD_OUT]:
        if session.pair:
            pairs.setdefault(session.pair, {})[session.kind] = judged(session.case, session).overall

    assert len(pairs) == 2
    assert all(pair["good"] > pair["sloppy"] + 1 for pair in pairs.values())


def test_unrelated_prose_is_no_hypothesis() -> None:
    """Fluent prose about something else in place of the hypotheses and plans lowers causal linking."""
    moved = [
        judged(session.case, session).scores["causal_linking"]
        - judged(with_notes(session.case, {"hypothesis", "plan"}, PROSE), session).scores["causal_linking"]
        for session in TUNING
        if session.kind == "good"
    ]

    assert min(moved) >= 1


def test_a_hypothesis_that_counts_for_nothing_is_not_denied() -> None:
    """Where a hypothesis is about nothing of the session, that is said of its event, and not that there is none."""
    session = next(one for one in TUNING if one.name == "good_last_page")
    everything = {"plan", "hypothesis", "observation", "decision", "next_step"}
    moved = with_notes(session.case, everything, PROSE)
    told = next(one for one in judged(moved).reasons if one.check == "hypothesis_first")
    first = next(one.seq for one in moved.events if one.type == "rationale_note" and one.data.kind == "hypothesis")

    assert (told.is_met, told.event_seqs, told.quotes) == (False, [first], [])
    assert "names nothing of this session" in told.text


def test_prose_alone_links_nothing() -> None:
    """A session all of whose notes are about something else meets nothing of causal linking but what commits say."""
    everything = {"plan", "hypothesis", "observation", "decision", "next_step"}
    scores = [
        judged(with_notes(session.case, everything, PROSE), session).scores["causal_linking"] for session in TUNING
    ]

    assert max(scores) <= 1


def sparse(case: Case) -> Case:
    """Return a session as the simplest client tells it: commands with their output, no test by name, nothing linked."""
    events = [
        event.model_copy(update={"data": event.data.model_copy(update={"links": []})})
        if event.type == "rationale_note"
        else event
        for event in case.events
        if event.type != "test_run"
    ]
    return replace(case, events=events, snapshot=None)


@pytest.mark.parametrize("name", ["good_last_page", "lucky_accepted_patch"])
def test_a_sparse_session_is_judged_by_its_outputs(name: str) -> None:
    """Red and green, what was seen and what was said of it are read from output and exit codes as from named tests."""
    session = next(one for one in TUNING if one.name == name)
    whole, told = judged(session.case, session).scores, judged(sparse(session.case), session).scores

    assert all(abs(told[one] - whole[one]) <= 0.5 for one in DIMENSIONS if one != "reproducibility")
    assert told["reproducibility"] < whole["reproducibility"]


@pytest.mark.parametrize("session", TUNING, ids=[session.name for session in TUNING])
def test_reasons_account_for_the_scores(session: WrittenSession) -> None:
    """Every check has one reason, the scores are their sum, and what they cite and quote is there."""
    result = judged(session.case, session)
    texts = {event.seq: event.data.model_dump_json() for event in session.case.events}

    assert result.kind == "heuristic"
    assert result.rubric_version == RUBRIC_VERSION
    assert [reason.check for reason in result.reasons] == [check.name for check in CHECKS]
    for dimension in DIMENSIONS:
        told = [reason for reason in result.reasons if reason.dimension == dimension]
        assert result.scores[dimension] == sum(one.is_met + one.is_met_in_part / 2 for one in told)
    for reason in result.reasons:
        assert set(reason.event_seqs) <= set(texts)
        quoted = [any(_json(quote) in texts[seq] for seq in reason.event_seqs) for quote in reason.quotes]
        assert all(quoted), reason


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


EVENTS = [event for session in TUNING for event in session.case.events]
TEXTS = st.text(max_size=200) | st.sampled_from(
    ["```", "{}", "\u200b", "rm -rf /", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"]
)


@st.composite
def mangled(draw: st.DrawFn) -> Event:
    """Draw an event of some session with other texts, numbers and links in it."""
    event = draw(st.sampled_from(EVENTS))
    fields = {
        name: draw(TEXTS)
        for name, value in event.data
        if isinstance(value, str)
        and name in {"text", "message", "diff_unified", "command_line", "output_tail", "file_path"}
    }
    return event.model_copy(
        update={
            "data": event.data.model_copy(update=fields if draw(st.booleans()) else {}),
            "seq": draw(st.integers(0, 60)),
            "mono_ms": draw(st.integers(0, 10**9)),
        }
    )


@given(events=st.lists(mangled(), max_size=25), has_validation=st.booleans())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_events_are_too_much(events: list[Event], has_validation: bool) -> None:
    """Whatever a trace holds, in whatever order, is judged, with scores from 0 to 5."""
    validation = TUNING[0].validation if has_validation else None
    result = HeuristicJudge().judge(Case("trace-" + "0" * 32, events), validation)

    assert set(result.scores) == set(DIMENSIONS)
    assert all(0 <= score <= 5 for score in [*result.scores.values(), result.overall])


def test_an_empty_trace_scores_nothing_for_work() -> None:
    """Where nothing was done nothing is met of what asks for something to be done."""
    scores = judged(Case("trace-" + "0" * 32, [])).scores

    assert scores["problem_understanding"] == scores["experiment_design"] == scores["efficiency"] == 0
    assert scores["causal_linking"] == scores["reproducibility"] == 0


def test_judging_is_the_same_every_time() -> None:
    """The same case gets the same result, word for word."""
    session = TUNING[0]

    assert judged(session.case, session) == judged(session.case, session)
