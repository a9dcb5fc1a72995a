"""A collector in memory that verifies like the real one, over a wire that loses, doubles and mistakes answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from patchtrail.contract.collection import Assurance, KeySet, TraceCompleted, TraceCreated, TraceRequest, UploadToken
from patchtrail.contract.errors import CollectorUnavailable
from patchtrail.contract.evidence import GRANT_TYPE, Envelope, Grant, Receipt
from patchtrail.delivery.transport import Answer
from patchtrail.integrity import digest, dsse, opening, receipt
from patchtrail.integrity.dsse import Opened
from patchtrail.integrity.keys import SigningKey, VerifyingKey
from patchtrail.integrity.verify import (
    ChunkTip,
    Finding,
    VerifiedEvent,
    artifact_refs,
    check_position,
    open_chunk,
    read_events,
)

__all__ = ["LoopbackDevice", "StrictCollector"]


@dataclass
class _Trace:
    created: TraceCreated
    tip: ChunkTip
    chunk_ids: list[str] = field(default_factory=list)
    receipts: list[bytes] = field(default_factory=list)
    events: list[VerifiedEvent] = field(default_factory=list)
    artifacts: set[str] = field(default_factory=set)
    is_complete: bool = False


class StrictCollector:
    """Takes nothing that does not hold; what it refused is a fault of the client's, and is kept for the test."""

    def __init__(self, device_key: VerifyingKey) -> None:
        self.key = SigningKey(bytes(range(1, 33)))
        self.device_key = device_key
        self.traces: dict[str, _Trace] = {}
        self.refusals: list[str] = []
        self.wire: Callable[[Callable[[], Answer]], Answer] = _straight
        self.valid_token = 0
        self.in_flight = 0

    def request(self, token: str | None, work: Callable[[], Answer]) -> Answer:
        """Take one request over the wire."""
        self.in_flight += 1
        assert self.in_flight == 1, "one request in flight per device"
        try:
            if token is not None and token != f"token-{self.valid_token}":
                return _problem(401, "unauthenticated")
            return self.wire(work)
        finally:
            self.in_flight -= 1

    def create(self, request: TraceRequest) -> Answer:
        """Open a trace; the same opening again gives the same trace."""
        opened = opening.open_opening(request.proof, self.device_key)
        statement = opened.statement
        assert statement.trace_id is not None
        known = self.traces.get(statement.trace_id)
        if known is None:
            grant = Grant(
                v=1,
                trace_id=statement.trace_id,
                study_id="s",
                participant_id=statement.participant_id,
                consent=statement.consent,
                jkt=statement.jkt,
                nonce=statement.nonce,
                issued_ms=0,
            )
            created = TraceCreated(
                trace_id=statement.trace_id,
                upload_token="",
                message="",
                grant=Envelope.model_validate_json(dsse.seal(grant, GRANT_TYPE, self.key)),
            )
            known = _Trace(created, ChunkTip.start(digest.genesis(opened.payload)))
            self.traces[statement.trace_id] = known
        created = known.created.model_copy(update={"upload_token": f"token-{self.valid_token}"})
        return Answer(201, created.model_dump_json().encode())

    def put_artifact(self, trace_id: str, sha256: str, content: bytes) -> Answer:
        """Take a blob in."""
        assert digest.sha256(content) == sha256
        self.traces[trace_id].artifacts.add(sha256)
        return Answer(201, b'{"sha256":"%b","size_bytes":%d}' % (sha256.encode(), len(content)))

    def put_chunk(self, trace_id: str, n: int, body: bytes) -> Answer:
        """Verify a chunk as the real collector does, and answer with its receipt."""
        trace = self.traces[trace_id]
        opened = open_chunk(body, key=self.device_key, trace_id=trace_id, n=n)
        if isinstance(opened, Finding):
            return self._refuse(422, opened.code)
        if n < trace.tip.next_n:
            if trace.chunk_ids[n] == opened.chunk_id:
                return Answer(200, trace.receipts[n])
            return self._refuse(409, "fork")
        for finding in check_position(opened, trace.tip):
            return self._refuse(409, finding.code)
        events = read_events(opened, trace.tip.mono_ms)
        if isinstance(events, Finding):
            return self._refuse(422, events.code)
        if not {ref.sha256 for held in events for ref in artifact_refs(held.event)} <= trace.artifacts:
            return _problem(409, "artifacts_missing")
        trace.tip = opened.tip(events[-1].event.mono_ms)
        trace.chunk_ids.append(opened.chunk_id)
        trace.receipts.append(receipt.seal_receipt(opened.manifest, opened.chunk_id, received_ms=0, key=self.key))
        trace.events.extend(events)
        return Answer(201, trace.receipts[-1])

    def complete(self, trace_id: str) -> Answer:
        """Call a trace whole, if it is."""
        trace = self.traces[trace_id]
        if not trace.tip.is_ended:
            return self._refuse(409, "not_ended")
        trace.is_complete = True
        told = TraceCompleted(
            trace_id=trace_id,
            status="complete",
            chunks=len(trace.chunk_ids),
            events=len(trace.events),
            assurance=Assurance(level="L3", reasons=[]),
        )
        return Answer(200, told.model_dump_json().encode())

    def _refuse(self, status: int, code: str) -> Answer:
        self.refusals.append(code)
        return _problem(status, code)


