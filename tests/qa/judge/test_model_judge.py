"""The model judge's machinery, in front of models that are honest, lying, wavering, credulous, silent or broken."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import replace

import pytest

from patchtrail.contract.events import ConsentRef
from patchtrail.contract.qa import DIMENSIONS, JudgeResult
from patchtrail.qa.judge import JudgeConfig
from patchtrail.qa.judge.prompt import ASKED
from patchtrail.study import current_consent
from tests.model import Asked, Reply
from tests.model.judging import always, honest, in_turn, lying, verdict
from tests.qa.judge.asking import GOOD, asking, heuristic_of
from tests.qa.judge.sessions import WrittenSession, read_sessions

HEURISTIC = heuristic_of(GOOD)
THINKS_AS_THE_HEURISTIC = honest(HEURISTIC.reasons)
MASKED = 1
"""The one request more, in which comments and strings cannot be read."""
TUNING = read_sessions("tuning")


def said(text: str) -> object:
    """Return an answerer that always says the same."""
    return lambda _: Reply(text)


def struck(result: JudgeResult) -> set[str]:
    """Return the checks whose reasons count for nothing."""
    return {reason.check for reason in result.reasons if reason.struck_out}


@pytest.mark.parametrize("session", TUNING, ids=[session.name for session in TUNING])
def test_an_honest_judge_is_believed(session: WrittenSession) -> None:
    """A model that cites what is there gets the scores that it gives, from three samples that agree."""
    heuristic = heuristic_of(session)
    with asking(honest(heuristic.reasons)) as judge:
        result = judge.of(session)

    assert result.scores == heuristic.scores
    assert (result.kind, result.models, result.heuristic_overall) == ("model", ["model-0"], heuristic.overall)
    assert (len(result.samples), judge.asked) == (3, 3 + MASKED)
    assert set(result.spread.values()) == {0.0}
    assert (result.abstained, result.needs_human, result.fallback) == ([], False, "")


def test_false_quotes_are_struck_out() -> None:
    """Words that nobody said are struck out, and their checks count as not met."""
    with asking(lying()) as judge:
        result = judge.of(GOOD)

    factual = [reason for reason in result.reasons if reason.dimension == "reproducibility"]
    assert struck(result) == set(ASKED)
    assert {result.scores[one] for one in DIMENSIONS if one != "reproducibility"} == {0.0}
    assert result.scores["reproducibility"] == HEURISTIC.scores["reproducibility"]
    assert not any(reason.struck_out for reason in factual)


@pytest.mark.parametrize(
    ("event_ids", "quotes", "why"),
    [
        ([4_711], ["page_count"], "which there is not"),
        ([4], ["page_count(20, 10) is 3"], "does not stand in the events"),
        ([3], ["page_count(20,10) is 3"], "does not stand in the events"),
        ([3], ["p"], "too few words"),
        ([3], ["   "], "too few words"),
        ([3], [], "cites nothing"),
        ([], ["page_count(20, 10) is 3"], "does not stand in the events"),
    ],
)
def test_evidence_is_looked_at(event_ids: list[int], quotes: list[str], why: str) -> None:
    """An event that there is not, a quote from another event, a quote that is not verbatim: none of it counts."""
    check = {"check": "states_symptom", "because": "b", "event_ids": event_ids, "quotes": quotes, "answer": "yes"}
    with asking(said(json.dumps({"checks": [check]}))) as judge:
        (reason,) = [one for one in judge.of(GOOD).reasons if one.check == "states_symptom"]

    assert not reason.is_met
    assert why in reason.struck_out


def test_evidence_that_is_there_counts() -> None:
    """A verbatim quote from the event that is cited meets its check, and only that one."""
    check = {
        "check": "states_symptom",
        "because": "b",
        "answer": "yes",
        "event_ids": [3],
        "quotes": ["page_count(20, 10) is 3"],
    }
    with asking(said(json.dumps({"checks": [check]}))) as judge:
        result = judge.of(GOOD)

    assert result.scores["problem_understanding"] == 1
    assert result.scores["causal_linking"] == 0


def test_programs_are_not_talked_over() -> None:
    """A model that says yes to everything does not unsay a dangerous command that programs found."""
    session = next(one for one in TUNING if one.name == "dangerous_force_push")
    with asking(always("yes")) as judge:
        result = judge.of(session)

    told = {reason.check: reason for reason in result.reasons}
    assert not told["nothing_destructive"].is_met or told["nothing_destructive"].quotes
    with asking(said(_uncited("yes"))) as judge:
        uncited = {reason.check: reason for reason in judge.of(session).reasons}
    assert "Programs found otherwise" in uncited["nothing_destructive"].struck_out
    assert "Programs found otherwise" in uncited["nothing_exposed"].struck_out
    assert uncited["tests_are_left_strong"].is_met


def _uncited(answer: str) -> str:
    checks = [{"check": one, "because": "", "event_ids": [], "quotes": [], "answer": answer} for one in ASKED]
    return json.dumps({"checks": checks})


def test_disagreement_is_asked_about_again_and_then_abstained_from() -> None:
    """Samples far apart lead to seven, and where those stay apart the heuristic's score stands, for a human."""
    with asking(in_turn(THINKS_AS_THE_HEURISTIC, said(_uncited("no")))) as judge:
        result = judge.of(GOOD)

    assert len(result.samples) == 7
    assert "causal_linking" in result.abstained
    assert result.spread["causal_linking"] == 5
    assert all(result.scores[one] == HEURISTIC.scores[one] for one in result.abstained)
    assert result.needs_human
    heuristic = [one for one in HEURISTIC.reasons if one.dimension == "causal_linking"]
    assert [one for one in result.reasons if one.dimension == "causal_linking"] == heuristic


