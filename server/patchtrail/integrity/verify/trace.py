"""Verify a whole trace offline: every signature, every link, every receipt, every artifact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from patchtrail.contract.collection import Assurance, KeySet
from patchtrail.contract.errors import InvalidInput, VerificationFailed
from patchtrail.contract.event_lines import Event, SessionStartEvent
from patchtrail.contract.evidence import Grant, Opening, PublicKey, Receipt
from patchtrail.contract.forgetting import Deletion, ForgottenChunk
from patchtrail.integrity import digest, dsse, entry, key_set, opening, receipt
from patchtrail.integrity.dsse import Opened
from patchtrail.integrity.keys import VerifyingKey
from patchtrail.integrity.verify import assurance, chunk, forgotten
from patchtrail.integrity.verify.chunk import ChunkTip, OpenedChunk, VerifiedEvent
from patchtrail.integrity.verify.finding import Finding

__all__ = ["TraceEvidence", "TraceVerdict", "verify_trace"]


@dataclass(frozen=True)
class TraceEvidence:
    """Everything signed about one trace, as bytes that were kept as received.

    `receipts` and `chunks` stand in order of `n`; `artifacts` maps each stored name to its bytes, or is None where
    they were checked before and are not at hand. `key_set` is what the collector shows of its keys, signed by its root.
    A chunk that was forgotten has no payload; `deletions` say why.
    """

    trace_id: str
    device_key: PublicKey
    server_keys: tuple[PublicKey, ...]
    opening: bytes
    grant: bytes
    chunks: tuple[bytes, ...]
    receipts: tuple[bytes, ...]
    artifacts: Mapping[str, bytes] | None
    key_set: KeySet | None = None
    deletions: tuple[Deletion, ...] = ()


@dataclass
class TraceVerdict:
    """What a verified trace holds, and what is wrong with it."""

    findings: list[Finding] = field(default_factory=list)
    events: list[VerifiedEvent] = field(default_factory=list)
    received_ms: list[int] = field(default_factory=list)
    """Per event, the receive time of its chunk."""
    opening: Opening | None = None
    grant: Grant | None = None
    receipts: list[Receipt] = field(default_factory=list)
    """Those that hold, in order."""
    forgotten: list[int] = field(default_factory=list)
    """The chunks whose bytes were dropped on the device's signed request."""

    @property
    def errors(self) -> list[Finding]:
        """The findings that break the trace."""
        return [finding for finding in self.findings if finding.weight == "error"]

    def assurance(self, *, unreplayed: str | None = assurance.NOT_REPLAYED) -> Assurance:
        """Return the level that the findings allow."""
        return assurance.assurance_of(self.findings, is_signed=True, unreplayed=unreplayed)


@dataclass(frozen=True)
class _Keys:
    device: VerifyingKey
    server: tuple[VerifyingKey, ...]


def verify_trace(evidence: TraceEvidence, *, pinned_jkt: str | None) -> TraceVerdict:
    """Check every link of a trace; never raises for bad evidence, but says what is wrong and where.

    `pinned_jkt` is the fingerprint of the collector's key that the reader trusts; without it the evidence can
    only be checked against the key that came along with it, which is said as advice.
    """
    verdict = TraceVerdict()
    keys = _keys(evidence, pinned_jkt, verdict)
    if isinstance(keys, Finding):
        verdict.findings.append(keys)
        return verdict
    opened = _opened(evidence, keys)
    if isinstance(opened, Finding):
        verdict.findings.append(opened)
        return verdict
    statement, grant = opened
    verdict.opening, verdict.grant = statement.statement, grant.statement
    verdict.findings.extend(_check_opening(evidence, keys, statement.statement, grant.statement))
    tip = ChunkTip.start(opening.genesis_of(statement, grant))
    tip = _walk_chunks(evidence, keys, grant.statement, tip, verdict)
    verdict.findings.extend(entry.check_logged(grant.statement, verdict.receipts))
    verdict.findings.extend(_check_whole(evidence, grant.statement, statement.statement, tip, verdict))
    return verdict


