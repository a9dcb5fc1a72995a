"""Forget the newest events of a trace: rewrite what never began to leave, and ask the collector to drop the rest.

All of it is decided and written into one journal (`forgetting.json`), whose rename is the moment at which the events
are forgotten: killed before it, the old state stands; killed after it, the next start carries the journal out. Each
step may be done twice.

The chain continues from the last kept event. Chunks whose upload began keep their manifests, since their numbers and
heads may be known elsewhere; a signed request waits beside them until the collector has answered it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from pydantic import TypeAdapter, ValidationError

from patchtrail.contract.errors import InvalidInput, SpoolUnavailable, VerificationFailed
from patchtrail.contract.event_lines import Event
from patchtrail.contract.events import Gap
from patchtrail.contract.evidence import Envelope
from patchtrail.contract.forgetting import MAX_FORGOTTEN_CHUNKS, ChunkRef, Deletion, ForgetAnswer, ForgetRequest
from patchtrail.contract.wire import Count, Millis, WireModel
from patchtrail.delivery.durable import sync_folder, unlink_all, write_whole
from patchtrail.delivery.folder import TraceFolder
from patchtrail.delivery.kept_base import stored_base
from patchtrail.delivery.recovery import kept_clock, last_event, receipt_file, stored_manifest
from patchtrail.integrity import canonical, digest, dsse, forgetting, receipt
from patchtrail.integrity.chain import ChainHead, link
from patchtrail.integrity.keys import SigningKey, VerifyingKey
from patchtrail.integrity.verify import artifact_refs

__all__ = ["ForgottenEvents", "Moment", "carry_out", "commit", "is_settled", "planned", "request_of", "take_answer"]

EVENT: TypeAdapter[Event] = TypeAdapter(Event)


class GoneChunk(WireModel):
    """A chunk of which only the manifest stays, and the clock after it."""

    n: Count
    last_mono_ms: Millis


class Journal(WireModel):
    """What is to be done; `active` holds the lines of the rewritten segment, kept ones and the gap."""

    first_n: Count
    first_seq: Count
    next_n: Count
    active: str
    drafts: str
    gone: list[GoneChunk]
    requests: dict[str, Envelope]


@dataclass(frozen=True)
class ForgottenEvents:
    """What was forgotten: `first_seq` is the number of the first event that is gone."""

    first_seq: int
    events: int
    chunks_rewritten: int
    chunks_asked: int


@dataclass(frozen=True)
class Moment:
    """Since when is to be forgotten, and now, on the session's clock; and the wall's."""

    since_ms: int
    now_ms: int
    wall_ms: int


@dataclass
class _Found:
    """What stands in a folder, from its start to the first event that is to be forgotten."""

    head: ChainHead
    kept: list[bytes] = field(default_factory=list)
    next_n: int = 0
    asked: list[ChunkRef] = field(default_factory=list)
    gone: list[GoneChunk] = field(default_factory=list)
    first_n: int | None = None
    first_seq: int | None = None
    events: int = 0
    rewritten: int = 0

    def forget(self, n: int, seq: int, events: int) -> None:
        """Note the first chunk and event that go, and count."""
        if events:
            self.first_n = n if self.first_n is None else self.first_n
            self.first_seq = seq if self.first_seq is None else self.first_seq
            self.events += events


def planned(
    folder: TraceFolder, genesis: str, moment: Moment, *, drafts: Callable[[int], bytes], key: SigningKey | None
) -> tuple[Journal, ForgottenEvents]:
    """Return what forgetting everything since a moment would do to a trace; nothing is touched yet."""
    found = _Found(ChainHead(0, genesis))
    begun = sorted({*folder.numbers(".rcpt"), *folder.numbers(".gone"), *folder.numbers(".begun")})
    for n in begun:
        _look_at_begun(folder, n, moment, found)
    for n in folder.numbers(".seg"):
        if n not in begun:
            _look_at_lines(folder.disk.read(folder.segment(n)), n, moment, found, is_sealed=True)
    if folder.disk.exists(folder.active):
        _look_at_lines(folder.disk.read(folder.active), found.next_n, moment, found, is_sealed=False)
    told = ForgottenEvents(
        first_seq=found.head.next_seq if found.first_seq is None else found.first_seq,
        events=found.events,
        chunks_rewritten=found.rewritten,
        chunks_asked=len(found.asked),
    )
    journal = Journal(
        first_n=found.next_n if found.first_n is None else found.first_n,
        first_seq=told.first_seq,
        next_n=found.next_n,
        active=(b"".join(line + b"\n" for line in [*found.kept, _gap(folder, found, told, moment)])).decode(),
        drafts=drafts(told.first_seq).decode(),
        gone=found.gone,
        requests=_requests(folder, found.asked, moment, key),
    )
    return journal, told


def commit(folder: TraceFolder, journal: Journal) -> None:
    """Write the journal: from here on the events are forgotten, whatever happens."""
    write_whole(folder.forgetting, journal.model_dump_json().encode(), folder.disk)


def carry_out(folder: TraceFolder) -> None:
    """Do what the journal says, if there is one; then remove it."""
    unlink_all(folder.forgetting.with_name(f".{folder.forgetting.name}.tmp"), disk=folder.disk)
    if not folder.disk.exists(folder.forgetting):
        return
    try:
        journal = Journal.model_validate_json(folder.disk.read(folder.forgetting))
    except ValidationError as error:
        raise SpoolUnavailable(f"{folder.trace_id}/forgetting.json is damaged.", code="spool_damaged") from error
    _leave_manifests(folder, journal.gone)
    for n in {*folder.numbers(".seg"), *folder.numbers(".env")}:
        if n >= journal.next_n:
            unlink_all(folder.segment(n), folder.envelope(n), disk=folder.disk)
    write_whole(folder.active, journal.active.encode(), folder.disk)
    for name, envelope in journal.requests.items():
        write_whole(folder.request(int(name)), canonical.encode(envelope.model_dump()), folder.disk)
    if journal.drafts:
        write_whole(folder.drafts, journal.drafts.encode(), folder.disk)
    else:
        unlink_all(folder.drafts, disk=folder.disk)
    _keep_coverage(folder, journal.first_seq)
    _wipe_leavings(folder, journal.first_n)
    write_whole(folder.hidden, b"", folder.disk)
    unlink_all(folder.forgetting, disk=folder.disk)
    sync_folder(folder.path, folder.disk)


def request_of(folder: TraceFolder, k: int) -> ForgetRequest:
    """Return a request that waits, with the manifests of the chunks for which there is no receipt."""
    envelope = dsse.parse_envelope(folder.disk.read(folder.request(k)))
    unread = [n for n in _numbers_in(envelope) if folder.disk.exists(folder.gone(n))]
    lines = [folder.disk.read(folder.gone(n)).split(b"\n")[0] for n in unread]
    return ForgetRequest(request=envelope, manifests=[dsse.parse_envelope(line) for line in lines])


def take_answer(
    folder: TraceFolder, k: int, answer: ForgetAnswer, *, device: VerifyingKey, server: Sequence[VerifyingKey]
) -> bool:
    """Verify a deletion receipt and keep it as the participant's proof; false when it is none for this request."""
    envelope = dsse.parse_envelope(folder.disk.read(folder.request(k)))
    request = forgetting.open_forget(envelope, device)
    try:
        if any(forgetting.check_forgotten(forgetting.open_forgotten(answer.forgotten, *server), request)):
            return False
        receipts = [receipt.open_receipt(one, *server) for one in answer.receipts]
    except (InvalidInput, VerificationFailed):
        return False
    for statement, line in zip(receipts, answer.receipts, strict=True):
        gone = folder.gone(statement.n)
        if folder.disk.exists(gone):
            manifest, chunk_id = stored_manifest(gone, folder.disk)
            if any(receipt.check_receipt(statement, manifest, chunk_id)):
                return False
            content = receipt_file(
                folder.disk.read(gone).split(b"\n")[0],
                canonical.encode(line.model_dump()),
                kept_clock(gone, folder.disk),
            )
            write_whole(folder.receipt(statement.n), content, folder.disk)
            unlink_all(gone, disk=folder.disk)
    write_whole(
        folder.deletion(k),
        Deletion(request=envelope, forgotten=answer.forgotten).model_dump_json().encode(),
        folder.disk,
    )
    unlink_all(folder.request(k), disk=folder.disk)
    sync_folder(folder.path, folder.disk)
    return True