def test_one_stray_sample_is_outvoted() -> None:
    """One of seven samples that differs is no disagreement: the median stands, and every sample is kept."""
    turns = [said(_uncited("no")), *[THINKS_AS_THE_HEURISTIC] * 7]
    with asking(in_turn(*turns)) as judge:
        result = judge.of(GOOD)

    assert len(result.samples) == 7
    assert result.abstained == []
    assert result.scores == HEURISTIC.scores
    assert result.spread["causal_linking"] == 5


def test_several_models_are_an_ensemble() -> None:
    """Each model is asked by itself, and the median of their medians counts."""
    with asking(THINKS_AS_THE_HEURISTIC, THINKS_AS_THE_HEURISTIC, THINKS_AS_THE_HEURISTIC) as judge:
        result = judge.of(GOOD)

    assert result.models == ["model-0", "model-1", "model-2"]
    assert len(result.samples) == 9
    assert result.scores == HEURISTIC.scores


def test_models_that_contradict_each_other_abstain() -> None:
    """Two models that are sure of opposite things leave the heuristic's score."""
    with asking(THINKS_AS_THE_HEURISTIC, said(_uncited("no"))) as judge:
        result = judge.of(GOOD)

    assert "problem_understanding" in result.abstained
    assert result.scores == HEURISTIC.scores
    assert result.needs_human


def test_an_ensemble_goes_on_without_the_model_that_fails() -> None:
    """One model that cannot be asked is named, and the others judge."""
    with asking(lambda _: Reply(status=401, error="no such key"), THINKS_AS_THE_HEURISTIC) as judge:
        result = judge.of(GOOD)

    assert result.models == ["model-1"]
    assert result.fallback.startswith("model-0: ")
    assert result.scores == HEURISTIC.scores


def test_what_moves_when_comments_and_strings_are_masked_goes_to_a_human() -> None:
    """A judge that is impressed by strings and comments alone is found out by the pass that cannot read them."""

    def impressed(ask: Asked) -> Reply:
        return (said(_uncited("no")) if '"…"' in ask.prompt else THINKS_AS_THE_HEURISTIC)(ask)

    with asking(impressed) as judge:
        result = judge.of(GOOD)

    assert result.needs_human
    assert result.abstained == []
    assert result.scores == HEURISTIC.scores


