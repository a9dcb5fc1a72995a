"""From facts to the one word: a table, read from the top; the first row that has something to say decides.

What is certain comes before what is not: that a test which passed now fails is sure, whatever other tests do, and so is
that the target still fails. Only a fix that would hang on a test with different outcomes is `flaky`. Nothing that
was tampered with, or that bent its own run, is ever a fix.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from patchtrail.contract.qa import Verdict

__all__ = ["TABLE", "Facts", "Row", "verdict_of"]

NAMED = 3


@dataclass(frozen=True)
class Facts:
    """What is known; a text is empty where there is nothing to say, a list where nothing is of that kind."""

    no_ground: str = ""
    """Why there is nothing to replay on."""
    divergence: str = ""
    """Where the recorded edits lead to something else than was recorded."""
    cannot_run: str = ""
    """Why no test could be run: no sandbox, no environment, a run that ended before its first test."""
    not_as_recorded: str = ""
    """Files that are not the participant's own, redacted or withheld, and that stopped the run."""
    bent: Sequence[str] = ()
    """What tried to bend a run that counts."""
    has_tests: bool = True
    newly_failing: Sequence[str] = ()
    still_failing: Sequence[str] = ()
    """Targets, and tests that the session itself added, that fail at the end."""
    undecided: Sequence[str] = ()
    """Tests with different outcomes on the same files that the verdict would hang on."""
    fixed: Sequence[str] = ()
    failed_at_start: Sequence[str] = ()


@dataclass(frozen=True)
class Row:
    """A verdict, and the reason for it in these facts; empty where it does not hold."""

    verdict: Verdict
    reason: Callable[[Facts], str]


TABLE: tuple[Row, ...] = (
    Row("not_run", lambda facts: facts.no_ground),
    Row("not_reproducible", lambda facts: facts.divergence),
    Row("not_run", lambda facts: facts.cannot_run),
    Row("not_reproducible", lambda facts: facts.not_as_recorded),
    Row("not_fixed", lambda facts: _told(facts.bent, "A run that was bent proves nothing: {}")),
    Row("no_tests", lambda facts: "" if facts.has_tests else "The repository has no tests that could be run."),
    Row("regression", lambda facts: _told(facts.newly_failing, "What passed at the start fails at the end: {}.")),
    Row("not_fixed", lambda facts: _told(facts.still_failing, "It still fails at the end: {}.")),
    Row("flaky", lambda facts: _told(facts.undecided, "Different outcomes on the same files: {}.")),
    Row("not_fixed", lambda facts: "" if facts.fixed else _nothing_fixed(facts)),
    Row("verified_fix", lambda facts: _told(facts.fixed, "It failed at the start and passes at the end: {}.")),
)


def verdict_of(facts: Facts) -> tuple[Verdict, str]:
    """Return the verdict, and its reason in a sentence."""
    for row in TABLE:
        if reason := row.reason(facts):
            return row.verdict, reason
    raise AssertionError("One of the last two rows always holds.")


def _nothing_fixed(facts: Facts) -> str:
    if facts.failed_at_start:
        return _told(facts.failed_at_start, "No test that failed at the start passes at the end: {}.")
    return "No test failed at the start, and no test of the session's own shows the bug."


def _told(names: Sequence[str], sentence: str) -> str:
    if not names:
        return ""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return sentence.format(", ".join(names[:NAMED]) + more)
