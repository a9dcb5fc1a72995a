"""What coding agents say of themselves: records of their hooks, and lines of their telemetry, become acts.

Only the file, the tool and the time are taken; whatever was asked, answered or written is not even looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

__all__ = [
    "Act",
    "Outcome",
    "SeenAct",
    "acts_of_hook_line",
    "acts_of_otlp",
    "acts_of_telemetry_line",
    "acts_of_telemetry_record",
]

Act = Literal["prompt", "edit", "command", "other"]
Outcome = Literal["applied", "accepted", "rejected", "unknown"]
MAX_NAME_CHARS = 100
EDITING_TOOL = re.compile(r"edit|write|patch|replace|insert|create_?file|create_?notebook", re.IGNORECASE)
RUNNING_TOOL = re.compile(r"^bash$|run_?(in_?)?(terminal|command|task)|shell|execute_?command", re.IGNORECASE)
ACTS: dict[str, Act] = {"prompt": "prompt", "edit": "edit", "command": "command"}
FILE_ATTRIBUTES = ("copilot_chat.file.relative_path", "github.copilot.tool.parameters.file_path")
OUTCOMES: dict[object, Outcome] = {"accepted": "accepted", "rejected": "rejected", True: "accepted", False: "rejected"}


@dataclass(frozen=True)
class SeenAct:
    """One act of one agent on at most one file; a relative path is relative to the repository."""

    agent: str
    told_by: Literal["hook", "telemetry"]
    act: Act
    tool: str | None
    outcome: Outcome
    path: Path | PurePosixPath | None
    at_ms: int
    folder: Path | None = None


def acts_of_hook_line(line: str) -> list[SeenAct]:
    """Return the acts of one line that `patchtrail hook` wrote; what is no such line tells nothing."""
    record = _object(line)
    act = ACTS.get(str(record.get("act")))
    at_ms = record.get("at_ms")
    if act is None or not isinstance(at_ms, int) or isinstance(at_ms, bool):
        return []
    folder = _text(record.get("cwd"))
    paths = record.get("paths")
    texts = [_text(one) for one in paths] if isinstance(paths, list) else []
    named: list[Path | None] = [Path(one) for one in texts if one is not None]
    return [
        SeenAct(
            agent=_name(record.get("agent")) or "unknown",
            told_by="hook",
            act=act,
            tool=_name(record.get("tool")),
            outcome="applied",
            path=path,
            at_ms=at_ms,
            folder=None if folder is None else Path(folder),
        )
        for path in named or [None]
    ]


def acts_of_telemetry_line(line: str) -> list[SeenAct]:
    """Return the acts of one line of an OpenTelemetry file, as Copilot writes it: a span or a log record."""
    record = _object(line)
    if "resourceSpans" in record or "resourceLogs" in record:
        return acts_of_otlp(record)
    resource = record.get("resource")
    service = _attribute(resource, "service.name") if isinstance(resource, dict) else None
    attributes = record.get("attributes")
    time = record.get("endTime", record.get("hrTime"))
    if not isinstance(attributes, dict) or not isinstance(time, list) or len(time) != 2:
        return []
    if not all(isinstance(part, int) for part in time):
        return []
    return acts_of_telemetry_record(attributes, time[0] * 1000 + time[1] // 1_000_000, service)


def acts_of_otlp(record: dict[str, Any]) -> list[SeenAct]:
    """Return the acts of one request of OTLP, in the shape of its JSON."""
    return [act for one in _otlp_records(record) for act in acts_of_telemetry_record(*one)]


def acts_of_telemetry_record(attributes: dict[str, Any], at_ms: int, service: object = None) -> list[SeenAct]:
    """Return the acts of one span's or log record's attributes."""
    agent = _agent(service)
    path = next((PurePosixPath(one) for name in FILE_ATTRIBUTES if (one := _text(attributes.get(name)))), None)
    event = attributes.get("event.name")
    if event == "copilot_chat.edit.hunk.action":
        outcome = OUTCOMES.get(attributes.get("outcome"), "unknown")
        return [SeenAct(agent, "telemetry", "edit", "edit.hunk.action", outcome, path, at_ms)]
    if event == "copilot_chat.inline.done":
        outcome = OUTCOMES.get(attributes.get("accepted"), "unknown")
        return [SeenAct(agent, "telemetry", "edit", "inline.done", outcome, path, at_ms)]
    if event == "copilot_chat.edit.survival":
        # It looks back at an edit minutes ago: it is told, and explains no change of now.
        return [SeenAct(agent, "telemetry", "other", "edit.survival", "unknown", path, at_ms)]
    tool = _name(attributes.get("gen_ai.tool.name"))
    if attributes.get("gen_ai.operation.name") != "execute_tool" or tool is None:
        return []
    act: Act = "edit" if EDITING_TOOL.search(tool) else "command" if RUNNING_TOOL.search(tool) else "other"
    failed = "error.type" in attributes
    return (
        []
        if act == "other"
        else [SeenAct(agent, "telemetry", act, tool, "unknown" if failed else "applied", path, at_ms)]
    )


def _otlp_records(record: dict[str, Any]) -> Iterator[tuple[dict[str, Any], int, object]]:
    """Walk OTLP's own JSON: resource, scope, then spans or log records with their attributes as lists."""
    for outer, inner, items, clock in (
        ("resourceSpans", "scopeSpans", "spans", "endTimeUnixNano"),
        ("resourceLogs", "scopeLogs", "logRecords", "timeUnixNano"),
    ):
        for resource in _objects(record.get(outer)):
            service = _plain(_nested(resource, "resource").get("attributes")).get("service.name")
            for scope in _objects(resource.get(inner)):
                for one in _objects(scope.get(items)):
                    nanos = one.get(clock) or one.get("observedTimeUnixNano")
                    if isinstance(nanos, str | int) and str(nanos).isdigit():
                        yield _plain(one.get("attributes")), int(nanos) // 1_000_000, service


def _plain(attributes: object) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for one in _objects(attributes):
        value = _nested(one, "value")
        if isinstance(one.get("key"), str) and value:
            plain[one["key"]] = next(iter(value.values()))
    return plain


def _objects(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _nested(value: dict[str, Any], name: str) -> dict[str, Any]:
    inner = value.get(name)
    return inner if isinstance(inner, dict) else {}


def _object(line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def _attribute(resource: dict[str, Any], name: str) -> object:
    attributes = resource.get("attributes")
    return attributes.get(name) if isinstance(attributes, dict) else None


def _agent(service: object) -> str:
    named = _name(service)
    return "copilot" if named is None or "copilot" in named else named


def _name(value: object) -> str | None:
    return value[:MAX_NAME_CHARS] if isinstance(value, str) and value else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value and "\0" not in value else None
