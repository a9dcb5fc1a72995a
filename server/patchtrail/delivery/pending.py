"""What will be sent: every chunk of every trace of a spool that has no receipt yet, read without touching anything.

Traces of other windows are read too, while their sidecars go on writing: what disappears meanwhile was sent or
forgotten, and is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from patchtrail.contract.base_snapshot import BASE_MEDIA_TYPE
from patchtrail.contract.errors import NotFound, PatchtrailError
from patchtrail.contract.event_lines import Event
from patchtrail.contract.lsp_forgetting import (
    PendingArtifact,
    PendingChunk,
    PendingChunks,
    PendingEvent,
    PendingRequest,
    PendingSnapshot,
)
from patchtrail.delivery.folder import TraceFolder, TraceOpening
from patchtrail.delivery.kept_base import stored_base
from patchtrail.delivery.recovery import stored_manifest
from patchtrail.integrity.verify import artifact_refs

__all__ = ["PendingRules", "pending"]

EVENT: TypeAdapter[Event] = TypeAdapter(Event)
MAX_LINE_CHARS = 4_000
MAX_PAGE_EVENTS = 200
MAX_PAGE_CHARS = 400_000
MAX_PAGE_CHUNKS = 50
MAX_ARTIFACTS = 20


@dataclass(frozen=True)
class PendingRules:
    """What decides when a chunk goes, and what stands against that anything goes."""

    hold_ms: int
    now_ms: int
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class _Waiting:
    """One chunk by its place: a sealed segment, or the active one."""

    folder: TraceFolder
    opening: TraceOpening
    n: int
    is_sealed: bool
    is_ended: bool

    @property
    def path(self) -> Path:
        return self.folder.segment(self.n) if self.is_sealed else self.folder.active


def pending(root: Path, request: PendingRequest, rules: PendingRules) -> PendingChunks:
    """Return a page of what waits; of one chunk alone when the request names it.

    Raises `NotFound` when the named chunk does not wait (any more).
    """
    waiting = list(_waiting(root))
    deletions = sum(len(list(path.glob("*.forget"))) for path in root.glob("trace-*"))
    is_named = request.trace_id is not None and request.n is not None
    asked = waiting[request.skip : request.skip + MAX_PAGE_CHUNKS]
    if is_named:
        asked = [one for one in waiting if (one.folder.trace_id, one.n) == (request.trace_id, request.n)]
        if not asked:
            raise NotFound("This chunk does not wait here any more: it was sent, or forgotten.", code="not_pending")
    chunks, room, looked_at = list[PendingChunk](), MAX_PAGE_CHARS, 0
    for one in asked:
        if room <= 0:
            break
        looked_at += 1
        shown = _shown(one, request.since_seq if is_named else 0, rules)
        if shown is not None:
            chunks.append(shown)
            room -= sum(len(event.line) for event in shown.events) + sum(len(blob.text) for blob in shown.artifacts)
    at = request.skip + looked_at
    return PendingChunks(
        chunks=chunks,
        total=len(waiting),
        next_skip=at if not is_named and at < len(waiting) else None,
        deletions=deletions,
        reasons=list(rules.reasons),
        snapshots=[] if is_named or request.skip else list(_snapshots(root)),
    )


def _snapshots(root: Path) -> Iterator[PendingSnapshot]:
    """Yield the base snapshots that go along with an end that is still to come."""
    for folder, opening in _opened(root):
        told = stored_base(folder)
        if told is not None and opening.kind != "local" and folder.artifact(told.sha256).exists():
            title = opening.request.task_title if opening.request else ""
            yield PendingSnapshot(**told.model_dump(), task_title=title, path=str(folder.artifact(told.sha256)))


def _opened(root: Path) -> Iterator[tuple[TraceFolder, TraceOpening]]:
    """Yield the traces that are not delivered yet, the oldest first."""
    opened = list[tuple[int, TraceFolder, TraceOpening]]()
    for path in root.glob("trace-*"):
        folder = TraceFolder(path)
        try:
            opening = folder.opening()
        except PatchtrailError:
            continue
        opened.append((opening.opened_wall_ms, folder, opening))
    for _, folder, opening in sorted(opened, key=lambda one: (one[0], one[1].trace_id)):
        # A forgetting that is being carried out: what it takes away is gone already.
        if not folder.complete.exists() and not folder.forgetting.exists():
            yield folder, opening


def _waiting(root: Path) -> Iterator[_Waiting]:
    """Yield the chunks that wait, trace after trace."""
    for folder, opening in _opened(root):
        numbers = [n for n in folder.numbers(".seg") if not folder.receipt(n).exists()]
        is_ended = bool(numbers) and b'"type":"session_end"' in _read(folder.segment(numbers[-1]))[-4_000:]
        for n in numbers:
            yield _Waiting(folder, opening, n, is_sealed=True, is_ended=is_ended)
        if _read(folder.active):
            known = [*folder.numbers(".seg"), *folder.numbers(".rcpt"), *folder.numbers(".gone")]
            yield _Waiting(folder, opening, max(known, default=-1) + 1, is_sealed=False, is_ended=False)


def _shown(one: _Waiting, since_seq: int, rules: PendingRules) -> PendingChunk | None:
    content = _read(one.path)
    lines = content.split(b"\n")[:-1]
    if not lines:
        return None
    events = [(EVENT.validate_json(line), line.decode()) for line in lines]
    later = [(event, line) for event, line in events if event.seq >= since_seq]
    page, size = list[tuple[Event, str]](), 0
    for event, line in later[:MAX_PAGE_EVENTS]:
        if page and size > MAX_PAGE_CHARS:
            break
        page.append((event, line))
        size += min(len(line), MAX_LINE_CHARS)
    return PendingChunk(
        trace_id=one.folder.trace_id,
        task_title=one.opening.request.task_title if one.opening.request else "",
        n=one.n,
        is_sealed=one.is_sealed,
        is_begun=one.folder.begun(one.n).exists(),
        size_bytes=len(content),
        count=len(lines),
        earliest_ms=_earliest_ms(one, rules),
        events=[_event(event.seq, line) for event, line in page],
        artifacts=[_artifact(one.folder, blob) for blob in _blobs([event for event, _ in page])],
        next_seq=None if len(page) == len(later) else page[-1][0].seq + 1,
    )


def _earliest_ms(one: _Waiting, rules: PendingRules) -> int | None:
    """Return when a chunk goes at the earliest, if the collector answers and nothing is paused."""
    if one.opening.kind == "local":
        return None
    if not one.is_sealed:
        return rules.now_ms + rules.hold_ms
    if one.is_ended or not one.folder.envelope(one.n).exists():
        return rules.now_ms
    return max(rules.now_ms, stored_manifest(one.folder.envelope(one.n))[0].made_ms + rules.hold_ms)


def _blobs(events: list[Event]) -> list[tuple[str, int, str]]:
    named = {
        ref.sha256: (ref.sha256, ref.size_bytes, ref.media_type) for event in events for ref in artifact_refs(event)
    }
    return list(named.values())[:MAX_ARTIFACTS]


def _artifact(folder: TraceFolder, blob: tuple[str, int, str]) -> PendingArtifact:
    sha256, size_bytes, media_type = blob
    if media_type == BASE_MEDIA_TYPE:
        return PendingArtifact(sha256=sha256, size_bytes=size_bytes, media_type=media_type, text="", is_cut=False)
    start = _read(folder.artifact(sha256), MAX_LINE_CHARS * 4).decode("utf-8", "replace")
    text = start[:MAX_LINE_CHARS]
    is_cut = len(text.encode("utf-8", "replace")) < size_bytes
    return PendingArtifact(sha256=sha256, size_bytes=size_bytes, media_type=media_type, text=text, is_cut=is_cut)


def _event(seq: int, line: str) -> PendingEvent:
    return PendingEvent(seq=seq, line=line[:MAX_LINE_CHARS], is_cut=len(line) > MAX_LINE_CHARS)


def _read(path: Path, size: int = -1) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(size)
    except FileNotFoundError:
        return b""
