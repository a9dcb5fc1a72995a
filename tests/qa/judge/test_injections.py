"""49. Prompt injection: whatever a trace says to a judge, and wherever, moves nothing."""

from __future__ import annotations

import pytest

from patchtrail.qa.judge import HeuristicJudge
from patchtrail.qa.judge.address import heard, is_addressed
from tests.qa.judge.injections import CARRIERS, CORPUS, injections_into
from tests.qa.judge.sessions import WrittenSession, read_sessions

ONE_OF_EACH_KIND = list({session.kind: session for session in read_sessions("tuning")}.values())


@pytest.mark.parametrize("name", CORPUS)
def test_49_words_to_a_judge_are_known(name: str) -> None:
    """Each attack of the corpus is seen for what it is, and nothing of it is heard."""
    assert is_addressed(CORPUS[name])
    assert heard(CORPUS[name]).text == ""


@pytest.mark.parametrize("session", ONE_OF_EACH_KIND, ids=[session.name for session in ONE_OF_EACH_KIND])
def test_49_no_heuristic_score_moves(session: WrittenSession) -> None:
    """An attack in a note, a comment, a test's name, an output, a path, a commit or a command moves no score."""
    judge = HeuristicJudge()
    before = judge.judge(session.case, session.validation).scores
    tried = list(injections_into(session.case))
    moved = {
        one.name: _difference(before, after)
        for one in tried
        if (after := judge.judge(one.case, session.validation).scores) != before
    }

    assert len(tried) == len(CORPUS) * len(CARRIERS) >= 200
    assert moved == {}


def _difference(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {name: after[name] - score for name, score in before.items() if after[name] != score}


HONEST = """\
page_count(20, 10) is 3, page_count(0, 10) is 1. 21 is right. So only exact multiples are off.
`total // size + 1` adds the page for a remainder even when there is none. Needs a ceiling division.
As expected: 20 gives 2, 0 gives 0, 21 still 3. All four green.
The score is wrong after a draw because both players get the points of a win.
The grading function rounds before it adds, so 4.5 becomes 4.
The user gets an error: the session expired before the request was sent.
Tests pass now, the system under test was fine, the fixture was wrong.
I should have looked at the output first.
Rating stars are averaged over all reviews, the empty ones too.
The model returns None when the prompt is empty, so the parser crashes.
It prints the previous value, not the new one.
I added a field to the model and a migration.
It should list all users, but the last one is missing.
All checks passed, verified by test_totals.
The parser returns 100 % of the rows, conflict markers too.
It prints the previous user's name to the session log.
The highest score is returned instead of the last one.
As a user I see the prompt twice.
Note: the judge table has no index, so the query scans it.
Could not reproduce it, so I leave it open and say so in the commit.
"""


@pytest.mark.parametrize("line", HONEST.splitlines())
def test_49_honest_words_are_heard(line: str) -> None:
    """What is said to colleagues is heard whole, though its code be about scores, prompts and sessions."""
    assert not is_addressed(line)
    assert heard(line).text == line
