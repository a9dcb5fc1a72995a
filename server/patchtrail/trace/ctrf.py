"""Test runs as CTRF reports (https://ctrf.io, specification 1.0.0): one report per run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from patchtrail.contract.event_lines import Event, SessionStartEvent, TestRunEvent
from patchtrail.contract.events import TestCase, TestRun
from patchtrail.trace.instants import rfc3339
from patchtrail.trace.recorded_cases import cases_of

__all__ = ["ctrf_reports"]

STATUS = {"passed": "passed", "failed": "failed", "error": "failed", "skipped": "skipped"}


def ctrf_reports(events: Iterable[Event], artifacts: Mapping[str, bytes]) -> dict[str, dict[str, JsonValue]]:
    """Return a report per test run that knows its cases, by a file name with the run's `seq`."""
    reports, commit = dict[str, dict[str, JsonValue]](), ""
    for event in events:
        if isinstance(event, SessionStartEvent):
            commit = event.data.start_commit
        if isinstance(event, TestRunEvent) and event.data.totals is not None:
            reports[f"ctrf-{event.seq:06d}.json"] = _report(event, commit, artifacts)
    return reports


def _report(event: TestRunEvent, commit: str, artifacts: Mapping[str, bytes]) -> dict[str, JsonValue]:
    run = event.data
    tests = [_test(case) for case in cases_of(run, artifacts)]
    return {
        "reportFormat": "CTRF",
        "specVersion": "1.0.0",
        "timestamp": rfc3339(event.ts_ms),
        "generatedBy": "patchtrail",
        "extra": {"trace_id": event.trace_id, "seq": event.seq, "evidence": run.evidence, "origin": run.origin},
        "results": {
            "tool": {"name": run.framework or _tool(run)},
            "summary": _summary(event, tests),
            "tests": [*tests],
            "environment": {"commit": commit, "extra": {"command_line": run.command_line, "exit_code": run.exit_code}},
        },
    }


def _summary(event: TestRunEvent, tests: list[dict[str, JsonValue]]) -> dict[str, JsonValue]:
    """Count what the report lists; where cases were not recorded one by one, the run's own totals stand beside."""
    counts: dict[str, JsonValue] = {
        status: sum(test["status"] == status for test in tests) for status in ("passed", "failed", "skipped")
    }
    totals = event.data.totals
    assert totals is not None, "a run without totals has no report"
    stop_ms = max(event.ts_ms, 0)
    return {
        "tests": len(tests),
        **counts,
        "pending": 0,
        "other": 0,
        "flaky": sum(bool(test["flaky"]) for test in tests),
        "start": max(stop_ms - event.data.duration_ms, 0),
        "stop": stop_ms,
        "extra": {"recorded_totals": totals.model_dump()},
    }


def _test(case: TestCase) -> dict[str, JsonValue]:
    told: dict[str, JsonValue] = {
        "name": case.test_id or "unnamed",
        "status": STATUS[case.outcome],
        "rawStatus": case.outcome,
        "duration": case.duration_ms,
        "retries": case.retries,
        "flaky": case.is_flaky,
    }
    optional: dict[str, JsonValue] = {
        "suite": [case.suite] if case.suite else None,
        "message": case.message or None,
        "filePath": case.file_path,
        "line": case.line,
    }
    return told | {name: value for name, value in optional.items() if value is not None}


def _tool(run: TestRun) -> str:
    return run.command_line.split()[0] if run.command_line.split() else "unknown"
