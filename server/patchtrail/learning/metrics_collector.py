"""What went wrong, counted as it happens: bugs, failed tests, reviews, measurements, deployments, generated code."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import JsonValue, TypeAdapter, ValidationError

from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.learning import (
    BugEntry,
    DeploymentEntry,
    GenerationEntry,
    LearningSeverity,
    MetricsDocument,
    PerformanceEntry,
    ReviewEntry,
    TestFailureEntry,
)
from patchtrail.contract.wire import WireModel
from patchtrail.learning.occurrences import instant_of
from patchtrail.learning.plan_file import plan_roots, planned_patterns, read_plan

__all__ = ["KINDS", "Entry", "MetricsCollector", "utc_now"]

Entry = dict[str, JsonValue]
KINDS: dict[str, type[WireModel]] = {
    "bugs": BugEntry,
    "test_failures": TestFailureEntry,
    "code_reviews": ReviewEntry,
    "performance_metrics": PerformanceEntry,
    "deployment_issues": DeploymentEntry,
    "code_generation": GenerationEntry,
}
SAME: dict[str, tuple[str, ...]] = {
    "bugs": ("pattern", "error", "file_path", "line"),
    "test_failures": ("test_name", "failure_reason", "pattern_violated"),
    "code_reviews": ("issue_type", "pattern", "severity", "file_path", "line"),
    "performance_metrics": ("metric_type", "details"),
    "deployment_issues": ("issue_type", "pattern", "environment", "details"),
}
"""What makes an entry a repeat of another; generated code is never one."""
MAX_EARLIER = 100
MAX_TRACES = 100
MAX_PROMPT = 2_000
DOCUMENT = TypeAdapter(dict[str, JsonValue])


def utc_now() -> datetime:
    """Return the present, in UTC."""
    return datetime.now(UTC)


class _PlanRoots:
    """The folders that plans may lie in, whenever they are asked for: the working folder may change."""

    def __get__(self, instance: object, owner: type) -> tuple[Path, ...]:
        return plan_roots()


class MetricsCollector:
    """Metrics in memory; `load_from_json` and `export_json` carry them to and from a file.

    A repeat raises an entry's `count`. What another writer put beside the published fields is kept as it is. Every
    `log_…` raises `ValidationError`, a `ValueError`, that names the field which is not as it must be. Where `timestamp`
    (ISO 8601, else it is now) tells when something happened, the same thing at the same time counts once.
    """

    ALLOWED_PLAN_ROOTS = _PlanRoots()

    def __init__(self, *, now: Callable[[], datetime] = utc_now, redact: Callable[[str], str] = str) -> None:
        """Take a clock, and what takes secrets out of texts before they are kept."""
        self._now = now
        self._redact = redact
        self._more: dict[str, JsonValue] = {}
        self._entries: dict[str, list[Entry]] = {kind: [] for kind in KINDS}
        self._known: dict[str, Entry] = {}

    def log_bug(
        self,
        pattern: str,
        error: str,
        code: str,
        file_path: str,
        line: int,
        stack_trace: str | None = None,
        *,
        rule_id: str | None = None,
        fixed_code: str | None = None,
        timestamp: str | None = None,
        trace_id: str | None = None,
    ) -> None:
        """Keep a bug that follows a pattern; `line` counts from 1.

        `rule_id` is the tool's rule that found it, `fixed_code` the same code after its fix, `trace_id` the session
        that recorded it.
        """
        fields: Entry = {"pattern": pattern, "error": error, "code": code, "file_path": file_path, "line": line}
        fields |= {"stack_trace": stack_trace, "rule_id": rule_id, "fixed_code": fixed_code}
        self._log("bugs", {**fields, "traces": [trace_id] if trace_id else []}, timestamp)

    def log_test_failure(
        self,
        test_name: str,
        failure_reason: str,
        pattern_violated: str | None = None,
        code_snippet: str | None = None,
        *,
        fixed_code: str | None = None,
        timestamp: str | None = None,
        trace_id: str | None = None,
    ) -> None:
        """Keep a failed test, and the pattern that the code under test violates where that is known."""
        fields: Entry = {"test_name": test_name, "failure_reason": failure_reason, "pattern_violated": pattern_violated}
        fields |= {"code_snippet": code_snippet, "fixed_code": fixed_code, "traces": [trace_id] if trace_id else []}
        self._log("test_failures", fields, timestamp)

    def log_code_review_issue(
        self,
        issue_type: str,
        pattern: str,
        severity: LearningSeverity,
        file_path: str,
        line: int = 0,
        suggestion: str | None = None,
        *,
        rule_id: str | None = None,
        timestamp: str | None = None,
    ) -> None:
        """Keep what a review found; `severity` is low, medium, high or critical, `line` 0 where it is about no line."""
        fields: Entry = {"issue_type": issue_type, "pattern": pattern, "severity": severity, "file_path": file_path}
        self._log("code_reviews", {**fields, "line": line, "suggestion": suggestion, "rule_id": rule_id}, timestamp)

    def log_performance_metric(self, metric_type: str, details: Mapping[str, JsonValue] | None = None) -> None:
        """Keep a measured figure, with whatever describes it."""
        self._log("performance_metrics", {"metric_type": metric_type, "details": dict(details or {})})

    def log_deployment_issue(self, issue_type: str, pattern: str, environment: str = "", **details: JsonValue) -> None:
        """Keep what broke at a deployment; what else is known (`root_cause=`, …) stands in its details."""
        fields: Entry = {"issue_type": issue_type, "pattern": pattern, "environment": environment}
        self._log("deployment_issues", {**fields, "details": details})

    def log_code_generation(
        self,
        prompt: str,
        patterns_applied: list[str],
        confidence: float,
        success: bool,
        code_length: int = 0,
        metadata: Mapping[str, JsonValue] | None = None,
    ) -> None:
        """Keep that code was generated; of a prompt its first 2,000 characters."""
        fields: Entry = {"prompt": prompt[:MAX_PROMPT], "patterns_applied": list[JsonValue](patterns_applied)}
        fields |= {"confidence": confidence, "success": success, "code_length": code_length}
        self._log("code_generation", {**fields, "metadata": dict(metadata or {})})

    def log_from_plan_file(self, path: str | Path, section_heading: str = "Patterns to Apply") -> list[str]:
        """Return the patterns that a plan's checklist names, ticked or not, and keep them as one generation.

        Raises `ValueError` for a path with `..` or outside `ALLOWED_PLAN_ROOTS`, `FileNotFoundError` for no file.
        """
        real, text = read_plan(path, self.ALLOWED_PLAN_ROOTS)
        names = planned_patterns(text, section_heading)
        where: Entry = {"source": "plan_file", "section_heading": section_heading, "plan_path": str(real)}
        self.log_code_generation(f"plan:{real.name}", names, 1.0, success=True, metadata=where)
        return names

    def load_from_json(self, text: str | bytes) -> None:
        """Take a metrics file's entries in place of those held; all of them, or none.

        Raises `InvalidInput` that names the entry and field which are not as published.
        """
        try:
            document = DOCUMENT.validate_json(text)
            entries: dict[str, Any] = {kind: _wholes(document.get(kind, [])) for kind in KINDS}
            MetricsDocument.model_validate(entries)
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, fault["loc"])) or "the top"
            raise InvalidInput(f"This is no metrics file: {fault['msg']} at {where}.", code="bad_metrics") from error
        self._more = {name: value for name, value in document.items() if name not in KINDS}
        self._entries = entries
        self._known = {key: one for kind, held in entries.items() for one in held if (key := _key(kind, one))}

    def export_dict(self) -> dict[str, Any]:
        """Return a copy of everything: a list of entries for each kind."""
        return copy.deepcopy({**self._more, **self._entries})

    def export_json(self) -> str:
        """Return everything as JSON."""
        return json.dumps({**self._more, **self._entries}, ensure_ascii=False, indent=2) + "\n"

    def get_summary(self) -> dict[str, int]:
        """Return how many entries there are of each kind, and the `total`; a repeat is no new entry."""
        counts = {kind: len(entries) for kind, entries in self._entries.items()}
        return {**counts, "total": sum(counts.values())}

    def _log(self, kind: str, fields: Entry, timestamp: str | None = None) -> None:
        told: Entry = {name: _mapped(value, self._redact) for name, value in fields.items()}
        told["timestamp"] = self._told_time(timestamp)
        entry = KINDS[kind].model_validate(told).model_dump(mode="json")
        key = _key(kind, entry)
        known = self._known.get(key) if key else None
        if known is None:
            self._entries[kind].append(entry)
            self._known |= {key: entry} if key else {}
        elif timestamp is None or entry["timestamp"] not in _times(known):
            _repeat(known, entry)

    def _told_time(self, timestamp: str | None) -> str:
        """Return a time as published files have it: UTC, without an offset."""
        time = self._now() if timestamp is None else instant_of(timestamp)
        if time is None:
            raise ValueError(f"timestamp: {timestamp!r} is no ISO 8601 time.")
        return time.astimezone(UTC).replace(tzinfo=None).isoformat()


def _repeat(known: Entry, entry: Entry) -> None:
    """Count an entry once more, and keep the last times that it happened; what is told of it is the latest."""
    count, traces = known["count"], [*_texts(known, "traces"), *_texts(entry, "traces")]
    times = sorted([*_times(known), str(entry["timestamp"])])
    known |= {name: value for name, value in entry.items() if value is not None}
    known |= {"count": (count if isinstance(count, int) else 1) + 1, "timestamp": times[-1]}
    known["earlier"] = list[JsonValue](times[:-1][-MAX_EARLIER:])
    if traces:
        known["traces"] = list[JsonValue](list(dict.fromkeys(traces))[-MAX_TRACES:])


def _times(entry: Entry) -> list[str]:
    return [*_texts(entry, "earlier"), str(entry["timestamp"])]


def _texts(entry: Entry, name: str) -> list[str]:
    held = entry.get(name)
    return [str(one) for one in held] if isinstance(held, list) else []


def _wholes(entries: JsonValue) -> JsonValue:
    """Return entries with their counts, and without nulls where the contract has none: others leave out lines so."""
    # What is no list, or no entry, is left to the contract, which says where it stands.
    return [_whole(one) for one in entries] if isinstance(entries, list) else entries


def _whole(entry: JsonValue) -> JsonValue:
    if not isinstance(entry, dict):
        return entry
    given = {name: value for name, value in entry.items() if value is not None or name not in ("line", "code_length")}
    return {"count": 1, **({"line": 0} if "file_path" in given else {}), **given}


def _key(kind: str, entry: Entry) -> str:
    """Return what a repeat has in common with the first; nothing where none is a repeat."""
    fields = SAME.get(kind)
    return json.dumps([kind, *(entry.get(name) for name in fields)], sort_keys=True) if fields else ""


def _mapped(value: JsonValue, redact: Callable[[str], str]) -> JsonValue:
    """Return a value with every text in it redacted."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [_mapped(one, redact) for one in value]
    return {name: _mapped(one, redact) for name, one in value.items()} if isinstance(value, dict) else value
