"""Signed traces, prepared beforehand: openings and chunk bodies that any collector with the same device takes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

from patchtrail.contract.collection import TraceRequest
from patchtrail.contract.event_lines import EventData
from patchtrail.contract.evidence import CHUNK_MEDIA_TYPE, CHUNK_TYPE, OPENING_TYPE, Envelope, Opening
from patchtrail.contract.files import FileEdit
from patchtrail.integrity import chunk, digest, dsse
from patchtrail.integrity.chain import ChainHead, link
from patchtrail.integrity.keys import SigningKey
from patchtrail.study import current_consent
from tests.bench.events import edits, session_start

__all__ = ["PARTICIPANT", "PreparedTrace", "prepared"]

PARTICIPANT = "p-bench"


@dataclass(frozen=True)
class PreparedTrace:
    """The request that opens a trace, and the bodies of its chunks in order."""

    trace_id: str
    request: TraceRequest
    bodies: list[bytes]
    raw_bytes: int

    def requests(self, token: str, numbers: range) -> list[bytes]:
        """Return one whole HTTP request per chunk, as a keep-alive client sends them; the length stands last."""
        return [self._head(n, token) + self.bodies[n] for n in numbers]

    def _head(self, n: int, token: str) -> bytes:
        return (
            f"PUT /v1/traces/{self.trace_id}/chunks/{n} HTTP/1.1\r\n"
            f"Host: bench\r\n"
            f"Authorization: Bearer {token}\r\n"
            f"Content-Type: {CHUNK_MEDIA_TYPE}\r\n"
            f"Content-Length: {len(self.bodies[n])}\r\n\r\n"
        ).encode()


def prepared(key: SigningKey, name: str, *, chunks: int, events: int) -> PreparedTrace:
    """Return a trace that starts offline, so that its chain depends on no collector's grant."""
    trace_id = f"trace-{hashlib.sha256(name.encode()).hexdigest()[:32]}"
    request = _request(key, trace_id)
    payload = dsse.open_envelope(request.proof, OPENING_TYPE, Opening, key.public).payload
    head, prev_chunk = ChainHead(0, digest.genesis(payload)), digest.genesis(payload)
    source, bodies, raw_bytes = _data(), list[bytes](), 0
    for n in range(chunks):
        after, raw = _lines(head, trace_id, source, events)
        body, prev_chunk = _sealed(key, raw, trace_id, n, prev_chunk, head, after)
        head, raw_bytes = after, raw_bytes + len(raw)
        bodies.append(body)
    return PreparedTrace(trace_id, request, bodies, raw_bytes)


def _data() -> Iterator[EventData]:
    yield session_start()
    yield from edits()


def _lines(head: ChainHead, trace_id: str, source: Iterator[EventData], events: int) -> tuple[ChainHead, bytes]:
    lines, now_ms = list[bytes](), time.time_ns() // 1_000_000
    for _ in range(events):
        data = next(source)
        linked = link(head, trace_id=trace_id, data=_own(data, head), ts_ms=now_ms, mono_ms=head.next_seq * 10)
        lines.append(linked.line)
        head = linked.after
    return head, b"\n".join([*lines, b""])


def _own(data: EventData, head: ChainHead) -> EventData:
    """Give each edit a hash of its own, so that chunks shrink no better than real ones."""
    if not isinstance(data, FileEdit):
        return data
    return data.model_copy(update={"buffer_hash_after": digest.sha256(head.head.encode())})


def _sealed(
    key: SigningKey, raw: bytes, trace_id: str, n: int, prev_chunk: str, before: ChainHead, after: ChainHead
) -> tuple[bytes, str]:
    """Return a chunk's body and its id."""
    manifest = chunk.manifest_for(
        raw,
        trace_id=trace_id,
        n=n,
        prev_chunk=prev_chunk,
        before=before,
        after=after,
        end=None,
        lost=0,
        made_ms=time.time_ns() // 1_000_000,
        jkt=key.jkt,
    )
    body = chunk.join_body(dsse.seal(manifest, CHUNK_TYPE, key), chunk.payload_of(raw, manifest))
    return body, digest.chunk_id(dsse.payload_of(manifest))


def _request(key: SigningKey, trace_id: str) -> TraceRequest:
    named = {"participant_id": PARTICIPANT, "task_id": "bench", "task_title": "", "repo_origin": "", "start_commit": ""}
    opening = Opening(
        v=1,
        kind="offline_open",
        trace_id=trace_id,
        consent=current_consent(),
        newest_receipt=None,
        jkt=key.jkt,
        nonce=digest.sha256(trace_id.encode()),
        made_ms=time.time_ns() // 1_000_000,
        **named,
    )
    return TraceRequest(**named, proof=Envelope.model_validate_json(dsse.seal(opening, OPENING_TYPE, key)))