def _keys(evidence: TraceEvidence, pinned_jkt: str | None, verdict: TraceVerdict) -> _Keys | Finding:
    try:
        device = VerifyingKey(evidence.device_key)
        trusted, pin = _trusted(evidence, pinned_jkt)
    except (InvalidInput, VerificationFailed) as error:
        code = error.code if error.code.startswith("keys.") else f"keys.{error.code}"
        return Finding(code, "keys", error.message)
    if not trusted:
        return Finding("keys.pinned", "keys", f"None of the collector's keys is the pinned {pinned_jkt}.")
    if pinned_jkt is None:
        message = f"The collector's key {pin} came with the evidence; compare it with one that you trust."
        verdict.findings.append(Finding("keys.unpinned", "keys", message, "advice"))
    return _Keys(device, trusted)


def _trusted(evidence: TraceEvidence, pinned_jkt: str | None) -> tuple[tuple[VerifyingKey, ...], str]:
    """Return the keys that may have signed grants and receipts, and the one fingerprint that stands for them."""
    if evidence.key_set is not None and evidence.key_set.signed is not None:
        shown = key_set.open_key_set(evidence.key_set, pinned_jkt)
        return shown.receipt, shown.root_jkt or shown.receipt[-1].jkt
    keys = tuple(VerifyingKey(key) for key in evidence.server_keys)
    trusted = tuple(key for key in keys if pinned_jkt in (None, key.jkt))
    return trusted, trusted[-1].jkt if trusted else ""


def _opened(evidence: TraceEvidence, keys: _Keys) -> tuple[Opened[Opening], Opened[Grant]] | Finding:
    try:
        statement = opening.open_opening(dsse.parse_envelope(evidence.opening), keys.device)
    except (InvalidInput, VerificationFailed) as error:
        return Finding(f"opening.{error.code}", "opening", error.message)
    try:
        return statement, opening.open_grant(dsse.parse_envelope(evidence.grant), *keys.server)
    except (InvalidInput, VerificationFailed) as error:
        return Finding(f"grant.{error.code}", "grant", error.message)


def _check_opening(evidence: TraceEvidence, keys: _Keys, statement: Opening, grant: Grant) -> Iterator[Finding]:
    if statement.jkt != keys.device.jkt:
        yield Finding("opening.jkt", "opening", "The opening names another device key than the one that signed it.")
    if grant.trace_id != evidence.trace_id:
        yield Finding("grant.trace_id", "grant", f"The grant is for {grant.trace_id}.")
    yield from opening.check_grant(grant, statement)


def _walk_chunks(evidence: TraceEvidence, keys: _Keys, grant: Grant, tip: ChunkTip, verdict: TraceVerdict) -> ChunkTip:
    """Verify chunk after chunk; stop at the first that does not hold, since nothing after it can be placed."""
    received_ms = grant.issued_ms
    gone, faults = forgotten.proven(
        evidence.deletions, trace_id=evidence.trace_id, device=keys.device, server=keys.server
    )
    verdict.findings.extend(faults)
    for n, body in enumerate(evidence.chunks):
        opened = chunk.open_chunk(body, key=keys.device, trace_id=evidence.trace_id, n=n)
        if isinstance(opened, Finding):
            verdict.findings.append(opened)
            return tip
        faults = list(chunk.check_position(opened, tip))
        events = faults[0] if faults else _events(opened, tip, gone)
        if isinstance(events, Finding):
            verdict.findings.extend(faults or [events])
            return tip
        received_ms = _receive(evidence, keys, opened, received_ms, verdict)
        if not events:
            message = (
                f"Its {opened.manifest.count} events were forgotten, as the device asked and the collector signed."
            )
            verdict.findings.append(Finding(assurance.FORGOTTEN, f"chunk {n}", message, "advice"))
            verdict.forgotten.append(n)
            tip = opened.tip(tip.mono_ms)
            continue
        dropped = n - 1 if n - 1 in verdict.forgotten else None
        verdict.findings.extend(forgotten.check_declared(dropped, events[0].event))
        if opened.manifest.lost:
            message = f"The recorder lost {opened.manifest.lost} events of this chunk."
            verdict.findings.append(Finding("trace.lost", f"chunk {n}", message, "remark"))
        verdict.events.extend(events)
        verdict.received_ms.extend([received_ms] * len(events))
        tip = opened.tip(events[-1].event.mono_ms)
    return tip


