"""What is signed when a participant has something forgotten that was sent, or that may have been.

The device signs which chunks are to go (`Forget`); the collector drops their bytes, keeps their manifests, so that
the chain can still be followed, and signs that it did (`Forgotten`). Both are DSSE envelopes, as in `evidence`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from patchtrail.contract.evidence import Envelope
from patchtrail.contract.wire import Count, JwkThumbprint, Millis, Sha256, TraceId, WireModel

__all__ = [
    "FORGET_TYPE",
    "FORGOTTEN_TYPE",
    "MAX_FORGOTTEN_CHUNKS",
    "ChunkRef",
    "Deletion",
    "Forget",
    "ForgetAnswer",
    "ForgetRequest",
    "Forgotten",
    "ForgottenChunk",
]

FORGET_TYPE = "application/vnd.patchtrail.forget.v1+json"
FORGOTTEN_TYPE = "application/vnd.patchtrail.forgotten.v1+json"
MAX_FORGOTTEN_CHUNKS = 100
"""As many as an envelope holds with room to spare; more are asked for in several requests."""


class ChunkRef(WireModel):
    """One chunk of a trace, by its number and its id."""

    n: Count
    chunk_id: Sha256


class Forget(WireModel):
    """The device's signed request: drop the bytes of these chunks, and what nothing else refers to."""

    v: Literal[1]
    trace_id: TraceId
    chunks: Annotated[list[ChunkRef], Field(min_length=1, max_length=MAX_FORGOTTEN_CHUNKS)]
    made_ms: Millis
    jkt: JwkThumbprint


class ForgottenChunk(ChunkRef):
    """A chunk whose bytes are gone; the collector never read an unread one, and has its manifest alone."""

    head_out: Sha256
    is_unread: bool


class Forgotten(WireModel):
    """The collector's signed answer: the bytes are gone from its database and its blobs."""

    v: Literal[1]
    trace_id: TraceId
    request_sha256: Sha256 = Field(description="SHA-256 of the request's payload bytes.")
    chunks: Annotated[list[ForgottenChunk], Field(min_length=1, max_length=MAX_FORGOTTEN_CHUNKS)]
    artifacts: Count = Field(description="How many artifacts of the trace were dropped with them.")
    forgotten_ms: Millis


class ForgetRequest(WireModel):
    """Ask for the deletion; `manifests` are those of chunks for which the device holds no receipt."""

    request: Envelope
    manifests: Annotated[list[Envelope], Field(max_length=MAX_FORGOTTEN_CHUNKS)] = Field(default=[])


class ForgetAnswer(WireModel):
    """The deletion receipt, and the receipts of the chunks in the request's order."""

    forgotten: Envelope
    receipts: list[Envelope]


class Deletion(WireModel):
    """A request and its answer, as they are kept as proof."""

    request: Envelope
    forgotten: Envelope
