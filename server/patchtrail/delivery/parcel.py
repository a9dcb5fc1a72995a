"""One sealed chunk, read back from the spool and ready to be sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import orjson
from pydantic import JsonValue

from patchtrail.contract.errors import SpoolUnavailable
from patchtrail.contract.evidence import ChunkManifest
from patchtrail.delivery.recovery import stored_manifest
from patchtrail.delivery.spool import TraceSpool
from patchtrail.integrity import chunk, digest

__all__ = ["Parcel", "read_parcel"]

REFERENCE = {"sha256", "size_bytes", "media_type"}


@dataclass(frozen=True)
class Parcel:
    """A chunk's request body, and what must be known to send it and to let it go."""

    manifest: ChunkManifest
    chunk_id: str
    envelope_line: bytes
    body: bytes
    artifacts: tuple[str, ...]
    last_mono_ms: int


def read_parcel(trace: TraceSpool, n: int) -> Parcel:
    """Read one chunk; only this chunk is in memory, however long the spool is.

    Raises `SpoolUnavailable` when it is damaged or missing: what is not what was signed is not sent.
    """
    folder, disk = trace.folder, trace.folder.disk
    try:
        envelope_line, raw = disk.read(folder.envelope(n)), disk.read(folder.segment(n))
    except FileNotFoundError as error:
        raise SpoolUnavailable(f"Chunk {n} of {trace.trace_id} is missing.", code="spool_damaged") from error
    manifest, chunk_id = stored_manifest(folder.envelope(n), disk)
    if digest.sha256(raw) != manifest.raw_sha256:
        raise SpoolUnavailable(f"Chunk {n} of {trace.trace_id} was damaged on the disk.", code="spool_damaged")
    events = [orjson.loads(line) for line in raw.split(b"\n")[:-1]]
    return Parcel(
        manifest=manifest,
        chunk_id=chunk_id,
        envelope_line=envelope_line,
        body=chunk.join_body(envelope_line, chunk.payload_of(raw, manifest)),
        artifacts=tuple(sha256 for event in events for sha256 in _references(event)),
        last_mono_ms=events[-1]["mono_ms"],
    )


def _references(value: JsonValue) -> Iterator[str]:
    """Yield the artifacts that an event refers to, also one of a type that only a later version knows."""
    if isinstance(value, dict):
        if value.keys() == REFERENCE:
            yield str(value["sha256"])
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)
