"""Deletion requests and deletion receipts: signed by the device, answered and signed by the collector."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from patchtrail.contract.evidence import Envelope
from patchtrail.contract.forgetting import (
    FORGET_TYPE,
    FORGOTTEN_TYPE,
    ChunkRef,
    Forget,
    Forgotten,
    ForgottenChunk,
)
from patchtrail.integrity import digest, dsse
from patchtrail.integrity.dsse import Opened
from patchtrail.integrity.keys import SigningKey, VerifyingKey
from patchtrail.integrity.verify.finding import Finding

__all__ = [
    "check_forget",
    "check_forgotten",
    "open_forget",
    "open_forgotten",
    "request_sha256",
    "seal_forget",
    "seal_forgotten",
]


def seal_forget(trace_id: str, chunks: Sequence[ChunkRef], *, made_ms: int, key: SigningKey) -> bytes:
    """Return the envelope line of a request to drop these chunks."""
    request = Forget(v=1, trace_id=trace_id, chunks=list(chunks), made_ms=made_ms, jkt=key.jkt)
    return dsse.seal(request, FORGET_TYPE, key)


def open_forget(envelope: Envelope, key: VerifyingKey) -> Opened[Forget]:
    """Verify a device's deletion request."""
    return dsse.open_envelope(envelope, FORGET_TYPE, Forget, key)


def check_forget(request: Forget, *, trace_id: str, key: VerifyingKey) -> Iterator[Finding]:
    """Yield what keeps a deletion request from being one for this trace."""
    if request.trace_id != trace_id:
        yield Finding("forget.trace_id", "deletion request", f"The request is for {request.trace_id}.")
    if request.jkt != key.jkt:
        yield Finding("forget.jkt", "deletion request", "The request names another device key than the one it has.")
    if len({one.n for one in request.chunks}) != len(request.chunks):
        yield Finding("forget.twice", "deletion request", "The request names a chunk twice.")


def request_sha256(request: Opened[Forget]) -> str:
    """Return the name by which an answer refers to its request."""
    return digest.sha256(request.payload)


def seal_forgotten(
    request: Opened[Forget], chunks: Sequence[ForgottenChunk], *, artifacts: int, forgotten_ms: int, key: SigningKey
) -> bytes:
    """Return the envelope line of the deletion receipt that answers a request."""
    answer = Forgotten(
        v=1,
        trace_id=request.statement.trace_id,
        request_sha256=request_sha256(request),
        chunks=list(chunks),
        artifacts=artifacts,
        forgotten_ms=forgotten_ms,
    )
    return dsse.seal(answer, FORGOTTEN_TYPE, key)


def open_forgotten(envelope: Envelope, *keys: VerifyingKey) -> Forgotten:
    """Verify a deletion receipt, signed by any of the collector's keys, and return it."""
    return dsse.open_envelope(envelope, FORGOTTEN_TYPE, Forgotten, *keys).statement


def check_forgotten(answer: Forgotten, request: Opened[Forget]) -> Iterator[Finding]:
    """Yield what keeps a deletion receipt from being the answer to a request."""
    where = "deletion receipt"
    if answer.trace_id != request.statement.trace_id:
        yield Finding("forgotten.trace_id", where, f"The receipt is for {answer.trace_id}.")
    if answer.request_sha256 != request_sha256(request):
        yield Finding("forgotten.request", where, "The receipt answers another request.")
    if [(one.n, one.chunk_id) for one in answer.chunks] != [(one.n, one.chunk_id) for one in request.statement.chunks]:
        yield Finding("forgotten.chunks", where, "The receipt names other chunks than the request.")
