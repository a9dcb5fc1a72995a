"""A draft's way through the gate, with engines whose behaviour is known and tools that are real."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from patchtrail.cli.learned import RetrievedPatterns
from patchtrail.contract.learning import Pattern
from patchtrail.evaluation.case import PatchCase
from patchtrail.evaluation.dataset import build
from patchtrail.evaluation.docstring_mutations import missing_docstring
from patchtrail.evaluation.lesson_bench import LessonBench, Lessons
from patchtrail.evaluation.lesson_school import drafts_of, metrics_of_failures
from patchtrail.evaluation.lesson_trials import LessonTrials, Trialled
from patchtrail.evaluation.outcome import Judge
from patchtrail.evaluation.plan import Share
from patchtrail.evaluation.run import Fixed
from patchtrail.evaluation.suite_data import write_suite
from patchtrail.patching import Finding, Patch
from patchtrail.patching.patch import FilePatch
from patchtrail.qa import PytestRunner
from patchtrail.sandbox.bubblewrap import Bubblewrap
from tests.evaluation.sources import some_sources

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TEACHING = 6
Makes = Callable[[str, PatchCase, Lessons], str]
"""(text, case, lessons) → what an engine makes of the text of the case's file."""
BenchOf = Callable[[Makes], LessonBench]


@pytest.fixture(scope="module")
def cases() -> list[PatchCase]:
    """Return functions without their docstrings, one in each file."""
    return build(some_sources(), 30, 3, plan=(Share("D103", missing_docstring, 1),), batch_share=0)


@pytest.fixture
def bench_of(cases: list[PatchCase], tmp_path: Path) -> BenchOf:
    """Return what makes a bench of an engine."""
    write_suite(cases, tmp_path / "workspaces", tmp_path / "truths.json")
    by_path = {case.file_path: case for case in cases}

    def bench(makes: Makes) -> LessonBench:
        def fix(findings: tuple[Finding, ...], root: Path, lessons: Lessons) -> Fixed:
            path = findings[0].file_path
            before = (root / path).read_text()
            after = makes(before, by_path[path], lessons)
            patch = None if after == before else Patch((FilePatch(path, before, after),), ())
            return Fixed(patch, findings if patch else (), ())

        judge = Judge(cases, PytestRunner(Bubblewrap(), python=Path(sys.executable)))
        lookup = RetrievedPatterns
        return LessonBench(cases, tmp_path / "workspaces", fix, lambda one: lookup(tmp_path, one), judge)

    return bench


def draft_of(bench: LessonBench, cases: list[PatchCase], tmp_path: Path) -> Pattern:
    """Return what the failures of the first cases teach."""
    failures = [case for case in cases[:TEACHING] if not bench.is_held_out(case)]
    (draft,) = drafts_of(metrics_of_failures(failures, NOW), tmp_path / "patterns.json", NOW)
    return draft


def taken(bench: LessonBench, cases: list[PatchCase], tmp_path: Path) -> Trialled:
    """Return a draft after its trials."""
    trials = LessonTrials(bench, cases[:TEACHING], cases[TEACHING:], NOW)
    return trials.take(draft_of(bench, cases, tmp_path), [])


def heeds(text: str, case: PatchCase, lessons: Lessons) -> str:
    """Mend what a lesson is shown for."""
    return case.after if lessons else text


def test_what_helps_becomes_active(bench_of: BenchOf, cases: list[PatchCase], tmp_path: Path) -> None:
    """A lesson that an engine heeds passes every gate, by fixtures, shadow hits and as many pairs as are needed."""
    one = taken(bench_of(heeds), cases, tmp_path)

    assert one.states == ["draft", "shadow", "canary", "active"]
    assert one.pattern.decisions[-1].figures["pairs_only_on"] == len(one.tried.pairs) == 13
    assert one.tried.shadow.hits == one.tried.shadow.of >= 13
    assert one.before.state == "draft"


def test_what_does_not_help_its_own_cases_is_quarantined(
    bench_of: BenchOf, cases: list[PatchCase], tmp_path: Path
) -> None:
    """A lesson that changes nothing fails its positive fixtures, and is quarantined with each of them named."""
    one = taken(bench_of(lambda text, _case, _lessons: text), cases, tmp_path)

    failed = one.pattern.decisions[-1].figures["failed"]

    assert one.states == ["draft", "quarantined"]
    assert isinstance(failed, list)
    assert len(failed) == len(one.pattern.positive) > 2
    assert all(str(told).startswith("positive: ") for told in failed)


def test_what_spoils_mended_code_is_quarantined(bench_of: BenchOf, cases: list[PatchCase], tmp_path: Path) -> None:
    """A lesson that gets mended code changed again fails its negative fixtures; what changes anyway does not."""

    def eager(text: str, case: PatchCase, lessons: Lessons) -> str:
        return heeds(text, case, lessons) if text == case.before else f"{text}# {len(lessons)}\n"

    def restless(text: str, case: PatchCase, lessons: Lessons) -> str:
        return heeds(text, case, lessons) if text == case.before else f"{text}# as ever\n"

    spoiling = taken(bench_of(eager), cases, tmp_path)

    assert spoiling.states == ["draft", "quarantined"]
    assert "negative: " in str(spoiling.pattern.decisions[-1].figures["failed"])
    assert taken(bench_of(restless), cases, tmp_path).pattern.state == "active"


def test_the_same_prompt_is_asked_once(bench_of: BenchOf, cases: list[PatchCase], tmp_path: Path) -> None:
    """A case that a set of patterns shows nothing for is not asked about again, and has the same outcome."""
    bench = bench_of(heeds)
    active = draft_of(bench, cases, tmp_path).model_copy(update={"state": "active"})
    elsewhere = active.model_copy(update={"rule_ids": ["F401"], "positive": []})

    without = bench.runs(cases)
    asked = bench.asked
    unshown = bench.runs(cases, [elsewhere])
    shown = bench.runs(cases, [active])

    assert unshown == without
    assert asked == len(cases)
    assert bench.asked == asked + sum(bool(one.shown) for one in shown.values())
    assert [case.case_id for case in cases if not shown[case.case_id].shown] == [
        case.case_id for case in cases if bench.is_held_out(case)
    ]