def is_settled(folder: TraceFolder) -> bool:
    """Return whether the collector has answered every request of a trace."""
    return not folder.numbers(".forget")


def _look_at_begun(folder: TraceFolder, n: int, moment: Moment, found: _Found) -> None:
    """Keep a chunk that may have left, or have its manifest alone stay, and ask for its deletion."""
    is_here = folder.disk.exists(folder.segment(n)) and not folder.disk.exists(folder.receipt(n))
    path = next(one for one in (folder.receipt(n), folder.gone(n), folder.envelope(n)) if folder.disk.exists(one))
    manifest, chunk_id = stored_manifest(path, folder.disk)
    raw = folder.disk.read(folder.segment(n)) if is_here else b""
    last_mono_ms = int(str(last_event(raw)["mono_ms"])) if is_here else kept_clock(path, folder.disk)
    found.next_n = n + 1
    is_forgotten = n in _requested(folder)
    if last_mono_ms < moment.since_ms or is_forgotten:
        # After chunks that were forgotten before, the clock goes on from what is kept.
        clock_ms = found.head.mono_ms if is_forgotten else last_mono_ms
        found.head = ChainHead(manifest.last + 1, manifest.head_out, clock_ms)
        return
    found.head = ChainHead(manifest.last + 1, manifest.head_out, found.head.mono_ms)
    found.asked.append(ChunkRef(n=n, chunk_id=chunk_id))
    found.gone.append(GoneChunk(n=n, last_mono_ms=last_mono_ms))
    found.forget(n, manifest.first, manifest.count)


