"""Chunks on the wire: the DSSE envelope of the manifest as one JSON line, LF, then the payload bytes.

The payload is the event lines, each with its LF, compressed as the manifest's `enc` says. All `raw_*` fields
describe the uncompressed lines, so the compressor may change without changing a chunk's identity.
"""

from __future__ import annotations

import base64

import zstandard

from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.evidence import ChunkManifest
from patchtrail.integrity import canonical, digest, dsse
from patchtrail.integrity.chain import ChainHead

__all__ = [
    "MAX_BODY_BYTES",
    "MAX_EVENTS",
    "MAX_LINE_BYTES",
    "MAX_RATIO",
    "MAX_RAW_BYTES",
    "compress",
    "decompress",
    "join_body",
    "manifest_for",
    "payload_of",
    "split_body",
    "stated_manifest",
]

MAX_BODY_BYTES = 1024 * 1024
MAX_RAW_BYTES = 8 * 1024 * 1024
MAX_LINE_BYTES = 1024 * 1024
MAX_EVENTS = 10_000
MAX_RATIO = 100
SAFE_RATIO = 80
"""Lines that shrink more than this are sent as they are, lest the collector take them for a bomb."""
MIN_FRAME_BYTES = 64
MAX_WINDOW_BYTES = 8 * 1024 * 1024
ZSTD_LEVEL = 3


def manifest_for(
    raw: bytes,
    *,
    trace_id: str,
    n: int,
    prev_chunk: str,
    before: ChainHead,
    after: ChainHead,
    end: str | None,
    lost: int,
    made_ms: int,
    jkt: str,
) -> ChunkManifest:
    """Return the manifest of the event lines `raw`, which lead the chain from `before` to `after`."""
    return ChunkManifest.model_validate(
        {
            "v": 1,
            "trace_id": trace_id,
            "n": n,
            "prev_chunk": prev_chunk,
            "first": before.next_seq,
            "last": after.next_seq - 1,
            "count": after.next_seq - before.next_seq,
            "head_in": before.head,
            "head_out": after.head,
            "raw_len": len(raw),
            "raw_sha256": digest.sha256(raw),
            "enc": "identity" if len(raw) > SAFE_RATIO * len(compress(raw)) else "zstd",
            "end": end,
            "lost": lost,
            "made_ms": made_ms,
            "jkt": jkt,
        }
    )


def payload_of(raw: bytes, manifest: ChunkManifest) -> bytes:
    """Return the payload bytes of a chunk, encoded as its manifest says."""
    return raw if manifest.enc == "identity" else compress(raw)


def compress(raw: bytes) -> bytes:
    """Return `raw` as one zstd frame that names its content's length."""
    return zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(raw)


def decompress(payload: bytes, *, encoding: str, raw_len: int) -> bytes:
    """Return the event lines; never produces more than `raw_len` bytes.

    Raises `InvalidInput` when the payload is damaged, longer than it says, or a bomb.
    """
    if raw_len > MAX_RAW_BYTES:
        raise InvalidInput(f"A chunk may hold {MAX_RAW_BYTES} bytes of events.", code="chunk_too_large")
    if encoding == "identity":
        return payload
    if raw_len > MAX_RATIO * max(len(payload), MIN_FRAME_BYTES):
        raise InvalidInput(f"A chunk may shrink at most {MAX_RATIO} times.", code="chunk_too_large")
    try:
        size = zstandard.frame_content_size(payload)
        if size not in (-1, raw_len):
            raise InvalidInput(f"The payload says {size} bytes, its manifest {raw_len}.", code="frame_size")
        decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES)
        return decompressor.decompress(payload, max_output_size=raw_len, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise InvalidInput(f"The payload is not a sound zstd frame: {error}", code="bad_payload") from error


def join_body(envelope_line: bytes, payload: bytes) -> bytes:
    """Return a chunk's request body."""
    return envelope_line + b"\n" + payload


def split_body(body: bytes) -> tuple[bytes, bytes]:
    """Return a request body's envelope line and payload."""
    envelope_line, newline, payload = body.partition(b"\n")
    if not newline:
        raise InvalidInput("A chunk is an envelope line, LF, then the payload; this body has no LF.", code="bad_chunk")
    return envelope_line, payload


def stated_manifest(envelope_line: bytes) -> ChunkManifest:
    """Return what an envelope's manifest states; whoever calls this has verified the envelope before."""
    return ChunkManifest.model_validate(canonical.decode(base64.b64decode(dsse.parse_envelope(envelope_line).payload)))