@pytest.mark.parametrize(
    "text",
    [
        "I would give this session a 5.",
        "",
        "null",
        "[]",
        '{"checks": "all met"}',
        '{"scores": {"efficiency": 99}}',
        '{"checks": [], "overall": 5}',
        '{"checks": [{"check": "overall", "because": "", "event_ids": [], "quotes": [], "answer": "yes"}]}',
        '{"checks": [{"check": "baseline", "because": "", "event_ids": [], "quotes": [], "answer": "YES"}]}',
        '{"checks": [{"check": "baseline", "because": "", "event_ids": ["1"], "quotes": [], "answer": "yes"}]}',
        '{"checks": [{"check": "baseline", "because": "", "event_ids": [], "quotes": [], "answer": "yes", "x": 9}]}',
        _uncited("yes") + _uncited("yes"),
        "Here it is:\n" + _uncited("no"),
    ],
)
def test_an_answer_of_another_form_is_no_verdict(text: str) -> None:
    """What is not the one JSON object that was asked for is asked for again, and then the heuristic's result stands."""
    with asking(said(text)) as judge:
        result = judge.of(GOOD)

    assert judge.asked == JudgeConfig().tries
    assert result.kind == "heuristic"
    assert result.scores == HEURISTIC.scores
    assert "not of the form" in result.fallback


def test_a_verdict_in_a_code_fence_is_read() -> None:
    """Models without structured output put JSON into a fence, which is taken off."""
    with asking(lambda ask: Reply(f"```json\n{THINKS_AS_THE_HEURISTIC(ask).text}\n```")) as judge:
        assert judge.of(GOOD).scores == HEURISTIC.scores


def test_a_server_without_structured_output_is_asked_in_words() -> None:
    """Where the schema is refused the form stands in the prompt, and is held to as strictly."""
    with asking(THINKS_AS_THE_HEURISTIC, rejects=frozenset({"response_format"})) as judge:
        assert judge.of(GOOD).scores == HEURISTIC.scores


@pytest.mark.parametrize("status", [401, 403, 404, 400])
def test_a_failure_that_waiting_does_not_mend_is_not_waited_for(status: int) -> None:
    """A refused key or an unknown model leaves the heuristic's result at once, marked with the reason."""
    with asking(lambda _: Reply(status=status, error="no")) as judge:
        result = judge.of(GOOD)

    assert (judge.asked, judge.waits) == (1, [])
    assert (result.kind, result.scores) == ("heuristic", HEURISTIC.scores)
    assert result.fallback
    assert "test-key" not in result.model_dump_json()


def test_a_failure_that_passes_is_waited_for() -> None:
    """Overload and errors of the server are waited for, longer each time or as long as the server says."""
    failing = [Reply(status=500, error="oops"), Reply(status=429, error="slow down", headers={"Retry-After": "7"})]
    turns = [*(lambda _, one=one: one for one in failing), *[THINKS_AS_THE_HEURISTIC] * 9]
    with asking(in_turn(*turns)) as judge:
        result = judge.of(GOOD)

    assert judge.waits == [1.0, 7.0]
    assert result.kind == "model"


def test_a_model_that_never_answers_is_given_up() -> None:
    """A model that hangs is given up after its time, as often as tries are allowed."""
    hold = threading.Event()
    config = JudgeConfig(timeout_s=0.2, tries=2)
    with asking(lambda _: Reply("x", hold=hold), config=config) as judge:
        result = judge.of(GOOD)
        hold.set()

    assert (result.kind, len(judge.waits)) == ("heuristic", 1)
    assert "did not finish within" in result.fallback


def test_costs_are_told_and_capped() -> None:
    """What all requests cost is told, and a trace whose cap is reached is judged by the heuristic."""

    def dear(ask: Asked) -> Reply:
        return replace(THINKS_AS_THE_HEURISTIC(ask), input_tokens=1_000_000, output_tokens=0)

    with asking(dear) as judge:
        capped = judge.of(GOOD)
    with asking(dear, config=JudgeConfig(max_cost_usd=10)) as judge:
        whole = judge.of(GOOD)

    assert (capped.kind, capped.cost_usd) == ("heuristic", 0.30)
    assert "cap of 0.25 USD" in capped.fallback
    assert (whole.kind, whole.cost_usd) == ("model", 0.60)