def _look_at_lines(content: bytes, n: int, moment: Moment, found: _Found, *, is_sealed: bool) -> None:
    """Keep a segment that never began to leave, or the lines before the moment; a start always stays."""
    lines = content.split(b"\n")[:-1]
    kept = lines
    if found.events:
        kept = []
    else:
        instants = [_place(line) for line in lines]
        kept = [line for line, (seq, mono_ms) in zip(lines, instants, strict=True) if _stays(seq, mono_ms, moment)]
    for line in kept:
        seq, mono_ms = _place(line)
        found.head = ChainHead(seq + 1, digest.event_hash(line), mono_ms)
    if is_sealed and len(kept) == len(lines):
        found.next_n = n + 1
        return
    found.rewritten += is_sealed
    found.kept.extend(kept)
    if len(kept) < len(lines):
        found.forget(n, _place(lines[len(kept)])[0], len(lines) - len(kept))


def _stays(seq: int, mono_ms: int, moment: Moment) -> bool:
    return seq == 0 or mono_ms < moment.since_ms


def _place(line: bytes) -> tuple[int, int]:
    event = canonical.decode(line)
    return int(str(event["seq"])), int(str(event["mono_ms"]))


def _gap(folder: TraceFolder, found: _Found, told: ForgottenEvents, moment: Moment) -> bytes:
    """Return the line that declares what is gone; it says how much, not what."""
    asked = f", {told.chunks_asked} chunks that had been sent or were on their way" if told.chunks_asked else ""
    data = Gap(
        from_ms=found.head.mono_ms,
        to_ms=max(found.head.mono_ms, moment.now_ms),
        reason="forgotten",
        detail=f"{told.events} events{asked}",
    )
    return link(found.head, trace_id=folder.trace_id, data=data, ts_ms=moment.wall_ms, mono_ms=moment.now_ms).line


