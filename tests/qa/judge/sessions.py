"""The written sessions that judges are measured by: files with events, what validation found, and ranges for scores.

Their format stands in `sessions/README.md`. An edit's hash is that of the text to which its diff leads.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from patchtrail.contract.collection import Assurance
from patchtrail.contract.document import (
    DocumentEnvironment,
    DocumentEvent,
    DocumentIntegrity,
    DocumentMetrics,
    DocumentRepo,
    DocumentSession,
    DocumentTask,
    TraceDocument,
)
from patchtrail.contract.qa import DIMENSIONS, Dimension, QaResults, ValidationResult
from patchtrail.integrity import digest
from patchtrail.qa.case import Case
from patchtrail.text import apply
from patchtrail.trace.base_snapshot import write_base
from patchtrail.trace.file_tree import FileTree
from patchtrail.trace.unsigned import events_of_document

__all__ = ["HALVES", "SESSIONS", "Half", "WrittenSession", "read_session", "read_sessions"]

Half = Literal["tuning", "held_out"]
HALVES: tuple[Half, ...] = ("tuning", "held_out")
SESSIONS = Path(__file__).parent / "sessions"
STARTED_S = 1_760_000_000
TEXTS = {"text", "message", "description", "diff_unified", "output_tail", "test_output"}
"""What may stand as a list of lines."""
CREATED = {
    "is_replayable": True,
    **dict.fromkeys(("diff_artifact", "base_artifact", "buffer_hash_after", "withheld")),
}


@dataclass(frozen=True)
class WrittenSession:
    """A session as a judge gets it, and the range in which its score of each dimension should lie."""

    half: Half
    name: str
    about: str
    kind: Literal["good", "lucky", "sloppy", "dangerous", "injected"]
    pair: str
    case: Case
    start_files: Mapping[str, str]
    validation: ValidationResult | None
    ranges: Mapping[Dimension, tuple[float, float]]
    why: Mapping[Dimension, str]


def read_sessions(half: Half) -> list[WrittenSession]:
    """Return the sessions of one half, by name."""
    return [read_session(path) for path in sorted((SESSIONS / half).glob("*.json"))]


def read_session(path: Path) -> WrittenSession:
    """Return one session; raises `PatchDoesNotApply` for an edit before any divergence that validation names."""
    told: dict[str, Any] = _joined(json.loads(path.read_text()))
    start = {name: _text(lines) for name, lines in told["start_files"].items()}
    validation = None if told["validation"] is None else ValidationResult.model_validate(told["validation"])
    events = list(_hashed(told["events"], start, _diverges_at(validation)))
    document = _document(path.stem, told, events)
    is_known = bool(told["start_commit"])
    return WrittenSession(
        half="tuning" if path.parent.name == "tuning" else "held_out",
        name=path.stem,
        about=told["about"],
        kind=told["kind"],
        pair=told.get("pair", ""),
        case=Case(
            trace_id=document.trace_id,
            events=[held.event for held in events_of_document(document, start.get).events],
            start_commit=told["start_commit"],
            task_title=told["task"]["title"],
            task_description=told["task"]["description"],
            snapshot=write_base(FileTree({name: text.encode() for name, text in start.items()})) if is_known else None,
        ),
        start_files=start,
        validation=validation,
        ranges={name: tuple(told["ranges"][name]) for name in DIMENSIONS},
        why={name: told["why"][name] for name in DIMENSIONS},
    )


def _text(told: str | list[str]) -> str:
    return told if isinstance(told, str) else "\n".join(told)


def _joined(told: Any, name: str = "") -> Any:
    """Return what a file tells with its texts in one piece."""
    if name in TEXTS:
        return _text(told)
    if isinstance(told, dict):
        return {key: _joined(value, key) for key, value in told.items()}
    return [_joined(value) for value in told] if isinstance(told, list) else told


def _diverges_at(validation: ValidationResult | None) -> int | None:
    """Return the event at which, as validation found, the files had changed unseen."""
    divergence = validation and validation.replay and validation.replay.divergence
    return divergence.seq if divergence else None


def _hashed(told: list[dict[str, Any]], start: Mapping[str, str], diverges_at: int | None) -> Iterator[dict[str, Any]]:
    """Yield the events with the hashes of what they lead to, as far as the replay goes."""
    texts = dict(start)
    for seq, event in enumerate(told, 1):
        if event["type"] not in {"file_edit", "file_create"}:
            yield event
            continue
        path, is_followed = event["file_path"], diverges_at is None or seq < diverges_at
        filled = CREATED | event if event["type"] == "file_create" else event
        if is_followed and not event.get("withheld"):
            texts[path] = apply(event["diff_unified"], texts.get(path, ""))
            filled = filled | {"buffer_hash_after": digest.sha256(texts[path].encode())}
        yield filled


def _document(name: str, told: dict[str, Any], events: list[dict[str, Any]]) -> TraceDocument:
    return TraceDocument(
        trace_version="1.0",
        trace_id=f"trace-{digest.sha256(name.encode())[:32]}",
        session=DocumentSession(participant_id="participant-1", consent=None),
        task=DocumentTask(id=name, **told["task"]),
        repo=DocumentRepo(origin="", start_commit=told["start_commit"]),
        environment=DocumentEnvironment(os="linux", python_version="3.11.9"),
        events=[_event(seq, event) for seq, event in enumerate(events, 1)],
        artifacts={},
        metrics=DocumentMetrics.model_validate(dict.fromkeys(DocumentMetrics.model_fields, 0) | {"duration_s": 0.0}),
        qa=QaResults(validation=None, judge=None),
        integrity=DocumentIntegrity(event_hash_chain=[], assurance=Assurance(level="L0", reasons=[])),
    )


def _event(seq: int, told: dict[str, Any]) -> DocumentEvent:
    fields = {name: value for name, value in told.items() if name != "at_s"}
    return DocumentEvent.model_validate(
        {"id": f"evt-{seq:06d}", "seq": seq, "ts_client_s": STARTED_S + told["at_s"], "ts_server_s": None, **fields}
    )