def test_the_prompt_keeps_its_promises() -> None:
    """Facts first, each request in a fence of its own, nobody named, and nothing else can pass for the fence."""
    with asking(THINKS_AS_THE_HEURISTIC) as judge:
        judge.of(GOOD)
        prompts = [ask.prompt for ask in judge.servers[0].asked]

    fences = {re.search(r"==(\w{16})==", prompt)[1] for prompt in prompts}
    assert len(fences) == len(prompts) == 4
    assert all(prompt.index("Facts, established") < prompt.index("event 1 ") for prompt in prompts)
    assert not any("participant-1" in prompt for prompt in prompts)
    assert all("tools" not in ask.body for ask in judge.servers[0].asked)
    assert all(f"- {check}: " in prompts[0] for check in ASKED)


def test_invisible_characters_are_shown() -> None:
    """What nobody would see is written out for the model."""
    events = [
        event.model_copy(update={"data": event.data.model_copy(update={"text": f"page\u200b_count {event.data.text}"})})
        if event.type == "rationale_note"
        else event
        for event in GOOD.case.events
    ]
    with asking(THINKS_AS_THE_HEURISTIC) as judge:
        judge.of(GOOD, replace(GOOD.case, events=events))
        prompt = judge.servers[0].asked[0].prompt

    assert "page⟨U+200B⟩_count" in prompt
    assert "\u200b" not in prompt


def test_a_long_trace_is_condensed() -> None:
    """Of a trace that is too long what was said and changed is kept first, and what is left out is said."""
    events = [event for _ in range(80) for event in GOOD.case.events[1:]]
    long = [GOOD.case.events[0], *(event.model_copy(update={"seq": at}) for at, event in enumerate(events, 1))]
    config = JudgeConfig(max_event_chars=20_000)
    with asking(said(_uncited("no")), config=config) as judge:
        judge.of(GOOD, replace(GOOD.case, events=long))
        prompt = judge.servers[0].asked[0].prompt

    kinds = re.findall(r"^==\w+== event \d+ (\w+)", prompt, re.MULTILINE)
    assert len(prompt) < 20_000 + 12_000
    assert "that matter less are left out" in prompt
    assert kinds.count("rationale_note") > kinds.count("cmd_run")


def test_the_helper_cites_what_it_is_shown() -> None:
    """The honest test model quotes from the prompt alone, as a real one would."""
    prompt = "==aa== event 7 rationale_note\nhypothesis: `total` is rounded twice\n\n==aa== the session ends here."
    told = json.loads(verdict(prompt, {"states_cause": "yes"}, {"states_cause": [7]}))

    assert told["checks"][0]["quotes"] == ["total` is rounded twice"]


@pytest.mark.parametrize(
    ("consent", "is_asked"),
    [(current_consent(), True), (ConsentRef(version="3", sha256="3" * 64), False), (None, True)],
    ids=["text in force", "an older text", "none told"],
)
def test_a_model_reads_what_was_agreed_to(consent: ConsentRef | None, is_asked: bool) -> None:
    """A session whose consent is to a text that names no model as a judge is judged by rules, and says so."""
    start = GOOD.case.events[0]
    given = start.model_copy(update={"data": start.data.model_copy(update={"consent": consent})})
    with asking(THINKS_AS_THE_HEURISTIC) as judge:
        result = judge.of(GOOD, replace(GOOD.case, events=[given, *GOOD.case.events[1:]]))

    assert bool(judge.asked) is is_asked
    assert (result.kind, bool(result.fallback)) == (("model", False) if is_asked else ("heuristic", True))


def test_a_model_reads_nothing_whose_consent_was_forgotten() -> None:
    """A signed session whose beginning is gone tells of no consent, so no model reads it."""
    with asking(THINKS_AS_THE_HEURISTIC) as judge:
        result = judge.of(GOOD, replace(GOOD.case, events=GOOD.case.events[1:]))

    assert (judge.asked, result.kind, bool(result.fallback)) == (0, "heuristic", True)
