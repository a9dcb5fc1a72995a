"""A trace as lines for a person to read: when, what, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from patchtrail.contract.coverage import Coverage, CoverageGap
from patchtrail.contract.debugging import Breakpoints, DebugSession, DebugStop
from patchtrail.contract.episodes import Episode
from patchtrail.contract.event_lines import Event, EventData
from patchtrail.contract.events import (
    ClockStep,
    CmdRun,
    Commit,
    Gap,
    Pause,
    RationaleNote,
    Recovered,
    Resume,
    SessionEnd,
    SessionStart,
    TestRun,
)
from patchtrail.contract.files import AgentAct, CellRun, FileContent, FileCreate, FileDelete, FileEdit, FileRename
from patchtrail.contract.patch_events import AttemptedFinding, PatchAttempt, PatchOutcome

__all__ = ["TimelineRow", "episode_told", "timeline", "told", "told_coverage"]

SHOWN_FAILURES = 5
SHOWN_FRAMES = 5
OUTCOMES = {
    "accepted": "accepted",
    "rejected": "rejected",
    "undone": "undone",
    "survived": "still stands",
    "changed": "was changed",
    "gone": "is gone",
}
QUIET = frozenset({"heartbeat", "redactor"})


@dataclass(frozen=True)
class TimelineRow:
    """One event: seconds since the session opened, its type, one line, and further lines below it."""

    at_s: float
    seq: int
    type: str
    summary: str
    details: tuple[str, ...] = ()


def timeline(events: Iterable[Event]) -> Iterator[TimelineRow]:
    """Yield a row for each event that a person wants to see; heartbeats are left out."""
    for event in events:
        if event.type not in QUIET:
            summary, details = told(event.data)
            yield TimelineRow(event.mono_ms / 1000, event.seq, event.type, summary, tuple(details))


def told(data: EventData) -> tuple[str, list[str]]:
    """Return one line that says what an event is, and further lines below it."""
    match data:
        case SessionStart():
            named = "" if data.task_id in data.task_title else f"{data.task_id}: "
            return f"{named}{data.task_title or 'no title'}", [f"at {data.start_commit[:12] or 'no commit'}"]
        case FileEdit():
            return _edit(data)
        case CmdRun():
            return f"$ {data.command_line}", [f"{_exit(data.exit_code)} after {data.duration_ms / 1000:.1f} s"]
        case TestRun():
            return _test_run(data)
        case Commit():
            return f"{data.sha[:12]} {data.message.splitlines()[0] if data.message else ''}", [f"kind {data.kind}"]
        case RationaleNote():
            sure = f" ({data.confidence} confidence)" if data.confidence else ""
            author = "agent's " if data.author == "agent" else ""
            return f"{author}{data.kind.replace('_', ' ')}{sure}: {data.text}", _about(data)
        case Gap():
            return f"nothing recorded for {(data.to_ms - data.from_ms) / 1000:.1f} s: {data.reason}", _lines(
                data.detail
            )
        case Pause(reason="off_record"):
            return "off the record", []
        case Resume(reason="off_record"):
            return "on the record again", []
        case Pause():
            return f"paused by {data.reason}", list(data.gate_reasons)
        case Resume():
            return f"resumed by {data.reason}", []
        case ClockStep():
            return f"the wall clock moved by {data.delta_ms / 1000:.1f} s", []
        case Recovered():
            return f"went on after the sidecar was killed ({data.torn_bytes} torn bytes cut)", []
        case SessionEnd():
            base = data.base_snapshot
            return f"ended: {data.reason}", [] if base is None else [f"base snapshot of {base.size_bytes} bytes"]
        case FileCreate():
            return f"created {data.file_path}", _edit(data)[1]
        case FileDelete():
            return f"deleted {data.file_path}{'/' if data.is_folder else ''}", []
        case FileRename():
            return f"renamed {data.file_path} to {data.new_path}", []
        case CellRun():
            return f"ran cell {data.cell.index + 1} of {data.file_path}: {_success(data)}", []
        case AgentAct():
            return f"{data.agent}: {data.act} {data.tool or ''} {data.file_path or ''} ({data.outcome})", []
        case DebugSession() | DebugStop() | Breakpoints():
            return _debugging(data)
        case PatchAttempt() | PatchOutcome():
            return _patch(data)
        case _:
            return type(data).__name__, []


def episode_told(episode: Episode) -> tuple[str, list[str]]:
    """Return one line that says what became of a red test, and further lines below it."""
    name = episode.test_id or episode.command_line or "a failing command"
    ended = "still red" if episode.green is None else f"green in event {episode.green}"
    flaky = ", flaky" if episode.is_flaky else ""
    red = f"red in event {', '.join(map(str, episode.red))}"
    work = (episode.stops, "stop"), (episode.notes, "note"), (episode.edits, "edit")
    counts = ", ".join(f"{len(seqs)} {noun}{'' if len(seqs) == 1 else 's'}" for seqs, noun in work)
    fix = [] if episode.first_fixing_edit is None else [f"first fixing edit: event {episode.first_fixing_edit}"]
    return f"{name}: {red}, {ended}{flaky}", [counts, *fix]


def _debugging(data: DebugSession | DebugStop | Breakpoints) -> tuple[str, list[str]]:
    match data:
        case DebugSession():
            return f"debugging {data.phase}: {data.name} ({data.debug_type})", []
        case Breakpoints():
            counts = (len(data.added), "set"), (len(data.removed), "removed"), (len(data.changed), "changed")
            return f"breakpoints: {', '.join(f'{count} {word}' for count, word in counts if count)}", []
        case DebugStop():
            raised = f": {data.exception.type_name}: {data.exception.message}" if data.exception else ""
            frames = [f"{one.name} at {one.file_path}:{one.line}" if one.file_path else one.name for one in data.frames]
            asked = [f"evaluated {one.expression}" for one in data.evaluations]
            return f"stopped ({data.reason}){raised}", frames[:SHOWN_FRAMES] + asked[:SHOWN_FRAMES]


def _patch(data: PatchAttempt | PatchOutcome) -> tuple[str, list[str]]:
    if isinstance(data, PatchOutcome):
        share = "" if data.lines_changed is None else f", {data.lines_standing} of {data.lines_changed} lines stand"
        where = ", ".join(data.file_paths) or "a file"
        return f"patch {OUTCOMES[data.outcome]} in {where}{share}", [f"attempt {data.attempt_id}"]
    how = f"{data.strategy}, {_ordinal(data.retry_attempt)} try, {data.tokens_used} tokens"
    why = "" if data.failure_mode is None else f": {data.failure_mode.replace('_', ' ')}"
    details = [f"{one.rule_id} {one.file_path}:{one.line}: {one.message}" for one in data.findings]
    more = len(details) + data.findings_omitted
    cost = f"{data.latency_ms / 1000:.1f} s, {data.cost_microusd / 1_000_000:.4f} USD, {data.model or 'no model'}"
    checked = "" if data.is_rechecked or data.failure_mode is not None else ", not re-checked"
    return f"patch {data.status} for {_found(data.findings)} ({how}){why}", [cost + checked, *_first(details, more)]


def _found(findings: list[AttemptedFinding]) -> str:
    if not findings:
        return "a finding"
    first = findings[0]
    others = f" and {len(findings) - 1} more" if len(findings) > 1 else ""
    return f"{first.rule_id or first.tool} in {first.file_path}:{first.line}{others}"


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _about(note: RationaleNote) -> list[str]:
    place = note.location
    lines = [f"on {place.file_path}:{place.start_line}-{place.end_line}"] if place else []
    return [*lines, *([f"about event {', '.join(map(str, note.links))}"] if note.links else [])]


def _lines(detail: str) -> list[str]:
    return [detail] if detail else []


def _success(run: CellRun) -> str:
    return run.error_name or {True: "ok", False: "failed", None: "result unknown"}[run.is_success]


def _edit(edit: FileContent) -> tuple[str, list[str]]:
    if edit.withheld:
        return f"{edit.file_path} ({edit.size_bytes} bytes, content not captured: {edit.withheld})", []
    if edit.diff_artifact:
        return f"{edit.file_path}: a long diff, in an artifact of {edit.diff_artifact.size_bytes} bytes", []
    lines = edit.diff_unified.split("\n")[2:]
    added = sum(line.startswith("+") for line in lines)
    removed = sum(line.startswith("-") for line in lines)
    changed = [line for line in lines if line.startswith(("+", "-"))]
    more = [f"… {len(changed) - 8} more changed lines"] if len(changed) > 8 else []
    return f"{edit.file_path} +{added} -{removed}", changed[:8] + more


def _test_run(run: TestRun) -> tuple[str, list[str]]:
    broken = [case for case in run.cases if case.outcome in ("failed", "error")]
    details = [f"{case.test_id}: {case.message.splitlines()[0] if case.message else case.outcome}" for case in broken]
    flaky = [f"{case.test_id}: flaky, passed at attempt {case.retries + 1}" for case in run.cases if case.is_flaky]
    return f"{run.command_line}: {_counts(run, len(broken))}", [
        *_first(details, _broken(run, len(broken))),
        *_first(flaky, len(flaky)),
    ]


def _counts(run: TestRun, broken: int) -> str:
    totals = run.totals
    if totals is None:
        return f"{broken} failed" if broken else f"{_exit(run.exit_code)} (no per-test results)"
    told = [
        (totals.failed, "failed"),
        (totals.errors, "errors"),
        (totals.passed, "passed"),
        (totals.skipped, "skipped"),
    ]
    return ", ".join(f"{count} {word}" for count, word in told if count) or "no tests"


def _broken(run: TestRun, listed: int) -> int:
    return listed if run.totals is None else run.totals.failed + run.totals.errors


def _first(details: list[str], count: int) -> list[str]:
    unshown = count - len(details[:SHOWN_FAILURES])
    return details[:SHOWN_FAILURES] + ([f"… {unshown} more"] if unshown > 0 else [])


def told_coverage(coverage: Coverage) -> tuple[str, list[str]]:
    """Return one line that says what share of a session was observed, and one for each gap."""
    share = f"{coverage.observed_milli // 10}.{coverage.observed_milli % 10} %"
    summary = f"observed {share} of {coverage.duration_ms / 1000:.0f} s"
    return summary, [_told_gap(gap) for gap in coverage.gaps]


def _told_gap(gap: CoverageGap) -> str:
    detail = f" ({gap.detail})" if gap.detail else ""
    return f"{gap.from_ms / 1000:.1f} to {gap.to_ms / 1000:.1f} s, {gap.channel}: {gap.reason}{detail}"


def _exit(code: int | None) -> str:
    return "exit code unknown" if code is None else f"exit {code}"
