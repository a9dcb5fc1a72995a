"""Find where a trace stands after its sidecar was killed: cut a torn tail, set damage aside, lose nothing whole."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
from pydantic import JsonValue

from patchtrail.contract.errors import InvalidInput, SpoolUnavailable
from patchtrail.contract.evidence import ChunkManifest, Envelope
from patchtrail.delivery.disk import SYSTEM_DISK, Disk
from patchtrail.delivery.durable import make_folder, write_whole
from patchtrail.delivery.folder import TraceFolder
from patchtrail.integrity import canonical, digest, dsse
from patchtrail.integrity.chain import ChainHead

__all__ = [
    "Standing",
    "UnsignedSegment",
    "end_of",
    "kept_clock",
    "last_event",
    "lost_before",
    "receipt_file",
    "stored_manifest",
    "stored_receipt",
    "walk_lines",
    "where_it_stands",
]


@dataclass(frozen=True)
class UnsignedSegment:
    """A segment that was closed, but has no manifest yet: the process was killed, or had no key."""

    n: int
    before: ChainHead
    after: ChainHead
    end: str | None


@dataclass(frozen=True)
class Standing:
    """The chain before (`sealed`) and after (`head`) the active segment, and the next chunk's place.

    `active` is what the active segment holds; `torn_bytes` and `lost_events` are what recovery had to cut from it.
    """

    sealed: ChainHead
    head: ChainHead
    next_n: int
    prev_chunk: str
    is_ended: bool
    active: bytes = b""
    torn_bytes: int = 0
    lost_events: int = 0


def where_it_stands(folder: TraceFolder, genesis: str) -> tuple[Standing, list[UnsignedSegment]]:
    """Recover a trace's state from its files; doing it twice changes nothing more.

    Raises `SpoolUnavailable` when a closed segment or a manifest is damaged; then the trace is left as it is.
    """
    signed = _after_signed(folder, genesis)
    unsigned = list(_unsigned(folder, signed))
    sealed, next_n, is_ended = signed.sealed, signed.next_n + len(unsigned), signed.is_ended
    if unsigned:
        sealed, is_ended = unsigned[-1].after, unsigned[-1].end is not None
    content = folder.disk.read(folder.active) if folder.disk.exists(folder.active) else b""
    head, good = walk_lines(content, sealed, folder.trace_id)
    if content[good:]:
        _cut(folder, content[good:], good, next_n)
    torn, lost = len(content) - good, lost_before(folder, next_n)
    standing = Standing(sealed, head, next_n, signed.prev_chunk, is_ended, content[:good], torn, lost)
    return standing, unsigned


def walk_lines(content: bytes, head: ChainHead, trace_id: str) -> tuple[ChainHead, int]:
    """Follow a chain through event lines; return its head, and how many bytes of `content` hold."""
    good = 0
    while (newline := content.find(b"\n", good)) >= 0:
        after = _next_head(content[good:newline], head, trace_id)
        if after is None:
            break
        head, good = after, newline + 1
    return head, good


def stored_manifest(path: Path, disk: Disk = SYSTEM_DISK) -> tuple[ChunkManifest, str]:
    """Return the manifest in the first line of a `.env` or `.rcpt` file, and its chunk id."""
    try:
        payload = base64.b64decode(dsse.parse_envelope(disk.read(path).split(b"\n")[0]).payload)
        return ChunkManifest.model_validate(canonical.decode(payload)), digest.chunk_id(payload)
    except (OSError, ValueError, InvalidInput) as error:
        raise SpoolUnavailable(f"{path.parent.name}/{path.name} is damaged.", code="spool_damaged") from error


def stored_receipt(path: Path) -> Envelope:
    """Return the receipt in the second line of a `.rcpt` file."""
    return dsse.parse_envelope(path.read_bytes().split(b"\n")[1])


def receipt_file(manifest_line: bytes, receipt_line: bytes, last_mono_ms: int) -> bytes:
    """Return the content of a `.rcpt` file: manifest, receipt, and the clock that a later sidecar goes on from."""
    return b"\n".join([manifest_line, receipt_line, b'{"last_mono_ms":%d}' % last_mono_ms, b""])


def lost_before(folder: TraceFolder, n: int) -> int:
    """Return how many events were set aside as damaged before chunk `n` was sealed; a second crash forgets none."""
    names = [name for name in folder.disk.names(folder.quarantine) if name.endswith(".damaged")]
    mine = [name for name in names if name.startswith((f"{n:06d}.", f"{n:06d}-"))]
    return sum(folder.disk.read(folder.quarantine / name).count(b"\n") for name in mine)


def end_of(segment: bytes) -> str | None:
    """Return why a trace ended, if these event lines end it."""
    event = last_event(segment)
    data = event["data"]
    is_end = event["type"] == "session_end" and isinstance(data, dict)
    return str(data["reason"]) if is_end and isinstance(data, dict) else None


def kept_clock(path: Path, disk: Disk = SYSTEM_DISK) -> int:
    """Return the clock in the third line of a `.rcpt` or `.gone` file."""
    return int(orjson.loads(disk.read(path).split(b"\n")[2])["last_mono_ms"])


def last_event(segment: bytes) -> dict[str, JsonValue]:
    """Return the last event of a closed segment."""
    return canonical.decode(segment.removesuffix(b"\n").rpartition(b"\n")[2])


def _after_signed(folder: TraceFolder, genesis: str) -> Standing:
    signed = sorted({*folder.numbers(".env"), *folder.numbers(".rcpt"), *folder.numbers(".gone")})
    if not signed:
        start = ChainHead(0, genesis)
        return Standing(start, start, 0, genesis, is_ended=False)
    n = signed[-1]
    places = (folder.envelope(n), folder.receipt(n), folder.gone(n))
    path = next(one for one in places if folder.disk.exists(one))
    manifest, chunk_id = stored_manifest(path, folder.disk)
    sealed = ChainHead(manifest.last + 1, manifest.head_out, _last_mono_ms(folder, n))
    return Standing(sealed, sealed, n + 1, chunk_id, is_ended=manifest.end is not None)


def _last_mono_ms(folder: TraceFolder, n: int) -> int:
    try:
        if folder.disk.exists(folder.segment(n)):
            return int(str(last_event(folder.disk.read(folder.segment(n)))["mono_ms"]))
        is_receipted = folder.disk.exists(folder.receipt(n))
        return kept_clock(folder.receipt(n) if is_receipted else folder.gone(n), folder.disk)
    except (OSError, ValueError, IndexError, KeyError, InvalidInput) as error:
        raise SpoolUnavailable(
            f"{folder.trace_id}: chunk {n} is damaged or missing; the trace is left as it is.", code="spool_damaged"
        ) from error


def _unsigned(folder: TraceFolder, signed: Standing) -> Iterator[UnsignedSegment]:
    before, n = signed.sealed, signed.next_n
    while folder.disk.exists(folder.segment(n)):
        content = folder.disk.read(folder.segment(n))
        after, good = walk_lines(content, before, folder.trace_id)
        if good != len(content) or not content:
            raise SpoolUnavailable(f"{folder.trace_id}/{n:06d}.seg is damaged.", code="spool_damaged")
        yield UnsignedSegment(n, before, after, end_of(content))
        before, n = after, n + 1


def _next_head(line: bytes, head: ChainHead, trace_id: str) -> ChainHead | None:
    try:
        event = canonical.decode(line)
    except InvalidInput:
        return None
    mono_ms = event.get("mono_ms")
    expected = (trace_id, head.next_seq, head.head)
    if (event.get("trace_id"), event.get("seq"), event.get("prev")) != expected or not isinstance(mono_ms, int):
        return None
    return ChainHead(head.next_seq + 1, digest.event_hash(line), mono_ms)


def _cut(folder: TraceFolder, rest: bytes, good: int, n: int) -> None:
    """Truncate a segment to its good prefix; whole lines behind damage are kept aside and counted as lost."""
    disk = folder.disk
    if b"\n" in rest:
        make_folder(folder.quarantine, disk)
        kept = [name for name in disk.names(folder.quarantine) if name.endswith(".damaged")]
        if not any(disk.read(folder.quarantine / name) == rest for name in kept):
            # Set aside once, however often recovery is killed before it has truncated the segment.
            write_whole(folder.quarantine / f"{n:06d}-{len(kept)}.damaged", rest, disk)
    descriptor = disk.open(folder.active)
    try:
        disk.truncate(descriptor, good)
        disk.sync(descriptor)
    finally:
        disk.close(descriptor)
