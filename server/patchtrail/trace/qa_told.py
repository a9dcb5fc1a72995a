"""Validations and judgements in lines that a person can read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from patchtrail.contract.qa import (
    DIMENSIONS,
    Dimension,
    JudgeReason,
    JudgeResult,
    LintFinding,
    RecordedRun,
    ReplayResult,
    ValidationResult,
)

__all__ = ["NO_LABELS", "told_judgement", "told_validation"]

NO_LABELS = "not aligned with people: no human labels"

SHOWN = 20
"""How many names of a list are shown; how many more there are is said."""


def told_validation(validation: ValidationResult) -> list[str]:
    """Return what was validated: the verdict, then what it rests on."""
    return list(_validation(validation))


def told_judgement(judge: JudgeResult) -> list[str]:
    """Return the scores with their reasons and the events that they rest on; what was struck out is shown as such."""
    return list(_judgement(judge))


def _validation(found: ValidationResult) -> Iterator[str]:
    passed = {True: "all tests passed", False: "not all tests passed", None: "no tests ran"}[found.tests_passed]
    yield f"{found.verdict or 'no verdict'}: {found.reason or passed}"
    if found.replay is not None:
        yield from _replay(found.replay)
    yield from _names("FAIL_TO_PASS", found.fail_to_pass)
    yield from _names("PASS_TO_PASS", found.pass_to_pass)
    yield from _names("failed before and after", found.fail_to_fail)
    yield from _names("passed before, failed after", found.pass_to_fail)
    yield from _names("flaky", found.flaky)
    yield from _names("tests that the session changed; pristine ones decided", found.changed_test_files)
    yield from _names("cheats", found.cheats)
    for run in found.recorded_runs:
        yield from _recorded(run)
    if found.agreement is not None:
        yield f"  {100 * found.agreement:.0f} % of the compared tests ended as the participant saw them"
    if found.coverage is not None:
        reached = f"{found.coverage.covered_lines} of {found.coverage.changed_lines} changed lines"
        yield f"  tests reached {reached} ({found.coverage.tool})"
    if found.lint is not None:
        yield f"  {found.lint.tool}: {found.lint.before} findings before, {found.lint.after} after"
        yield from _names("new", [_finding(one) for one in found.lint.new])
        yield from _names("gone", [_finding(one) for one in found.lint.gone])
    if found.sandbox:
        yield f"  run by {found.runner or 'nothing'} in {found.sandbox}, network: {found.network}"
    yield from _names("not limited on that machine", found.missing_limits)


def _replay(replay: ReplayResult) -> Iterator[str]:
    edits = f"{_count(replay.edits, 'edit')}, start: {replay.start}"
    yield f"  replay: {'agrees' if replay.agrees else f'does not agree: {replay.reason}'} ({edits})"
    if replay.divergence is not None:
        at = "" if replay.divergence.seq is None else f"event {replay.divergence.seq}, "
        yield f"    first at {at}{replay.divergence.file_path}: {replay.divergence.message}"
    yield from _names("replayed in redacted form", replay.redacted_files)
    yield from _names("changed, but withheld", replay.withheld_files)


def _recorded(run: RecordedRun) -> Iterator[str]:
    word = {True: "agrees", False: "disagrees", None: "not compared"}[run.agrees]
    yield f"  the run of event {run.seq}, run again: {word}, {_count(run.compared, 'test')}{_after(run.problem)}"
    for one in run.disagreements[:SHOWN]:
        yield f"    {one.test_id}: recorded {one.recorded}, run again {one.rerun}"


def _judgement(judge: JudgeResult) -> Iterator[str]:
    who = ", ".join(judge.models) if judge.kind == "model" and judge.models else judge.kind or "unknown judge"
    rubric = f", rubric {judge.rubric_version}" if judge.rubric_version else ""
    yield f"{judge.overall:.2f} of 5 ({who}{rubric})"
    yield f"  this judge is {NO_LABELS if judge.alignment is None else judge.alignment.badge}"
    for dimension, weight in DIMENSIONS.items():
        if dimension in judge.scores:
            spread = f", spread {judge.spread[dimension]:.1f}" if judge.spread.get(dimension) else ""
            abstained = ", abstained: the heuristic's" if dimension in judge.abstained else ""
            alone = "" if _is_as_good_as_the_judge(dimension, judge) else ", not aligned"
            name = dimension.replace("_", " ")
            yield f"  {name}: {judge.scores[dimension]:.1f} (weight {weight} %{spread}{abstained}{alone})"
        yield from (_reason(one) for one in judge.reasons if one.dimension == dimension)
    if judge.heuristic_overall is not None:
        yield f"  the heuristic judge says {judge.heuristic_overall:.2f}"
    if judge.needs_human:
        yield "  a person should look at it"
    if judge.fallback:
        yield f"  the configured model did not judge: {judge.fallback}"
    if judge.cost_usd is not None:
        yield f"  cost: {judge.cost_usd:.4f} USD"


def _is_as_good_as_the_judge(dimension: Dimension, judge: JudgeResult) -> bool:
    """Return whether nothing is to be said of a dimension beside what the first lines say of the whole judge."""
    told = judge.alignment
    return told is None or not told.is_aligned or dimension in told.aligned_dimensions


def _finding(one: LintFinding) -> str:
    return f"{one.file_path}:{one.line} {one.rule} {one.message}"


def _reason(reason: JudgeReason) -> str:
    mark = "+" if reason.is_met else "~" if reason.is_met_in_part else "-"
    events = f" [{', '.join(f'event {seq}' for seq in reason.event_seqs)}]" if reason.event_seqs else ""
    line = f"    {mark} {reason.check}: {reason.text}{events}"
    return f"{line} (struck out: {reason.struck_out})" if reason.struck_out else line


def _names(title: str, names: Sequence[str]) -> Iterator[str]:
    if not names:
        return
    yield f"  {title}: {len(names)}"
    yield from (f"    {name}" for name in names[:SHOWN])
    if len(names) > SHOWN:
        yield f"    and {len(names) - SHOWN} more"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _after(problem: str) -> str:
    return f"; {problem}" if problem else ""