def _requests(
    folder: TraceFolder, asked: Sequence[ChunkRef], moment: Moment, key: SigningKey | None
) -> dict[str, Envelope]:
    """Return signed requests for the chunks, by the numbers under which they will wait."""
    taken = [*folder.numbers(".forget"), *folder.numbers(".forgotten")]
    first = max(taken, default=-1) + 1
    requests = dict[str, Envelope]()
    for k, start in enumerate(range(0, len(asked), MAX_FORGOTTEN_CHUNKS), first):
        assert key is not None, "a chunk that was sent was signed"
        refs = asked[start : start + MAX_FORGOTTEN_CHUNKS]
        line = forgetting.seal_forget(folder.trace_id, refs, made_ms=moment.wall_ms, key=key)
        requests[str(k)] = dsse.parse_envelope(line)
    return requests


def _leave_manifests(folder: TraceFolder, gone: Sequence[GoneChunk]) -> None:
    for one in gone:
        envelope = folder.envelope(one.n)
        if folder.disk.exists(envelope) and not folder.disk.exists(folder.receipt(one.n)):
            write_whole(
                folder.gone(one.n), receipt_file(folder.disk.read(envelope), b"", one.last_mono_ms), folder.disk
            )
        unlink_all(folder.segment(one.n), envelope, folder.begun(one.n), disk=folder.disk)


def _requested(folder: TraceFolder) -> set[int]:
    """Return the chunks whose deletion was asked for before, answered or not."""
    waiting = [dsse.parse_envelope(folder.disk.read(folder.request(k))) for k in folder.numbers(".forget")]
    answered = [
        Deletion.model_validate_json(folder.disk.read(folder.deletion(k))).request for k in folder.numbers(".forgotten")
    ]
    return {n for envelope in [*waiting, *answered] for n in _numbers_in(envelope)}


def _numbers_in(envelope: Envelope) -> list[int]:
    statement = canonical.decode(base64.b64decode(envelope.payload))
    refs = statement["chunks"]
    assert isinstance(refs, list), "the request was made here"
    return [int(str(ref["n"])) for ref in refs if isinstance(ref, dict)]


def _keep_coverage(folder: TraceFolder, first_seq: int) -> None:
    """Leave out of the kept ledger what is told by events that are gone."""
    if folder.disk.exists(folder.coverage):
        lines = folder.disk.read(folder.coverage).split(b"\n")[:-1]
        write_whole(
            folder.coverage, b"".join(line + b"\n" for line in lines if _place(line)[0] < first_seq), folder.disk
        )


def _wipe_leavings(folder: TraceFolder, first_n: int) -> None:
    """Remove artifacts that nothing kept here refers to, what was set aside, and what a kill left half written."""
    kept, disk = set(_kept_artifacts(folder)), folder.disk
    for place in (folder.path, folder.artifact("")):
        for name in disk.names(place):
            is_leaving = name.startswith(".") and name.endswith(".tmp")
            if is_leaving or (place != folder.path and name not in kept):
                disk.unlink(place / name)
    for name in disk.names(folder.quarantine):
        if not name[:6].isdigit() or int(name[:6]) >= first_n:
            disk.unlink(folder.quarantine / name)


def _kept_artifacts(folder: TraceFolder) -> Iterator[str]:
    base = stored_base(folder)
    if base is not None:
        # The start commit lies before everything that can be forgotten.
        yield base.sha256
    for path in [*(folder.segment(n) for n in folder.numbers(".seg")), folder.active]:
        for line in folder.disk.read(path).split(b"\n")[:-1]:
            for ref in artifact_refs(EVENT.validate_json(line)):
                yield ref.sha256
