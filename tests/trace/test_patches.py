"""What a trace tells of patches, wherever it is read."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import TypeAdapter

from patchtrail.contract.event_lines import Event
from patchtrail.integrity.verify import VerifiedEvent, artifact_refs
from patchtrail.trace import coverage_of_events, document_of, episodes_of, main_table, otel_traces, timeline
from tests.contract.patch_samples import ATTEMPT, FAILED_ATTEMPT, OUTCOME, STANDING, TEXTS
from tests.integrity.honest import check, honest

SESSION = honest(seed=5)
VERDICT = check(SESSION.evidence)
TRACE_ID = SESSION.evidence.trace_id
FOUND = ATTEMPT["findings"][0]


def event(kind: str, data: dict[str, Any], seq: int = 1) -> Event:
    """Return an event line."""
    shape = {"v": 1, "trace_id": TRACE_ID, "seq": seq, "prev": "0" * 64, "ts_ms": 5_000, "mono_ms": 5_000}
    told: Event = TypeAdapter(Event).validate_python({**shape, "type": kind, "data": data})
    return told


def held(*events: Event) -> list[VerifiedEvent]:
    """Return a session of its start and these events."""
    first = VERDICT.events[0]
    return [first, *(replace(first, event=one, hash="a" * 63 + str(at)) for at, one in enumerate(events))]


ATTEMPTED = event("patch_attempt", ATTEMPT)
ACCEPTED = event("patch_outcome", OUTCOME, 2)


@pytest.mark.parametrize(
    ("kind", "change", "line"),
    [
        ("patch_attempt", {}, "patch offered for F401 in shop/cart.py:3 (batch, 2nd try, 812 tokens)"),
        (
            "patch_attempt",
            {**FAILED_ATTEMPT, "retry_attempt": 3, "findings": [FOUND, FOUND]},
            "patch failed for F401 in shop/cart.py:3 and 1 more (batch, 3rd try, 812 tokens): not located",
        ),
        (
            "patch_attempt",
            {"findings": [{**FOUND, "rule_id": ""}], "strategy": "single", "retry_attempt": 11},
            "patch offered for ruff in shop/cart.py:3 (single, 11th try, 812 tokens)",
        ),
        ("patch_attempt", {"findings": []}, "patch offered for a finding (batch, 2nd try, 812 tokens)"),
        ("patch_outcome", {}, "patch accepted in shop/cart.py"),
        ("patch_outcome", STANDING, "patch was changed in shop/cart.py, 3 of 5 lines stand"),
        ("patch_outcome", {"outcome": "undone", "file_paths": []}, "patch undone in a file"),
    ],
)
def test_a_line_for_a_person(kind: str, change: dict[str, Any], line: str) -> None:
    """The timeline says what was asked for, at which try, what it cost, and what became of it."""
    data = {**(ATTEMPT if kind == "patch_attempt" else OUTCOME), **change}
    [row] = timeline([event(kind, data)])

    assert row.summary == line


def test_details_of_an_attempt() -> None:
    """Below it stand time, cost and model, whether it was re-checked, and each finding's message."""
    [row] = timeline([event("patch_attempt", {**ATTEMPT, "is_rechecked": False})])

    assert row.details == (
        "1.9 s, 0.0012 USD, small-coder, not re-checked",
        "F401 shop/cart.py:3: `os` imported but unused",
    )


def test_the_document_counts_them() -> None:
    """The document holds both events whole and counts attempts and accepted patches."""
    told = held(ATTEMPTED, ACCEPTED, event("patch_outcome", {**OUTCOME, **STANDING}, 3))
    shown = json.loads(document_of(TRACE_ID, told, [None] * 4, VERDICT.assurance()).model_dump_json())

    assert (shown["metrics"]["num_patch_attempts"], shown["metrics"]["num_patches_accepted"]) == (1, 1)
    assert [one["type"] for one in shown["events"][1:]] == ["patch_attempt", "patch_outcome", "patch_outcome"]
    assert shown["events"][1]["cost_microusd"] == 1_234


def test_prompt_and_response_are_artifacts_of_the_attempt() -> None:
    """Whoever uploads, checks, forgets or lists artifacts finds all that an attempt names."""
    diff = {"sha256": "7" * 64, "size_bytes": 9, "media_type": "text/x-diff"}
    named = event("patch_attempt", {**ATTEMPT, **TEXTS, "diff_unified": "", "diff_artifact": diff})

    assert [ref.sha256[0] for ref in artifact_refs(named)] == ["7", "5", "6"]
    assert list(artifact_refs(ATTEMPTED)) == []


def test_exports_tell_them() -> None:
    """OpenTelemetry has a span as long as the attempt took; ProgSnap2 has a row at its file for each."""
    traces = otel_traces(TRACE_ID, held(ATTEMPTED, event("patch_attempt", {**ATTEMPT, **FAILED_ATTEMPT}, 2)), "0")
    spans: Any = traces["resourceSpans"][0]["scopeSpans"][0]["spans"][1:]
    events = [one.event for one in held(ATTEMPTED, ACCEPTED)]
    table = main_table(events, [None] * 3, state_at=lambda _: "", tool="t").decode()
    rows = list(csv.DictReader(io.StringIO(table)))[1:]

    assert [(span["name"], span["status"]["code"]) for span in spans] == [("patch attempt", 0), ("patch attempt", 2)]
    assert int(spans[0]["endTimeUnixNano"]) - int(spans[0]["startTimeUnixNano"]) == 1_934_000_000
    assert [(row["EventType"], row["CodeStateSection"]) for row in rows] == [
        ("X-PatchAttempt", "shop/cart.py"),
        ("X-PatchOutcome", ""),
    ]


def test_neither_a_gap_nor_an_edit() -> None:
    """The coverage ledger and fault episodes take them for what they are: no gap, no edit, no run."""
    events = [one.event for one in held(ATTEMPTED, ACCEPTED)]

    assert coverage_of_events(events).gaps == []
    assert episodes_of(events) == []
