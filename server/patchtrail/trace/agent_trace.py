"""Who contributed which lines, as an agent-trace record (https://agent-trace.dev, version 0.1)."""

from __future__ import annotations

import difflib
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby

from pydantic import JsonValue

from patchtrail.contract.event_lines import Event, SessionStartEvent
from patchtrail.contract.files import EditEvidence, FileContent
from patchtrail.text import split_lines
from patchtrail.trace.code_states import code_states
from patchtrail.trace.instants import rfc3339

__all__ = ["AGENT_TRACE_MEDIA_TYPE", "agent_trace_record"]

AGENT_TRACE_MEDIA_TYPE = "application/vnd.agent-trace.record+json"
CONTRIBUTOR: dict[EditEvidence, str] = {
    "manual": "human",
    "undo": "human",
    "ai": "ai",
    "patch": "ai",
    "mixed": "mixed",
    "quick_fix": "unknown",
    "format_on_save": "unknown",
    "paste": "unknown",
    "external": "unknown",
    "unknown": "unknown",
}
"""The record knows human, ai, mixed and unknown; a formatter, a paste and another program are none of the others."""

Owned = list[tuple[str, str | None]]
"""Lines with who contributed them; None for lines that were there before."""


def agent_trace_record(
    trace_id: str,
    events: Sequence[Event],
    *,
    start_text: Callable[[str], str | None],
    artifacts: Mapping[str, bytes],
    version: str,
) -> dict[str, JsonValue]:
    """Return the record: per file that still stands at the end, the line ranges of each contributor."""
    evidence = {event.seq: event.data.evidence for event in events if isinstance(event.data, FileContent)}
    files = dict[str, Owned]()
    for state in code_states(events, start_text=start_text, artifacts=artifacts):
        is_content = state.seq in evidence and not state.is_base
        contributor = CONTRIBUTOR[evidence[state.seq]] if is_content else None
        _apply(files, state.changes, contributor, start_text)
    record: dict[str, JsonValue] = {
        "version": "0.1",
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:patchtrail:{trace_id}")),
        "timestamp": rfc3339(events[-1].ts_ms),
        "tool": {"name": "patchtrail", "version": version},
        "files": [told for path, lines in sorted(files.items()) if (told := _file(path, lines))],
        "metadata": {"trace_id": trace_id, "evidence": "Contributors are graded evidence, not verdicts."},
    }
    first = events[0]
    if isinstance(first, SessionStartEvent) and first.data.start_commit:
        record["vcs"] = {"type": "git", "revision": first.data.start_commit}
    return record


def _apply(
    files: dict[str, Owned],
    changes: Mapping[str, str | None],
    contributor: str | None,
    start_text: Callable[[str], str | None],
) -> None:
    """Carry ownership of lines over one event; what was renamed keeps its owners."""
    gone = [files.pop(path, []) for path, text in changes.items() if text is None]
    for path, text in changes.items():
        if text is None:
            continue
        renamed = [owned for owned in gone if "".join(line for line, _ in owned) == text]
        before = files.get(path) or [(line, None) for line in split_lines(start_text(path) or "")]
        files[path] = renamed[0] if renamed else _merged(before, split_lines(text), contributor)


def _merged(before: Owned, after: list[str], contributor: str | None) -> Owned:
    matcher = difflib.SequenceMatcher(None, [line for line, _ in before], after, autojunk=False)
    merged: Owned = []
    for tag, start, end, new_start, new_end in matcher.get_opcodes():
        merged += before[start:end] if tag == "equal" else [(line, contributor) for line in after[new_start:new_end]]
    return merged


def _file(path: str, lines: Owned) -> dict[str, JsonValue] | None:
    ranges = dict[str, list[JsonValue]]()
    for contributor, first, last in _runs(owner for _, owner in lines):
        ranges.setdefault(contributor, []).append({"start_line": first, "end_line": last})
    conversations: list[JsonValue] = [
        {"contributor": {"type": contributor}, "ranges": found} for contributor, found in sorted(ranges.items())
    ]
    return {"path": path, "conversations": conversations} if conversations else None


def _runs(owners: Iterable[str | None]) -> Iterable[tuple[str, int, int]]:
    for owner, run in groupby(enumerate(owners, start=1), key=lambda numbered: numbered[1]):
        numbers = [number for number, _ in run]
        if owner is not None:
            yield owner, numbers[0], numbers[-1]
