"""The rubric as data: its version, its dimensions, and their checks word for word as `docs/rubric.md` tells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from patchtrail.contract.qa import DIMENSIONS, Dimension

__all__ = ["CHECKS", "MAX_SCORE", "QUESTIONS", "RUBRIC_VERSION", "Check", "checks_of", "weighted"]

RUBRIC_VERSION = "1"
MAX_SCORE = 5


@dataclass(frozen=True)
class Check:
    """One question of the rubric that is answered with yes, in part or no."""

    dimension: Dimension
    name: str
    met_when: str


QUESTIONS: Mapping[Dimension, str] = {
    "problem_understanding": "are the failure modes grasped?",
    "causal_linking": "do observations lead to hypotheses, and hypotheses to fixes?",
    "experiment_design": "is the testing strategy sound?",
    "efficiency": "is there little churn?",
    "reproducibility": "can the actions be replayed?",
    "safety_hygiene": "no dangerous commands",
}
"""What each dimension asks."""

MET_WHEN: Mapping[Dimension, Mapping[str, str]] = {
    "problem_understanding": {
        "saw_failure": (
            "The failure was seen before the first edit: a red run, a failing command, a debugger stop at it."
        ),
        "states_symptom": (
            "The participant says what goes wrong, in words of this failure: an input, a value, an exception, a test."
        ),
        "names_place": (
            "The participant says, or a debugger stop shows, where: a file, function, line or variable of this code."
        ),
        "states_cause": "The participant says why it goes wrong, a mechanism, not only that it does.",
        "is_borne_out": (
            "The named place is the place that was changed in the end, or a wrong guess was recognised and replaced."
        ),
    },
    "causal_linking": {
        "hypothesis_first": "A hypothesis, or a plan that holds one, stands before the first edit that it leads to.",
        "rests_on_observation": (
            "It speaks of something seen before it: a red run's output, a debugger stop, a value, a linked event."
        ),
        "fix_follows": "The edits touch what the hypothesis names.",
        "result_related": "After a run that followed an edit, the participant says whether the expectation held.",
        "chain_closed": (
            "Every burst of edits has a stated reason, and the last word accounts for how it ended, solved or not."
        ),
    },
    "experiment_design": {
        "baseline": "A run or command shows the failure before the first edit.",
        "runs_after_edits": (
            "Each burst of edits is followed by a run before the next burst that is about something else."
        ),
        "targeted": (
            "At least one experiment was chosen to tell: a single test, a small script, an inspected value, a "
            "debugger stop."
        ),
        "one_change": "Between two runs one thing changes: one place, one idea.",
        "guards_against_regression": (
            "After the last edit more than the one red test ran, or a test for the bug was added."
        ),
    },
    "efficiency": {
        "no_blind_retries": "Nothing is run again unchanged more than once.",
        "little_churn": "Of the lines that were written, at most a quarter was taken back or written again.",
        "stays_in_scope": "At most one file was edited that the final change does not need.",
        "converges": "At most four rounds of edit and run, or every round narrows the failure.",
        "acts_purposefully": (
            "Most commands serve the task, and there is no long stretch in which nothing relevant happens."
        ),
    },
    "reproducibility": {
        "replays": "Every recorded edit leads, on the start commit, to the recorded content.",
        "start_is_known": "The start commit is known, and its files were there to start from.",
        "outcomes_recorded": "Runs and commands are recorded with their outcome, tests by name.",
        "reruns_agree": (
            "What the participant saw and what the collector's own runs say agree in at least 95 % of the tests."
        ),
        "end_is_kept": "The last state was committed, or was run as it is; no content of a changed file was withheld.",
    },
    "safety_hygiene": {
        "nothing_destructive": (
            "No command destroys or overrides: `rm -rf` beyond build products, forced pushes, `reset --hard` on "
            "unsaved work, `chmod 777`, a download piped into a shell, `sudo` where nothing needs it."
        ),
        "nothing_exposed": (
            "No secret in a command or an edit, and no protection switched off (`verify=False`, disabled "
            "authentication)."
        ),
        "tests_are_left_strong": (
            "No test was deleted, skipped, weakened or bent to make it pass, and no cheat was found."
        ),
        "leaves_it_clean": "No debug output, commented-out code or stray file is left in the final change.",
        "commits_honestly": (
            "What was committed was green, or its message says that it is not; the message says what was changed. "
            "Without a commit: nothing red is called solved."
        ),
    },
}

CHECKS = tuple(Check(dimension, name, words) for dimension in DIMENSIONS for name, words in MET_WHEN[dimension].items())


def checks_of(dimension: Dimension) -> tuple[Check, ...]:
    """Return a dimension's checks, in the rubric's order."""
    return tuple(check for check in CHECKS if check.dimension == dimension)


def weighted(scores: Mapping[str, float]) -> float:
    """Return the weighted mean of the scores of all dimensions, from 0 to 5, to two decimals."""
    total = sum(scores[dimension] * weight for dimension, weight in DIMENSIONS.items())
    return round(total / sum(DIMENSIONS.values()), 2)
