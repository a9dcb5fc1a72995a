"""A session as OpenTelemetry spans, in the JSON encoding of OTLP 1.x (`TracesData`).

One root span is the session; commands, test runs, debugger stops and patch attempts are spans below it, all else is
an event of the root span. Names follow the semantic conventions (https://opentelemetry.io/docs/specs/semconv) where
they have one; attempts and a coding agent's acts use those for generative AI, which are still in development.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from patchtrail.contract.debugging import DebugStop
from patchtrail.contract.event_lines import Event, SessionStartEvent
from patchtrail.contract.events import CmdRun, TestRun
from patchtrail.contract.files import AgentAct, FileContent, FileDelete, FileRename
from patchtrail.contract.patch_events import PatchAttempt
from patchtrail.integrity.verify import VerifiedEvent
from patchtrail.trace.instants import unix_nanos
from patchtrail.trace.timeline import told

__all__ = ["otel_traces"]

Attributes = dict[str, str | int | bool | None]
INTERNAL = 1
UNSET, FAILED = 0, 2
SCHEMA = "https://opentelemetry.io/schemas/1.38.0"


def otel_traces(trace_id: str, events: Sequence[VerifiedEvent], version: str) -> dict[str, JsonValue]:
    """Return the session as OTLP `TracesData`; `version` is that of the writing program."""
    first = events[0].event
    facts = first.data if isinstance(first, SessionStartEvent) else None
    root_id = _span_id(events[0])
    resource: Attributes = {"service.name": "patchtrail", "service.version": version}
    if facts is not None:
        resource |= {"os.description": facts.os, "vcs.repository.url.full": facts.repo_origin}
        resource |= {"vcs.ref.base.revision": facts.start_commit, "enduser.pseudo.id": facts.participant_id}
    spans = [_root(trace_id, events, root_id), *_spans(trace_id, events, root_id)]
    scope: JsonValue = {"scope": {"name": "patchtrail.trace", "version": version}, "spans": [*spans]}
    return {
        "resourceSpans": [
            {"resource": {"attributes": _attributes(resource)}, "scopeSpans": [scope], "schemaUrl": SCHEMA}
        ]
    }


def _root(trace_id: str, events: Sequence[VerifiedEvent], root_id: str) -> dict[str, JsonValue]:
    start_ms = events[0].event.ts_ms
    named: Attributes = {"session.id": trace_id, "patchtrail.events": len(events)}
    moments = [_moment(held) for held in events if _span_of(held.event) is None]
    last_ms = max(held.event.ts_ms for held in events)
    return _span(trace_id, root_id, "patchtrail.session", start_ms, last_ms, named) | {"events": moments}


def _moment(held: VerifiedEvent) -> JsonValue:
    """Return an event without a duration, as an event of the session's span."""
    event = held.event
    named: Attributes = {"patchtrail.seq": event.seq, "patchtrail.summary": told(event.data)[0]}
    if isinstance(event.data, FileContent | FileDelete | FileRename):
        named |= {"code.file.path": event.data.file_path, "patchtrail.evidence": event.data.evidence}
    return {"timeUnixNano": unix_nanos(event.ts_ms), "name": event.type, "attributes": _attributes(named)}


def _spans(trace_id: str, events: Sequence[VerifiedEvent], root_id: str) -> Iterator[dict[str, JsonValue]]:
    for held in events:
        told_span = _span_of(held.event)
        if told_span is None:
            continue
        name, duration_ms, attributes, is_failed = told_span
        end_ms = held.event.ts_ms
        attributes |= {"patchtrail.seq": held.event.seq}
        span = _span(trace_id, _span_id(held), name, end_ms - duration_ms, end_ms, attributes)
        yield span | {"parentSpanId": root_id, "status": {"code": FAILED if is_failed else UNSET}}


def _span_of(event: Event) -> tuple[str, int, Attributes, bool] | None:
    """Return name, duration, attributes and failure of what took time; None for a moment."""
    match event.data:
        case CmdRun() as command:
            told_of: Attributes = {"process.command_line": command.command_line, "process.exit.code": command.exit_code}
            told_of |= {"process.working_directory": command.cwd}
            return "command", command.duration_ms, told_of, command.exit_code not in (0, None)
        case TestRun() as run:
            return "test run", run.duration_ms, _of_tests(run), run.exit_code not in (0, None)
        case DebugStop() as stop:
            top = stop.frames[0] if stop.frames else None
            place: Attributes = {} if top is None else {"code.function.name": top.name, "code.file.path": top.file_path}
            place |= {} if top is None else {"code.line.number": top.line}
            raised: Attributes = {} if stop.exception is None else {"exception.type": stop.exception.type_name}
            return "debugger stop", stop.duration_ms, {"patchtrail.stop.reason": stop.reason, **place, **raised}, False
        case AgentAct() as act:
            named: Attributes = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": act.tool}
            named |= {"gen_ai.agent.name": act.agent, "code.file.path": act.file_path}
            return f"execute_tool {act.tool or act.act}", 0, named, False
        case PatchAttempt() as attempt:
            return "patch attempt", attempt.latency_ms, _of_attempt(attempt), attempt.failure_mode is not None
        case _:
            return None


def _of_attempt(attempt: PatchAttempt) -> Attributes:
    first = attempt.findings[0] if attempt.findings else None
    where: Attributes = {} if first is None else {"code.file.path": first.file_path, "code.line.number": first.line}
    return {
        **where,
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": attempt.model or None,
        "error.type": attempt.failure_mode,
        "patchtrail.attempt.id": attempt.attempt_id,
        "patchtrail.attempt.status": attempt.status,
        "patchtrail.attempt.strategy": attempt.strategy,
        "patchtrail.attempt.retry": attempt.retry_attempt,
        "patchtrail.attempt.tokens": attempt.tokens_used,
        "patchtrail.attempt.cost_microusd": attempt.cost_microusd,
        "patchtrail.rules": "\n".join(one.rule_id for one in attempt.findings) or None,
    }


def _of_tests(run: TestRun) -> Attributes:
    told_of: Attributes = {"process.command_line": run.command_line, "process.exit.code": run.exit_code}
    if run.totals is not None:
        told_of |= {f"patchtrail.tests.{name}": count for name, count in run.totals.model_dump().items()}
    red = [case.test_id for case in run.cases if case.outcome in ("failed", "error")]
    status = None if run.exit_code is None else "success" if run.exit_code == 0 else "failure"
    return told_of | {"test.suite.run.status": status, "patchtrail.tests.red": "\n".join(red) or None}


def _span(
    trace_id: str, span_id: str, name: str, start_ms: int, end_ms: int, attributes: Attributes
) -> dict[str, JsonValue]:
    return {
        "traceId": trace_id.removeprefix("trace-"),
        "spanId": span_id,
        "name": name,
        "kind": INTERNAL,
        "startTimeUnixNano": unix_nanos(min(start_ms, end_ms)),
        "endTimeUnixNano": unix_nanos(end_ms),
        "attributes": _attributes(attributes),
    }


def _span_id(held: VerifiedEvent) -> str:
    """Return eight bytes of the event's hash: the same export always has the same ids."""
    return held.hash[:16]


def _attributes(named: Attributes) -> list[JsonValue]:
    return [{"key": key, "value": _value(value)} for key, value in named.items() if value is not None]


def _value(value: str | int | bool) -> JsonValue:
    if isinstance(value, bool):
        return {"boolValue": value}
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}