def _events(opened: OpenedChunk, tip: ChunkTip, gone: dict[int, ForgottenChunk]) -> list[VerifiedEvent] | Finding:
    """Return a chunk's events; none of one that was rightly forgotten."""
    if not opened.payload:
        faults = list(forgotten.check_dropped(opened, gone))
        return faults[0] if faults else []
    if opened.manifest.n in gone:
        where = f"chunk {opened.manifest.n}"
        return Finding("forgotten.kept", where, "The collector signed that these bytes are gone, and here they are.")
    return chunk.read_events(opened, tip.mono_ms)


def _receive(evidence: TraceEvidence, keys: _Keys, opened: OpenedChunk, earliest_ms: int, verdict: TraceVerdict) -> int:
    """Check the receipt of a chunk, and return the time at which the collector had the chunk."""
    n = opened.manifest.n
    if n >= len(evidence.receipts):
        finding = Finding("receipt.missing", f"chunk {n}", "The collector gave no receipt for this chunk.", "remark")
        verdict.findings.append(finding)
        return earliest_ms
    answer = _opened_receipt(evidence.receipts[n], keys, n)
    if isinstance(answer, Finding):
        verdict.findings.append(answer)
        return earliest_ms
    verdict.receipts.append(answer)
    verdict.findings.extend(receipt.check_receipt(answer, opened.manifest, opened.chunk_id))
    if answer.received_ms < earliest_ms:
        verdict.findings.append(
            Finding("receipt.backdated", f"receipt {n}", "The receipt is older than the grant or the receipt before.")
        )
    made_ms = opened.manifest.made_ms
    verdict.findings.extend(assurance.late_receipt(n, made_ms=made_ms, received_ms=answer.received_ms))
    return answer.received_ms


def _opened_receipt(line: bytes, keys: _Keys, n: int) -> Receipt | Finding:
    try:
        return receipt.open_receipt(dsse.parse_envelope(line), *keys.server)
    except (InvalidInput, VerificationFailed) as error:
        return Finding(f"receipt.{error.code}", f"receipt {n}", error.message)


def _check_whole(
    evidence: TraceEvidence, grant: Grant, statement: Opening, tip: ChunkTip, verdict: TraceVerdict
) -> Iterator[Finding]:
    events = [verified.event for verified in verdict.events]
    if len(evidence.receipts) > len(evidence.chunks):
        yield Finding("receipt.orphan", "receipts", "There are receipts for chunks that are missing.")
    if not tip.is_ended:
        yield Finding("trace.unterminated", "trace", "The trace has no session_end.", "remark")
    yield from _check_start(events, grant, statement)
    if evidence.artifacts is not None:
        yield from _check_artifacts(events, evidence.artifacts)
    yield from assurance.silences(events)


def _check_start(events: list[Event], grant: Grant, statement: Opening) -> Iterator[Finding]:
    start = events[0] if events else None
    if not isinstance(start, SessionStartEvent):
        return
    if start.data.participant_id != grant.participant_id:
        yield Finding("event.participant_id", "event 0", "session_start names another participant than the grant.")
    if start.data.consent != grant.consent:
        yield Finding("event.consent", "event 0", "session_start names another consent text than the grant.")
    if start.data.kind != statement.kind:
        yield Finding("event.kind", "event 0", f"session_start says {start.data.kind}, the opening {statement.kind}.")
    if start.data.task_id != statement.task_id:
        yield Finding("event.task_id", "event 0", "session_start names another task than the opening.")
    if start.data.repo_origin != statement.repo_origin:
        yield Finding("event.repo_origin", "event 0", "session_start names another repository than the opening.")
    if start.data.start_commit != statement.start_commit:
        yield Finding("event.start_commit", "event 0", "session_start names another commit than the opening.")


def _check_artifacts(events: list[Event], artifacts: Mapping[str, bytes]) -> Iterator[Finding]:
    for event in events:
        for ref in chunk.artifact_refs(event):
            content = artifacts.get(ref.sha256)
            where = f"event {event.seq}, artifact {ref.sha256[:12]}"
            if content is None:
                yield Finding("artifact.missing", where, "The artifact is not there.")
            elif digest.sha256(content) != ref.sha256:
                yield Finding("artifact.sha256", where, "The artifact is not the one that the event names.")
            elif len(content) != ref.size_bytes:
                yield Finding("artifact.size", where, f"The artifact holds {len(content)} bytes, not {ref.size_bytes}.")
