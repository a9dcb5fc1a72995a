"""Cases that a model writes: kept only where Ruff confirms the label, and never believed for it."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator, Sequence

from patchtrail.contract.errors import InvalidInput
from patchtrail.evaluation.plan import Share
from patchtrail.evaluation.synth import Draft, confirmed_cases
from patchtrail.evaluation.synthetic import SyntheticCase
from patchtrail.evaluation.synthetic_mix import kinds
from patchtrail.llm import Cancellation, Message, Model, ModelRequest

__all__ = ["written_cases"]

TRIES = 3
"""How many requests are made at most for each case that is wanted."""
MAX_TOKENS, TIMEOUT_S = 4_000, 120.0
FILE = "written/module.py"
SYSTEM = """You write test data for a tool that repairs Python. Answer with one JSON object and nothing else:
{"code": "…", "expected_fix": "…"}. Both are the same whole module of 15 to 60 lines, documented, with sorted imports;
the only difference is that Ruff reports the named rule exactly once in "code", and nothing in "expected_fix"."""


def written_cases(
    model: Model, mix: dict[str, int], cases: int, progress: Callable[[str], None]
) -> list[SyntheticCase]:
    """Return up to `cases` cases that a model wrote and Ruff confirmed, in turn of every kind of the mix.

    Raises `InvalidInput` where none of its answers was confirmed, and `ModelUnavailable` where it cannot be asked.
    """
    kept, asked = dict[str, SyntheticCase](), 0
    for kind, share in _in_turn([kind for kind, parts in mix.items() if parts]):
        if len(kept) == cases or asked == TRIES * cases:
            break
        asked += 1
        draft = _draft(_answer(model, share.rule_id, asked), kind, share)
        if draft is not None:
            kept |= {one.case_id: one for one in confirmed_cases([draft], "model")}
        progress(f"{model.name}: {len(kept)} of {asked} answers confirmed")
    if cases and not kept:
        raise InvalidInput(f"Ruff confirmed none of {asked} cases that {model.name} wrote.")
    return list(kept.values())


def _in_turn(names: Sequence[str]) -> Iterator[tuple[str, Share]]:
    """Yield kinds in turn, each time with the next of its rules."""
    turn = 0
    while True:
        for name in names:
            shares = kinds()[name]
            yield name, shares[turn % len(shares)]
        turn += 1


def _answer(model: Model, rule_id: str, number: int) -> str:
    # The number keeps a server from answering the same request the same way.
    asked = f"Write case number {number} for Ruff's rule {rule_id}."
    messages = Message("system", SYSTEM), Message("user", asked)
    return model.ask(ModelRequest(messages, MAX_TOKENS, TIMEOUT_S), Cancellation()).text


def _draft(answer: str, kind: str, share: Share) -> Draft | None:
    """Return what an answer says; None where it is none, or what should be right does not even parse."""
    try:
        told = json.loads(answer[answer.index("{") : answer.rindex("}") + 1])
        code, fix = told["code"], told["expected_fix"]
        ast.parse(fix)
    except (ValueError, TypeError, KeyError, SyntaxError):
        return None
    return Draft(kind, kind, share.rule_id, FILE, code, fix) if isinstance(code, str) and code != fix else None
