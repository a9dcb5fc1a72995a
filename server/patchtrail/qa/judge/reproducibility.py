"""Reproducibility: can the actions be replayed?"""

from __future__ import annotations

import re

from patchtrail.contract.qa import ValidationResult
from patchtrail.qa.judge.answer import HALF, MET, UNMET, Answer
from patchtrail.qa.judge.moves import Command
from patchtrail.qa.judge.story import Story

__all__ = ["reproducibility"]

SHA = re.compile(r"[0-9a-f]{7,64}")
MIN_AGREEMENT = 0.95
MIN_RECORDED = 0.9


def reproducibility(story: Story, validation: ValidationResult | None, *, has_snapshot: bool) -> list[Answer]:
    """Answer the dimension's checks; what only a validation can tell is half met without one, where events allow it."""
    return [
        _replays(story, validation),
        _start(story, validation, has_snapshot=has_snapshot),
        _outcomes(story),
        _reruns(story, validation),
        _end(story, validation),
    ]


def _replays(story: Story, validation: ValidationResult | None) -> Answer:
    replay = validation.replay if validation is not None else None
    if replay is not None:
        if replay.agrees:
            return Answer("replays", MET, "Every recorded edit was replayed on the start commit.")
        where = replay.divergence.seq if replay.divergence is not None else None
        return Answer(
            "replays", UNMET, replay.reason or "The replay does not agree.", () if where is None else (where,)
        )
    broken = [edit for edit in story.edits if not edit.is_replayable or edit.is_withheld]
    told = [edit for edit in story.edits if edit.added or edit.removed or edit.is_gone]
    if not broken and told:
        return Answer("replays", HALF, "Every edit is recorded; nothing was replayed.")
    return Answer(
        "replays", UNMET, "Edits are not recorded so that they can be replayed.", tuple(e.seq for e in broken)
    )


def _start(story: Story, validation: ValidationResult | None, *, has_snapshot: bool) -> Answer:
    is_known = SHA.fullmatch(story.start_commit) is not None
    replay = validation.replay if validation is not None else None
    has_files = replay.start != "none" if replay is not None else has_snapshot
    if has_files and (is_known or replay is not None):
        return Answer("start_is_known", MET, "The start commit is known, and its files were there.")
    if is_known:
        return Answer("start_is_known", HALF, "The start commit is known, but its files were not there.")
    return Answer("start_is_known", UNMET, "The start commit is not known.")


def _outcomes(story: Story) -> Answer:
    if not story.runs:
        told = [move for move in story.commands if isinstance(move, Command) and move.exit_code is not None]
        return Answer("outcomes_recorded", HALF if told else UNMET, "No run is recorded.")
    known = [run for run in story.runs if run.is_red is not None]
    tests = [run for run in story.runs if run.is_test]
    named = [run for run in tests if run.has_names]
    if len(known) < MIN_RECORDED * len(story.runs):
        unknown = tuple(run.seq for run in story.runs if run.is_red is None)
        met = HALF if len(known) * 2 >= len(story.runs) else UNMET
        return Answer("outcomes_recorded", met, "The outcome of runs is not recorded.", unknown)
    if len(named) * 2 < len(tests):
        return Answer(
            "outcomes_recorded", HALF, "Outcomes are recorded, tests not by name.", tuple(r.seq for r in tests)
        )
    return Answer("outcomes_recorded", MET, "Runs are recorded with their outcome, tests by name.")


def _reruns(story: Story, validation: ValidationResult | None) -> Answer:
    if validation is None:
        met = HALF if any(run.has_names for run in story.runs) else UNMET
        return Answer("reruns_agree", met, "Nothing was run again.")
    if validation.agreement is None:
        return Answer("reruns_agree", UNMET, "No recorded run could be compared with one of the collector's own.")
    seqs = tuple(run.seq for run in validation.recorded_runs if run.agrees is False)
    text = f"{validation.agreement:.0%} of the compared tests agree."
    return Answer("reruns_agree", MET if validation.agreement >= MIN_AGREEMENT else UNMET, text, seqs)


def _end(story: Story, validation: ValidationResult | None) -> Answer:
    withheld = [edit for edit in story.edits if edit.is_withheld]
    if withheld or (validation and validation.replay and validation.replay.withheld_files):
        kept = [commit for commit in story.commits if not withheld or commit.seq > withheld[-1].seq]
        text = "The content of a changed file was withheld."
        return Answer("end_is_kept", HALF if kept else UNMET, text, tuple(edit.seq for edit in withheld))
    last = max((edit.seq for edit in story.edits if edit.role != "scratch"), default=None)
    if last is None:
        return Answer("end_is_kept", MET if story.runs else UNMET, "Nothing was changed.")
    after = [move.seq for move in (*story.commits, *story.runs) if move.seq > last]
    if after:
        return Answer("end_is_kept", MET, "The last state was committed, or run as it is.", (last, after[0]))
    return Answer("end_is_kept", UNMET, "The last state was neither committed nor run.", (last,))
