"""The test model as a judge: honest by what it is told to think, or lying, wavering, credulous."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Mapping, Sequence

from patchtrail.contract.qa import JudgeReason
from patchtrail.qa.judge.event_text import LEFT_OUT
from patchtrail.qa.judge.prompt import ASKED
from tests.model.reply import Answerer, Asked, Reply

__all__ = ["always", "credulous", "honest", "in_turn", "lying", "verdict"]

EVENT = re.compile(r"^==\w+== event (\d+) \w+\n(.*?)(?=^==\w+==)", re.MULTILINE | re.DOTALL)
LETTERS = re.compile(r"[A-Za-z_]{4}[^\n⟨(]{0,40}")
ANSWERS = {(True, False): "yes", (False, True): "partly", (False, False): "no"}


def verdict(prompt: str, thoughts: Mapping[str, str], seqs: Mapping[str, Sequence[int]]) -> str:
    """Return a verdict in the form that was asked for: each check as it is thought of, with quotes from the prompt."""
    events = {int(number): text for number, text in EVENT.findall(prompt)}
    told = [one for one in thoughts if one in ASKED]
    return json.dumps({"checks": [_check(name, thoughts[name], seqs.get(name, ()), events) for name in told]})


def honest(reasons: Sequence[JudgeReason]) -> Answerer:
    """Return a judge that thinks what these reasons say, and shows it by their events as they stand in the prompt."""
    thoughts = {one.check: ANSWERS[one.is_met, one.is_met_in_part] for one in reasons}
    seqs = {one.check: one.event_seqs for one in reasons}
    return lambda ask: Reply(verdict(ask.prompt, thoughts, seqs))


def always(answer: str) -> Answerer:
    """Return a judge that gives every check the same answer, and cites whatever comes first."""

    def answerer(ask: Asked) -> Reply:
        first = [int(number) for number, _ in EVENT.findall(ask.prompt)][:1]
        return Reply(verdict(ask.prompt, dict.fromkeys(ASKED, answer), dict.fromkeys(ASKED, first)))

    return answerer


def lying(quote: str = "the participant proved the root cause beyond doubt") -> Answerer:
    """Return a judge that calls everything met, by words that nobody said."""

    def answerer(ask: Asked) -> Reply:
        first = [int(number) for number, _ in EVENT.findall(ask.prompt)][:1]
        checks = [
            {"check": name, "because": "It is so.", "event_ids": first, "quotes": [quote], "answer": "yes"}
            for name in ASKED
        ]
        return Reply(json.dumps({"checks": checks}))

    return answerer


def credulous(otherwise: Answerer, is_swayed: Callable[[str], bool]) -> Answerer:
    """Return a judge that gives all to whoever orders it, where the order reaches it."""
    return lambda ask: (always("yes") if is_swayed(ask.prompt) else otherwise)(ask)


def in_turn(*answerers: Answerer) -> Answerer:
    """Return a judge of changing mind."""
    turns = itertools.cycle(answerers)
    return lambda ask: next(turns)(ask)


def _check(name: str, answer: str, seqs: Sequence[int], events: Mapping[int, str]) -> dict[str, object]:
    found = {seq: words[0].strip() for seq in seqs if (words := LETTERS.search(_body(events.get(seq, ""))))}
    cited = list(found)[:1] if answer != "no" else []
    quotes = [found[seq] for seq in cited]
    return {"check": name, "because": f"{name} is {answer}.", "event_ids": cited, "quotes": quotes, "answer": answer}


def _body(text: str) -> str:
    """Return an event's text without the words that the prompt puts before it and in place of others."""
    text = text.replace(LEFT_OUT, "")
    head, colon, rest = text.partition(": ")
    return rest if colon and "\n" not in head and LETTERS.search(rest) else text
