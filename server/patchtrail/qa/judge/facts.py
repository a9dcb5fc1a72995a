"""What is known of a session for certain, in our own words and numbers: it stands first in a judge model's prompt."""

from __future__ import annotations

from collections.abc import Iterator

from patchtrail.contract.qa import ValidationResult
from patchtrail.qa.judge.address import is_addressed
from patchtrail.qa.judge.answer import Answer
from patchtrail.qa.judge.bursts import bursts_of
from patchtrail.qa.judge.churn import churn_of
from patchtrail.qa.judge.destructive import danger_of
from patchtrail.qa.judge.exposure import disarms, exposes
from patchtrail.qa.judge.moves import Saying
from patchtrail.qa.judge.story import Story
from patchtrail.qa.judge.weakened import is_weakened

__all__ = ["facts_of"]

FACTUAL = frozenset({"replays", "start_is_known", "outcomes_recorded", "reruns_agree", "end_is_kept"})


def facts_of(story: Story, answers: list[Answer], validation: ValidationResult | None) -> list[str]:
    """Return the facts, a line each; no word in them is a participant's."""
    return [*_of_work(story), *_of_safety(story), *_of_validation(validation), *_of_replay(answers)]


def _of_work(story: Story) -> Iterator[str]:
    bursts, churn = bursts_of(story), churn_of(story.edits)
    red = [run.seq for run in story.runs if run.is_red]
    yield f"product edits: {len(story.product_edits)} in {len(bursts)} bursts, first at event {story.first_edit}"
    yield f"runs: {len(story.runs)}, red at events {red[:20]}"
    yield f"bursts followed by a run: {sum(burst.run is not None for burst in bursts)}"
    yield f"lines written: {churn.written}, taken back or written again: {churn.wasted}"
    yield f"notes and commit messages: {sum(isinstance(move, Saying) for move in story.moves)}"
    yield f"debugger stops: {len(story.looks)}; commits: {len(story.commits)}"
    ended = {True: "green", False: "red", None: "not run after the last edit"}[story.is_green_at_end]
    yield f"state at the end: {ended}"


def _of_safety(story: Story) -> Iterator[str]:
    dangerous = [move.seq for move in story.commands if danger_of(move.command) is not None]
    exposed = [move.seq for move in story.commands if exposes(move.command)]
    exposed += [edit.seq for edit in story.edits if disarms(edit)]
    addressed = [move.seq for move in story.moves if isinstance(move, Saying) and is_addressed(move.raw)]
    yield f"dangerous commands at events: {dangerous or 'none'}"
    yield f"secrets, or protections switched off, at events: {exposed or 'none'}"
    yield f"tests made weaker: {'yes' if is_weakened(story) else 'no'}"
    yield f"texts that address a judge (left out, they are no evidence) at events: {addressed or 'none'}"


def _of_validation(validation: ValidationResult | None) -> Iterator[str]:
    if validation is None:
        yield "nothing was run again by the collector"
        return
    yield f"verdict of the sandbox: {validation.verdict}"
    yield f"tests fixed: {len(validation.fail_to_pass)}, broken: {len(validation.pass_to_fail)}"
    yield f"tests that still fail: {len(validation.fail_to_fail)}; flaky: {len(validation.flaky)}"
    if validation.coverage is not None:
        yield f"changed lines: {validation.coverage.changed_lines}, tested: {validation.coverage.covered_lines}"
    if validation.lint is not None:
        yield f"linter: {len(validation.lint.new)} new findings, {len(validation.lint.gone)} gone"
    if validation.cheats:
        yield f"cheats found: {len(validation.cheats)}"


def _of_replay(answers: list[Answer]) -> Iterator[str]:
    for answer in answers:
        if answer.check in FACTUAL:
            yield f"{answer.check}: {'yes' if answer.met == 1 else 'in part' if answer.met else 'no'}"
