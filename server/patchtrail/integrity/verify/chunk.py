"""Check one chunk: signature, manifest, payload, every event line and every link between them.

Each `if` that yields a finding is one check; `make mutants` switches each off in turn and wants a red test.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from patchtrail.contract.artifact import ArtifactRef
from patchtrail.contract.errors import InvalidInput, VerificationFailed
from patchtrail.contract.event_lines import Event, SessionEndEvent
from patchtrail.contract.events import CmdRun, Commit, SessionEnd, TestRun
from patchtrail.contract.evidence import CHUNK_TYPE, ChunkManifest
from patchtrail.contract.files import FileContent
from patchtrail.contract.patch_events import PatchAttempt
from patchtrail.integrity import canonical, chunk, digest, dsse
from patchtrail.integrity.keys import VerifyingKey
from patchtrail.integrity.verify.finding import Finding

__all__ = ["ChunkTip", "OpenedChunk", "VerifiedEvent", "artifact_refs", "check_position", "open_chunk", "read_events"]

EVENT: TypeAdapter[Event] = TypeAdapter(Event)


@dataclass(frozen=True)
class ChunkTip:
    """Where a trace stands after its last accepted chunk."""

    next_n: int
    prev_chunk: str
    head: str
    next_seq: int
    mono_ms: int = 0
    is_ended: bool = False

    @classmethod
    def start(cls, genesis: str) -> ChunkTip:
        """Return the tip of a trace without chunks."""
        return cls(next_n=0, prev_chunk=genesis, head=genesis, next_seq=0)


@dataclass(frozen=True)
class VerifiedEvent:
    """An event, and the hash of its line."""

    event: Event
    hash: str


@dataclass(frozen=True)
class OpenedChunk:
    """A chunk whose signature holds; its payload is not read yet."""

    manifest: ChunkManifest
    chunk_id: str
    envelope_line: bytes
    payload: bytes

    def tip(self, mono_ms: int) -> ChunkTip:
        """Return where the trace stands after this chunk."""
        manifest = self.manifest
        return ChunkTip(
            next_n=manifest.n + 1,
            prev_chunk=self.chunk_id,
            head=manifest.head_out,
            next_seq=manifest.last + 1,
            mono_ms=mono_ms,
            is_ended=manifest.end is not None,
        )


def open_chunk(body: bytes, *, key: VerifyingKey, trace_id: str, n: int) -> OpenedChunk | Finding:
    """Verify a chunk's envelope with the device key registered for its trace, and place it in that trace."""
    where = f"chunk {n}"
    try:
        envelope_line, payload = chunk.split_body(body)
        envelope = dsse.parse_envelope(envelope_line)
        opened = dsse.open_envelope(envelope, CHUNK_TYPE, ChunkManifest, key)
    except (InvalidInput, VerificationFailed) as error:
        return Finding(f"chunk.{error.code}", where, error.message)
    manifest = opened.statement
    for finding in _check_manifest(manifest, key=key, trace_id=trace_id, n=n):
        return finding
    return OpenedChunk(manifest, digest.chunk_id(opened.payload), envelope_line, payload)


def check_position(opened: OpenedChunk, tip: ChunkTip) -> Iterator[Finding]:
    """Yield what keeps a chunk from being the next one after `tip`."""
    manifest = opened.manifest
    where = f"chunk {manifest.n}"
    if tip.is_ended:
        yield Finding("chunk.after_end", where, "The trace ended before this chunk.")
    if manifest.n != tip.next_n:
        yield Finding("chunk.order", where, f"Chunk {tip.next_n} is next, not {manifest.n}.")
    if manifest.prev_chunk != tip.prev_chunk:
        yield Finding("chunk.prev_chunk", where, "The manifest names another chunk as its predecessor.")
    if manifest.first != tip.next_seq:
        yield Finding("chunk.first", where, f"Event {tip.next_seq} is next, not {manifest.first}.")
    if manifest.head_in != tip.head:
        yield Finding("chunk.head_in", where, "The manifest does not continue the chain of the chunk before.")


def read_events(opened: OpenedChunk, mono_ms: int) -> list[VerifiedEvent] | Finding:
    """Decompress a chunk and verify every line and every link; `mono_ms` is the last instant before it."""
    manifest = opened.manifest
    where = f"chunk {manifest.n}"
    try:
        raw = chunk.decompress(opened.payload, encoding=manifest.enc, raw_len=manifest.raw_len)
    except InvalidInput as error:
        return Finding(f"chunk.{error.code}", where, error.message)
    for finding in _check_raw(raw, manifest):
        return finding
    lines = raw.split(b"\n")[:-1]
    if len(lines) != manifest.count:
        return Finding("chunk.count", where, f"The manifest counts {manifest.count} events, the payload {len(lines)}.")
    return _linked(lines, manifest, mono_ms)


