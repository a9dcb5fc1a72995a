"""A complete trace as a case to be assessed: its events, its artifacts, and what its replay may start from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row

from patchtrail.collector.bases import base_of
from patchtrail.collector.blobs import Blobs
from patchtrail.collector.open_reading import open_document
from patchtrail.collector.open_traces import open_row
from patchtrail.collector.reading import ShowsKeys, evidence_of
from patchtrail.contract.event_lines import Event, SessionEndEvent, SessionStartEvent
from patchtrail.evaluation.kept_alignments import Alignments
from patchtrail.integrity.key_set import fingerprint_of
from patchtrail.integrity.verify import verify_trace
from patchtrail.qa import Case
from patchtrail.trace import events_of_document
from patchtrail.trace.base_snapshot import read_base
from patchtrail.trace.file_tree import FileTree

__all__ = ["Cases"]

TASK_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Cases:
    """Reads cases; `recipes_dir` holds `TASK_ID.toml` where a task says itself how its tests are run."""

    blobs: Blobs
    keys: ShowsKeys
    recipes_dir: Path | None

    def read(self, connection: Connection, trace_id: str) -> tuple[Case, bool]:
        """Return a trace's case, and whether something of the trace was forgotten.

        Raises `NotFound` when there is no such trace, `InvalidInput` when its events cannot be read.
        """
        row = open_row(connection, trace_id)
        return self._signed(connection, trace_id) if row is None else (self._open(connection, row), False)

    def _signed(self, connection: Connection, trace_id: str) -> tuple[Case, bool]:
        evidence = evidence_of(connection, trace_id, self.blobs, self.keys)
        verdict = verify_trace(evidence, pinned_jkt=fingerprint_of(self.keys.key_set()))
        events = tuple(held.event for held in verdict.events)
        artifacts = dict(evidence.artifacts or {})
        name = _snapshot_name(events)
        snapshot = artifacts.pop(name, None) if name else None
        start = events[0].data if events and isinstance(events[0], SessionStartEvent) else None
        opening = verdict.opening
        case = Case(
            trace_id=trace_id,
            events=events,
            artifacts=artifacts,
            repo_origin="" if opening is None else opening.repo_origin,
            start_commit="" if opening is None else opening.start_commit,
            task_title="" if opening is None else opening.task_title,
            task_description="" if start is None else start.task_description,
            snapshot=snapshot,
            recipe_toml=self._recipe("" if opening is None else opening.task_id),
        )
        return case, bool(verdict.forgotten)

    def _open(self, connection: Connection, row: Row[Any]) -> Case:
        snapshot = base_of(connection, self.blobs, row.trace_id)
        tree = FileTree() if snapshot is None else read_base(snapshot)
        told = events_of_document(open_document(connection, row, Alignments()), tree.text)
        return Case(
            trace_id=row.trace_id,
            events=tuple(held.event for held in told.events),
            repo_origin=row.repo_origin,
            start_commit=row.start_commit,
            task_title=row.task_title,
            task_description=row.task_description,
            snapshot=snapshot,
            recipe_toml=self._recipe(row.task_id),
            is_signed=False,
        )

    def _recipe(self, task_id: str) -> str:
        if self.recipes_dir is None or not TASK_ID.fullmatch(task_id):
            return ""
        path = self.recipes_dir / f"{task_id}.toml"
        return path.read_text() if path.is_file() else ""


def _snapshot_name(events: tuple[Event, ...]) -> str:
    """Return the SHA-256 of the base snapshot that a session's end names."""
    last = events[-1] if events else None
    ref = last.data.base_snapshot if isinstance(last, SessionEndEvent) else None
    return "" if ref is None else ref.sha256
