"""What a collector found out about one session, and whether it is what the session deserves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

LEVELS = {"open": "L0", "signed": "L4"}
"""Who signs nothing proves nothing; what is signed and replays is L4."""
IS_FIXED = {"sample": True, "complex": True, "failed": False}
NOT_RUN = "not_run"


@dataclass(frozen=True)
class Outcome:
    """One session as the collector has it; `way` is how it was sent. What is not known is None."""

    name: str
    way: str
    trace_id: str
    state: str
    level: str
    replays: bool | None
    verdict: str | None
    reason: str
    scores: dict[str, float]
    overall: float | None
    judge: str | None
    alignment: str
    files_edited: int
    test_runs: int
    has_commit: bool
    judged_after_s: float | None


def outcome_of(name: str, way: str, standing: dict[str, Any], document: dict[str, Any]) -> Outcome:
    """Return an outcome from the answers of `GET …/qa` and `GET /v1/traces/{id}`."""
    validation, judge = standing["results"]["validation"] or {}, standing["results"]["judge"] or {}
    events = document["events"]
    queued_ms, ended_ms = standing["queued_ms"], standing["ended_ms"]
    return Outcome(
        name=name,
        way=way,
        trace_id=standing["trace_id"],
        state=standing["state"],
        level=document["integrity"]["assurance"]["level"],
        replays=(validation.get("replay") or {}).get("agrees"),
        verdict=validation.get("verdict"),
        reason=validation.get("reason", standing["problem"]),
        scores=judge.get("scores", {}),
        overall=judge.get("overall"),
        judge=judge.get("kind"),
        alignment=(judge.get("alignment") or {}).get("badge", "not aligned with people: its collector does not say"),
        files_edited=len({event["file_path"] for event in events if event["type"] == "file_edit"}),
        test_runs=sum(event["type"] == "test_run" for event in events),
        has_commit=any(event["type"] == "commit" for event in events),
        judged_after_s=None if queued_ms is None or ended_ms is None else (ended_ms - queued_ms) / 1000,
    )


def faults_of(outcome: Outcome, *, within_s: float) -> Iterator[str]:
    """Yield what is not as it must be. Tests that could not be run on this machine are none, but are told."""
    where = f"{outcome.name}, {outcome.way} ({outcome.trace_id}):"
    if outcome.state != "done":
        yield f"{where} the collector's work is {outcome.state}. {outcome.reason}"
        return
    if outcome.level != LEVELS[outcome.way]:
        yield f"{where} it stands at {outcome.level}, not at {LEVELS[outcome.way]}."
    if not outcome.replays:
        yield f"{where} its edits do not replay. {outcome.reason}"
    if outcome.verdict != NOT_RUN and (outcome.verdict == "verified_fix") != IS_FIXED[outcome.name]:
        yield f"{where} the verdict is {outcome.verdict}. {outcome.reason}"
    if outcome.overall is None:
        yield f"{where} it was not judged."
    if outcome.judged_after_s is None or outcome.judged_after_s > within_s:
        yield f"{where} judged after {outcome.judged_after_s} s, not within {within_s} s."
