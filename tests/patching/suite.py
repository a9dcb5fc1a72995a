"""The response suite: every class of damage, in three languages, with LF, CRLF and tabs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from patchtrail.patching import Patch, Refusal, patch_from_answer
from patchtrail.patching.syntax import fault_of
from tests.damage import FORMS, SHARES, Damaged, Form, Truth, damaged
from tests.damage.mutations import broken, mutated

__all__ = ["CLASSES", "LANGUAGES", "STYLES", "Result", "run_class"]

SOURCES = Path(__file__).parents[1] / "damage" / "sources"
LANGUAGES = {"python": "shop/orders.py", "javascript": "src/carts.js", "go": "stock/stock.go"}
STYLES = ("lf", "crlf", "tabs")
CLASSES = ("none", "mixed", *SHARES)
SEEDS = {"mixed": 60, "none": 15}
EACH_SEEDS = 9
Verdict = Literal["right", "refused", "wrong"]


@dataclass
class Result:
    """What became of one class: how many were right or refused, and what went wrong."""

    counts: Counter[Verdict]
    wrong: list[tuple[Damaged, Truth, str]]
    modes: Counter[str]


def run_class(name: str) -> Result:
    """Run all cases of one class."""
    result = Result(Counter(), [], Counter())
    for truth, answer in _cases(name):
        files = {truth.file_path: truth.before, "docs/other.txt": "nothing\n"}
        found = patch_from_answer(answer.text, files.get, known_paths=list(files))
        verdict = _verdict(found, truth)
        result.counts[verdict] += 1
        if isinstance(found, Refusal):
            result.modes[found.mode] += 1
        elif verdict == "wrong":
            result.wrong.append((answer, truth, found.diff_unified))
    return result


def _verdict(found: Patch | Refusal, truth: Truth) -> Verdict:
    if isinstance(found, Refusal):
        return "refused"
    return (
        "right" if [(one.file_path, one.after) for one in found.files] == [(truth.file_path, truth.after)] else "wrong"
    )


def _cases(name: str) -> Iterator[tuple[Truth, Damaged]]:
    """Yield truths and answers; a defect that finds no hold in one change is tried on the next."""
    for language, path in LANGUAGES.items():
        for style in STYLES:
            wanted, seed = SEEDS.get(name, EACH_SEEDS), 0
            while wanted and seed < 400:
                seed += 1
                truth = _truth(name, language, path, style, seed)
                answer = None if truth is None else _answer(name, truth, seed)
                if truth is not None and answer is not None:
                    wanted -= 1
                    yield truth, answer


def _answer(name: str, truth: Truth, seed: int) -> Damaged | None:
    form: Form = FORMS[seed % len(FORMS)] if seed % 2 else "unified"
    if name in ("mixed", "none"):
        return damaged(truth, form=form, seed=seed, defects=None if name == "mixed" else ())
    answer = damaged(truth, form=form, seed=seed, defects=(name,))
    return answer if name in answer.defects else None


def _truth(name: str, language: str, path: str, style: str, seed: int) -> Truth | None:
    source = (SOURCES / f"{language}.txt").read_text()
    if style == "tabs":
        source = re.sub(r"^(?: {4})+", lambda match: "\t" * (len(match[0]) // 4), source, flags=re.MULTILINE)
    makes = broken if name == "fix_as_context" and seed % 7 else mutated
    truth = makes(source, path, language, seed=seed)
    is_sound = truth is not None and (fault_of(path, truth.before) is None) == (makes is mutated)
    if truth is None or not is_sound:
        return None
    if style == "crlf":
        return Truth(path, truth.before.replace("\n", "\r\n"), truth.after.replace("\n", "\r\n"), language)
    return truth