def artifact_refs(event: Event) -> Iterator[ArtifactRef]:
    """Yield the artifacts that an event refers to."""
    data = event.data
    references: tuple[ArtifactRef | None, ...] = ()
    if isinstance(data, FileContent):
        references = (data.base_artifact, data.diff_artifact)
    elif isinstance(data, CmdRun):
        references = (data.output_artifact,)
    elif isinstance(data, TestRun):
        references = (data.cases_artifact,)
    elif isinstance(data, Commit):
        references = (data.diff_artifact,)
    elif isinstance(data, PatchAttempt):
        references = (data.diff_artifact, data.prompt_artifact, data.response_artifact)
    elif isinstance(data, SessionEnd):
        references = (data.base_snapshot,)
    yield from filter(None, references)


def _check_manifest(manifest: ChunkManifest, *, key: VerifyingKey, trace_id: str, n: int) -> Iterator[Finding]:
    where = f"chunk {n}"
    if manifest.trace_id != trace_id:
        yield Finding("chunk.trace_id", where, f"The chunk belongs to {manifest.trace_id}.")
    if manifest.n != n:
        yield Finding("chunk.n", where, f"The manifest's number is {manifest.n}.")
    if manifest.jkt != key.jkt:
        yield Finding("chunk.jkt", where, "The manifest names another device key than the one that signed it.")
    if manifest.count == 0:
        yield Finding("chunk.empty", where, "A chunk holds at least one event; the end of a trace is an event too.")
    if manifest.count > chunk.MAX_EVENTS:
        yield Finding("chunk.too_large", where, f"A chunk may hold {chunk.MAX_EVENTS} events.")
    if manifest.last - manifest.first + 1 != manifest.count:
        yield Finding("chunk.count", where, "The manifest's first, last and count do not agree.")


def _check_raw(raw: bytes, manifest: ChunkManifest) -> Iterator[Finding]:
    where = f"chunk {manifest.n}"
    if len(raw) != manifest.raw_len:
        yield Finding("chunk.raw_len", where, f"The payload holds {len(raw)} bytes, not {manifest.raw_len}.")
    if digest.sha256(raw) != manifest.raw_sha256:
        yield Finding("chunk.raw_sha256", where, "The payload is not the one that was signed.")
    if not raw.endswith(b"\n"):
        yield Finding("chunk.torn", where, "The last event line does not end with LF.")


def _linked(lines: list[bytes], manifest: ChunkManifest, mono_ms: int) -> list[VerifiedEvent] | Finding:
    head, verified = manifest.head_in, list[VerifiedEvent]()
    for seq, line in enumerate(lines, manifest.first):
        where = f"chunk {manifest.n}, event {seq}"
        try:
            event = _parsed(line)
        except InvalidInput as error:
            return Finding(f"event.{error.code}", where, error.message)
        is_last = seq == manifest.last
        for finding in _check_event(event, where, manifest, seq=seq, head=head, mono_ms=mono_ms, is_last=is_last):
            return finding
        head, mono_ms = digest.event_hash(line), event.mono_ms
        verified.append(VerifiedEvent(event, head))
    if head != manifest.head_out:
        return Finding("chunk.head_out", f"chunk {manifest.n}", "The events do not lead to the head that was signed.")
    return verified


def _parsed(line: bytes) -> Event:
    if len(line) > chunk.MAX_LINE_BYTES:
        raise InvalidInput(f"An event line may hold {chunk.MAX_LINE_BYTES} bytes.", code="too_large")
    value = canonical.decode(line)
    try:
        return EVENT.validate_python(value)
    except ValidationError as error:
        raise InvalidInput(dsse.first_fault(error), code="malformed") from error


def _check_event(
    event: Event, where: str, manifest: ChunkManifest, *, seq: int, head: str, mono_ms: int, is_last: bool
) -> Iterator[Finding]:
    if event.trace_id != manifest.trace_id:
        yield Finding("event.trace_id", where, f"The event belongs to {event.trace_id}.")
    if event.seq != seq:
        yield Finding("event.seq", where, f"The event's number is {event.seq}.")
    if event.prev != head:
        yield Finding("event.prev", where, "The event does not name the hash of the event before.")
    if event.mono_ms < mono_ms:
        yield Finding("event.mono_ms", where, "The session's monotonic clock went backwards.")
    if (event.type == "session_start") != (seq == 0):
        yield Finding("event.session_start", where, "A trace starts with session_start, and only there.")
    ended = event.data.reason if isinstance(event, SessionEndEvent) else None
    if ended != (manifest.end if is_last else None):
        yield Finding("event.session_end", where, "session_end and the manifest's end do not agree.")
