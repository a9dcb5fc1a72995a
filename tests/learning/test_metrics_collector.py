"""The collector counts what went wrong, and reads and writes its published form without a loss."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.learning import MetricsDocument
from patchtrail.learning import MetricsCollector
from tests.learning.clocks import Clock

VECTORS = Path(__file__).parents[2] / "shared/vectors/MetricsDocument"
PUBLISHED_BUG = {
    "pattern": "numpy_json_serialization",
    "error": "TypeError: Object of type float64 is not JSON serializable",
    "code": 'result = {"score": np.mean(data)}',
    "file_path": "api/endpoints.py",
    "line": 42,
    "stack_trace": None,
    "timestamp": "2024-01-04T12:00:00",
    "count": 3,
}


def full() -> MetricsCollector:
    """Return a collector with two of each kind, the second a repeat of the first where there are repeats."""
    clock = Clock()
    collector = MetricsCollector(now=clock)
    for _ in range(2):
        collector.log_bug("bounds_checking", "IndexError", "items[0]", "a.py", 3, "Traceback …")
        collector.log_test_failure("test_a", "it failed", "bounds_checking", "assert a")
        collector.log_code_review_issue("style", "naming", "low", "b.py", 4, "rename it")
        collector.log_performance_metric("memory", {"bytes": 9, "parts": ["x"]})
        collector.log_deployment_issue("upload limit", "large_files", "production", root_cause="a proxy")
        collector.log_code_generation("an endpoint", ["naming"], 0.9, success=True, code_length=80)
        clock.goes(hours=1)
    return collector


def test_a_repeat_raises_the_count() -> None:
    """The same again is one entry with its count and all its times; generated code is never a repeat."""
    told = full().export_dict()

    assert {kind: [one["count"] for one in entries] for kind, entries in told.items()} == {
        **{kind: [2] for kind in ("bugs", "test_failures", "code_reviews", "performance_metrics", "deployment_issues")},
        "code_generation": [1, 1],
    }
    assert told["bugs"][0]["timestamp"] == "2024-01-04T13:00:00"
    assert told["bugs"][0]["earlier"] == ["2024-01-04T12:00:00"]
    assert full().get_summary() == {
        "bugs": 1,
        "test_failures": 1,
        "code_reviews": 1,
        "performance_metrics": 1,
        "deployment_issues": 1,
        "code_generation": 2,
        "total": 7,
    }


def test_another_place_is_another_entry() -> None:
    """What differs in place, reason or severity is no repeat."""
    collector = full()
    collector.log_bug("bounds_checking", "IndexError", "items[0]", "a.py", 4)
    collector.log_test_failure("test_a", "it failed otherwise", "bounds_checking")
    collector.log_code_review_issue("style", "naming", "high", "b.py", 4)

    assert collector.get_summary()["total"] == 10


def test_what_is_exported_is_the_contract() -> None:
    """An export has the contract's shape, is a copy, and comes back the same through JSON."""
    collector = full()
    collector.export_dict()["bugs"].clear()
    again = MetricsCollector(now=Clock())
    again.load_from_json(collector.export_json())

    MetricsDocument.model_validate_json(collector.export_json())
    assert again.export_dict() == collector.export_dict()
    assert again.get_summary()["bugs"] == 1


@pytest.mark.parametrize("path", sorted(VECTORS.glob("*.json")), ids=lambda path: path.name)
def test_vectors(path: Path) -> None:
    """The contract's good documents are read, and written with all that they say; the bad ones are refused."""
    value = json.loads(path.read_text())["value"]
    collector = MetricsCollector()
    if path.name.endswith(".bad.json"):
        with pytest.raises(InvalidInput, match="no metrics file"):
            collector.load_from_json(json.dumps(value))
        return
    collector.load_from_json(json.dumps(value))
    told = collector.export_dict()

    assert [
        kind
        for kind, entries in value.items()
        for one, held in zip(entries, told[kind], strict=True)
        if {**held, **one} != held
    ] == []


def test_others_fields_are_kept() -> None:
    """What another writer put beside the published fields, and its nulls, do not get lost; a repeat still counts."""
    document = {
        "bugs": [{**PUBLISHED_BUG, "team": "core"}],
        "code_reviews": [{"issue_type": "i", "pattern": "p", "severity": "low", "file_path": "a.py", "line": None,
                          "suggestion": None, "timestamp": "2024-01-04T12:00:00"}],
        "changelog": ["x"],
    }  # fmt: skip
    collector = MetricsCollector(now=Clock())
    collector.load_from_json(json.dumps(document))
    collector.log_bug(*(PUBLISHED_BUG[name] for name in ("pattern", "error", "code", "file_path", "line")))
    told = collector.export_dict()

    assert (told["bugs"][0]["team"], told["bugs"][0]["count"], told["changelog"]) == ("core", 4, ["x"])
    assert told["code_reviews"][0]["line"] == 0


@pytest.mark.parametrize(
    ("text", "where"),
    {
        "not JSON": ("{", "the top"),
        "no object": ("[]", "the top"),
        "no list": ('{"bugs": "none"}', "bugs"),
        "no entry": ('{"bugs": [1]}', "bugs.0"),
        "no line": ('{"bugs": [{"pattern": "p"}]}', "bugs.0.error"),
        "unknown severity": (json.dumps({"code_reviews": [{"issue_type": "i", "pattern": "p", "severity": "worst",
                             "file_path": "a", "line": 1, "timestamp": "t"}]}), "code_reviews.0.severity"),
        "deep": ('{"bugs": ' + "[" * 2_000 + "]" * 2_000 + "}", "the top"),
        "not UTF-8": (b'{"bugs": "\xff"}', "the top"),
    }.values(),
)  # fmt: skip
def test_a_broken_file_changes_nothing(text: str | bytes, where: str) -> None:
    """A file that is no metrics file is refused with the place, and what was held is still held."""
    collector = full()
    before = collector.export_dict()
    with pytest.raises(InvalidInput, match=f"at {where}"):
        collector.load_from_json(text)

    assert collector.export_dict() == before


def test_a_wrong_value_is_named() -> None:
    """An unknown severity and a line before the first are refused by name, and nothing is kept."""
    collector = MetricsCollector()
    with pytest.raises(ValidationError, match="severity"):
        collector.log_code_review_issue("i", "p", "worst", "a.py")  # type: ignore[arg-type]  # the mistake
    with pytest.raises(ValueError, match="line"):
        collector.log_bug("p", "e", "c", "a.py", -1)

    assert collector.get_summary()["total"] == 0


def test_secrets_are_taken_out_of_every_text() -> None:
    """The redaction that a collector was given sees each text, however deep it lies."""
    collector = MetricsCollector(redact=lambda text: text.replace("hunter2", "…"))
    collector.log_bug("p", "hunter2", "x = 'hunter2'", "a.py", 1, "hunter2")
    collector.log_performance_metric("m", {"of": [{"password": "hunter2"}]})

    assert "hunter2" not in collector.export_json()
