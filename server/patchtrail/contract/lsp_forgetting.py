"""LSP messages about what is not to be recorded, what is to be forgotten, and what will be sent."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from patchtrail.contract.base_snapshot import BaseStored
from patchtrail.contract.wire import Count, Millis, Sha256, TraceId, WireModel

__all__ = [
    "PENDING_READ",
    "SESSION_FORGET",
    "SESSION_OFF_RECORD",
    "ForgetMinutes",
    "ForgottenHere",
    "OffRecord",
    "PendingArtifact",
    "PendingChunk",
    "PendingChunks",
    "PendingEvent",
    "PendingRequest",
    "PendingSnapshot",
]

SESSION_OFF_RECORD = "patchtrail/session/offRecord"
SESSION_FORGET = "patchtrail/session/forget"
PENDING_READ = "patchtrail/pending/read"


class OffRecord(WireModel):
    """Record and send nothing for so many minutes, then go on by itself."""

    minutes: Annotated[int, Field(ge=1, le=480)] = 10


class ForgetMinutes(WireModel):
    """Forget what was recorded in the last minutes."""

    minutes: Annotated[int, Field(ge=1, le=1440)]


class ForgottenHere(WireModel):
    """What was forgotten on this machine, and what the collector is asked to drop.

    A chunk that was sent, or on its way, is dropped whole: it can reach back a little further.
    """

    events: Count = Field(description="Events that are gone from this machine, those of chunks to be dropped included.")
    chunks_rewritten: Count = Field(description="Chunks that were never sent, and are gone or shortened.")
    chunks_asked: Count = Field(description="Chunks that the collector is asked to drop; kept asking until it answers.")
    reasons: list[str] = Field(description="What the participant should know beside the counts.")


class PendingRequest(WireModel):
    """Ask for a page of chunks that wait, or, with `trace_id` and `n`, for further events of one of them."""

    skip: Count = 0
    trace_id: TraceId | None = None
    n: Count | None = None
    since_seq: Count = 0


class PendingEvent(WireModel):
    """One event line as it will be sent, cut where it is long."""

    seq: Count
    line: str
    is_cut: bool


class PendingArtifact(WireModel):
    """A blob that goes along, and the start of it where it is text."""

    sha256: Sha256
    size_bytes: Count
    media_type: str
    text: str
    is_cut: bool


class PendingChunk(WireModel):
    """A chunk that waits, or is still being written; `earliest_ms` is null when nothing says when it goes."""

    trace_id: TraceId
    task_title: str
    n: Count
    is_sealed: bool
    is_begun: bool = Field(description="Its upload was begun: it may have left this machine already.")
    size_bytes: Count
    count: Count
    earliest_ms: Millis | None
    events: list[PendingEvent]
    artifacts: list[PendingArtifact]
    next_seq: Count | None = Field(description="Where the next page of its events begins; null when there is none.")


class PendingSnapshot(BaseStored):
    """A base snapshot that goes along with the end of its session, unless the participant changes their mind."""

    task_title: str
    path: str = Field(description="Where it lies on this machine: a gzipped tar archive, to be looked into.")


class PendingChunks(WireModel):
    """A page of the chunks that wait, oldest first; `deletions` are requests that go before all of them."""

    chunks: list[PendingChunk]
    total: Count
    next_skip: Count | None
    deletions: Count
    reasons: list[str] = Field(description="Why nothing leaves this machine at present; empty when it may.")
    snapshots: list[PendingSnapshot] = Field(default=[], description="Of sessions whose end is not on its way yet.")
