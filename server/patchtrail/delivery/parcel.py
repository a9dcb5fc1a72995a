"""One sealed chunk, read back from the spool and ready to be sent."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import TypeAdapter

from patchtrail.contract.event_lines import Event
from patchtrail.contract.evidence import ChunkManifest
from patchtrail.delivery.recovery import stored_manifest
from patchtrail.delivery.spool import TraceSpool
from patchtrail.integrity import chunk
from patchtrail.integrity.verify import artifact_refs

__all__ = ["Parcel", "read_parcel"]

EVENT: TypeAdapter[Event] = TypeAdapter(Event)


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
    """Read one chunk; only this chunk is in memory, however long the spool is."""
    envelope_line = trace.folder.envelope(n).read_bytes()
    manifest, chunk_id = stored_manifest(trace.folder.envelope(n))
    raw = trace.folder.segment(n).read_bytes()
    events = [EVENT.validate_json(line) for line in raw.split(b"\n")[:-1]]
    return Parcel(
        manifest=manifest,
        chunk_id=chunk_id,
        envelope_line=envelope_line,
        body=chunk.join_body(envelope_line, chunk.payload_of(raw, manifest)),
        artifacts=tuple(ref.sha256 for event in events for ref in artifact_refs(event)),
        last_mono_ms=events[-1].mono_ms,
    )
