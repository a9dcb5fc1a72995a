"""What is told of a session's base snapshot: what is kept on this machine, and how things stand with it."""

from __future__ import annotations

from pydantic import Field

from patchtrail.contract.wire import Count, Sha256, TraceId, WireModel

__all__ = ["BASE_MEDIA_TYPE", "BaseStanding", "BaseStored"]

BASE_MEDIA_TYPE = "application/vnd.patchtrail.base.v1+tar+gzip"


class BaseStored(WireModel):
    """A base snapshot is on disk, redacted."""

    trace_id: TraceId
    sha256: Sha256
    files: Count
    size_bytes: Count = Field(description="Of the archive.")
    redacted: list[str] = Field(default=[], description="Files in which redaction replaced something.")
    left_out: list[str] = Field(default=[], description="Files of the start commit that it does not hold.")


class BaseStanding(WireModel):
    """The running session's base snapshot, in numbers: it goes along with the session's end."""

    is_ready: bool
    files: Count = 0
    size_bytes: Count = 0
    redacted: Count = 0
    left_out: Count = 0
    problem: str = Field(default="", description="Why there is none, in a sentence; empty while it is being made.")
