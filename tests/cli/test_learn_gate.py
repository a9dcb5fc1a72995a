"""`patchtrail learn gate` moves patterns by evidence alone, and `trial` says how a trial stands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from patchtrail.cli.app import app
from patchtrail.contract.learning import Pattern
from patchtrail.learning import PatternLibrary
from tests.learning.evidence import FIXTURES, pairs
from tests.learning.patterns import pattern_of

TAUGHT = {"provenance": {"traces": ["trace-1", "trace-2", "trace-3"]}, "approved_at": "2024-01-04T12:00:00"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(**fields: Any) -> None:
    """Keep a library of one pattern."""
    library = PatternLibrary()
    library.put(Pattern.model_validate({**pattern_of("p").model_dump(), **fields}))
    library.save_patterns()


def told(**tried: Any) -> tuple[str, str]:
    """Write evidence; return the option that names it."""
    Path("evidence.json").write_text(json.dumps({"p": tried}))
    return "--evidence", "evidence.json"


def check(*arguments: str, exit_code: int = 0, said: tuple[str, ...] = ()) -> None:
    """Run a verb; compare its exit code and what it says."""
    result = CliRunner().invoke(app, ["learn", *arguments])

    assert result.exit_code == exit_code, result.output
    assert [text for text in said if text not in result.output] == [], result.output


def state() -> str:
    """Return the pattern's state."""
    (pattern,) = PatternLibrary().get_all_patterns()
    return pattern.state


def test_a_pattern_walks_the_whole_way() -> None:
    """With evidence for each arrow a pattern goes from draft to active, one step at a time, every decision kept."""
    put(**TAUGHT)
    check("gate", said=("p: stays draft",))
    check("gate", *told(**FIXTURES), "--dry-run", said=("p: draft → shadow",))
    assert state() == "draft"

    check("gate", "p", *told(**FIXTURES), said=("p: draft → shadow, its positive and negative fixtures pass",))
    check("gate", *told(shadow={"hits": 12, "of": 12}), said=("p: shadow → canary",))
    check("gate", *told(**pairs(20)), said=("p: stays canary",))
    check("gate", *told(**FIXTURES, **pairs(20)), said=("p: canary → active", "lift 1.0"))
    (pattern,) = PatternLibrary().get_all_patterns()

    assert [one.after for one in pattern.decisions] == ["shadow", "canary", "active"]
    assert pattern.decisions[-1].figures["pairs_only_on"] == 20


@pytest.mark.parametrize(
    ("fields", "tried", "after"),
    [
        ({"state": "draft", **TAUGHT, "approved_at": None}, FIXTURES, "draft"),
        ({"state": "draft", "approved_at": "2024-01-04T12:00:00"}, FIXTURES, "draft"),
        ({"state": "draft", **TAUGHT}, {"fixtures": {"positive": 1, "negative": 1, "failed": ["x"]}}, "quarantined"),
        ({"state": "canary"}, {**FIXTURES, "regressions": ["tests/test_a.py"]}, "quarantined"),
        ({"state": "canary"}, {**FIXTURES, **pairs(0, without_alone=15)}, "archived"),
        ({"state": "canary"}, {**FIXTURES, **pairs(0, both=200)}, "archived"),
        ({"state": "active", "harmful": 40, "retrieved": 100}, {}, "probation"),
        ({"state": "active", "last_occurrence": "2020-01-04T12:00:00"}, {}, "probation"),
        ({"state": "archived"}, {**FIXTURES, **pairs(50)}, "archived"),
    ],
)
def test_what_the_gate_decides(fields: dict[str, Any], tried: dict[str, Any], after: str) -> None:
    """Without approval or sessions a draft stays; failures, harm, no effect and disuse move a pattern away."""
    put(**fields)
    check("gate", *told(**tried))

    assert state() == after


def test_a_trial_is_told_and_decides_nothing() -> None:
    """The verdict under the registered rule is said with its figures, and the pattern stays where it is."""
    put(state="canary")
    check("trial", "p", said=("p (canary): open",))
    check(
        "trial", "p", *told(**pairs(20)), said=("p (canary): lift", "pairs_only_on   20", "test            sequential")
    )
    check("trial", "p", *told(**pairs(20)), "--test", "mcnemar", said=("open",))
    check("trial", "p", *told(**pairs(20)), "--test", "mcnemar", "--pairs", "20", said=("lift",))
    check("trial", "p", "--test", "guess", exit_code=2, said=("none of sequential, mcnemar",))

    assert state() == "canary"


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        ("{", "evidence.json: This is no evidence"),
        ('{"p": {"pear": 1}}', "p.pear"),
        ('{"p": {"pairs": [{"case": "a", "with": 1, "without": true}]}}', "p.pairs.0.with"),
        ('{"p": {"shadow": {"hits": 3, "of": 2}}}', "p: 3 hits of 2"),
        (json.dumps({"p": {"pairs": pairs(1)["pairs"] * 2}}), "stands twice"),
        ('{"q": {}}', "'q', which is no pattern"),
    ],
)
def test_evidence_that_is_none(evidence: str, said: str) -> None:
    """Evidence that is broken, counts a case twice, or is about no pattern is refused, and nothing is decided."""
    put(state="active", last_occurrence="2020-01-04T12:00:00")
    Path("evidence.json").write_text(evidence)
    check("gate", "--evidence", "evidence.json", exit_code=2, said=(said,))
    check("gate", "none", exit_code=2, said=("no pattern 'none'",))

    assert state() == "active"