class _NoLog:
    def check_grant(self, grant: Grant, *, is_new: bool) -> None:
        """Promise nothing."""

    def check_receipt(self, statement: Receipt) -> None:
        """Promise nothing."""


class LoopbackDevice:
    """A `Device` whose transport is the collector itself."""

    def __init__(self, collector: StrictCollector, key: SigningKey) -> None:
        self.participant_id = "p-1"
        self.key = key
        self.collector = collector
        self.transport = self
        self.log = _NoLog()

    def open_grant(self, envelope: Envelope) -> Opened[Grant]:
        """Verify a grant with the pinned key."""
        return opening.open_grant(envelope, self.collector.key.public)

    def open_receipt(self, envelope: Envelope) -> Receipt:
        """Verify a receipt with the pinned key."""
        return receipt.open_receipt(envelope, self.collector.key.public)

    def check_log(self) -> None:
        """Ask for no log: this collector keeps none."""

    def keys(self) -> KeySet:
        """Show no keys: the pinned one is known."""
        raise CollectorUnavailable("not asked for")

    def create_trace(self, request: TraceRequest) -> TraceCreated:
        """Open a trace."""
        return self.collector.request(None, lambda: self.collector.create(request)).body(TraceCreated)

    def renew_token(self, trace_id: str) -> str:
        """Renew a token."""
        token = b'{"trace_id":"%b","upload_token":"token-%d","expires_ms":0}'
        content = token % (trace_id.encode(), self.collector.valid_token)
        return self.collector.request(None, lambda: Answer(201, content)).body(UploadToken).upload_token

    def put_artifact(self, trace_id: str, sha256: str, content: bytes, token: str) -> Answer:
        """Upload a blob."""
        return self.collector.request(token, lambda: self.collector.put_artifact(trace_id, sha256, content))

    def put_chunk(self, trace_id: str, n: int, body: bytes, token: str) -> Answer:
        """Upload a chunk."""
        return self.collector.request(token, lambda: self.collector.put_chunk(trace_id, n, body))

    def complete(self, trace_id: str, token: str) -> Answer:
        """Say that the trace is whole."""
        return self.collector.request(token, lambda: self.collector.complete(trace_id))

    def close(self) -> None:
        """Close nothing."""


def _straight(work: Callable[[], Answer]) -> Answer:
    return work()


def _problem(status: int, code: str) -> Answer:
    return Answer(status, b'{"code":"%b","message":"m","detail":{}}' % code.encode())
