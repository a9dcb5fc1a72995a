"""Renders right changes the way real models write them: damaged by the shares that were counted on real answers."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from tests.damage import Form, damaged
from tests.damage import Truth as DamagedTruth
from tests.model.truths import Truth, clean

__all__ = ["damaging", "damaging_diffs", "learning"]

FORMS: tuple[Form, ...] = ("unified", "search_replace", "apply_patch", "whole_file", "json")
WEIGHTS = (80, 8, 4, 4, 4)
TOLD_TWICE = 2
LANGUAGES = {"py": "python", "ts": "typescript", "tsx": "typescript", "js": "javascript", "go": "go", "rs": "rust"}


def damaging(truths: Sequence[Truth], seed: int, retry: int) -> str:
    """Return an answer in one of the forms that models use, mostly a unified diff."""
    form = Random(f"{seed} {retry}").choices(FORMS, WEIGHTS)[0]
    return _answer(truths, form, seed)


def learning(truths: Sequence[Truth], seed: int, retry: int) -> str:
    """Return a damaged answer, and to the second complaint a well-formed one, as a model that was told twice."""
    return damaging(truths, seed, retry) if retry < TOLD_TWICE else clean(truths)


def damaging_diffs(truths: Sequence[Truth], seed: int, retry: int) -> str:
    """Return an answer in diff form."""
    return _answer(truths, "unified", seed)


def _answer(truths: Sequence[Truth], form: Form, seed: int) -> str:
    return "\n".join(
        clean([one]) if one.before is None else damaged(_truth(one), form=form, seed=seed).text for one in truths
    )


def _truth(one: Truth) -> DamagedTruth:
    language = LANGUAGES.get(one.file_path.rsplit(".", 1)[-1], "")
    return DamagedTruth(one.file_path, one.before or "", one.after, language)
