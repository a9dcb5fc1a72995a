"""Open a trace: ask the collector for a grant, or start offline with a signed statement of our own."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Literal

from patchtrail.contract.collection import TraceCreated, TraceRequest
from patchtrail.contract.errors import VerificationFailed
from patchtrail.contract.events import ConsentRef, StartKind
from patchtrail.contract.evidence import OPENING_TYPE, Envelope, Opening
from patchtrail.contract.wire import WireModel
from patchtrail.delivery.device import Device
from patchtrail.integrity import canonical, digest, dsse, opening

__all__ = ["NewTrace", "TaskFacts", "granted", "open_local", "open_offline", "open_online"]


class TaskFacts(WireModel):
    """What a trace is about, already redacted."""

    task_id: str
    task_title: str
    repo_origin: str
    start_commit: str
    consent: ConsentRef | None


@dataclass(frozen=True)
class NewTrace:
    """A trace's identity and where its chain begins."""

    trace_id: str
    kind: StartKind
    genesis: str
    request: TraceRequest | None
    grant: bytes | None
    upload_token: str | None


def open_online(device: Device, facts: TaskFacts, *, made_ms: int) -> NewTrace:
    """Ask the collector for a trace, without making a person wait long.

    Raises `CollectorUnavailable` when it does not answer, `VerificationFailed` when its grant does not hold.
    """
    device.server_keys(device.hasty_transport)
    request = _request(device, facts, kind="online", trace_id=None, newest_receipt=None, made_ms=made_ms)
    created = device.hasty_transport.create_trace(request)
    grant = granted(created, request, device)
    genesis = opening.genesis_of(
        opening.open_opening(request.proof, device.key.public), device.open_grant(created.grant)
    )
    return NewTrace(created.trace_id, "online", genesis, request, grant, created.upload_token)


def open_offline(device: Device, facts: TaskFacts, *, newest_receipt: str | None, made_ms: int) -> NewTrace:
    """Start without the collector: our own id, bounded from below by the newest receipt and checkpoint that we hold."""
    trace_id = _new_trace_id()
    request = _request(
        device, facts, kind="offline_open", trace_id=trace_id, newest_receipt=newest_receipt, made_ms=made_ms
    )
    payload = opening.open_opening(request.proof, device.key.public).payload
    return NewTrace(trace_id, "offline_open", digest.genesis(payload), request, None, None)


def open_local() -> NewTrace:
    """Start a trace that nobody signs and that is never uploaded."""
    trace_id = _new_trace_id()
    return NewTrace(trace_id, "local", opening.local_genesis(trace_id), None, None, None)


def granted(created: TraceCreated, request: TraceRequest, device: Device) -> bytes:
    """Verify the collector's grant for our own request and return its bytes.

    Raises `VerificationFailed` naming what does not hold.
    """
    grant = device.open_grant(created.grant).statement
    statement = opening.open_opening(request.proof, device.key.public).statement
    faults = [str(finding) for finding in opening.check_grant(grant, statement)]
    if grant.trace_id != created.trace_id:
        faults.append("grant: it is for another trace than the answer says")
    if faults:
        raise VerificationFailed("The collector's grant does not hold.", code="bad_grant", detail={"findings": faults})
    # An offline opening that comes again is answered with its first grant, which may be old.
    device.log.check_grant(grant, is_new=statement.kind == "online")
    return canonical.encode(created.grant.model_dump())


def _request(
    device: Device,
    facts: TaskFacts,
    *,
    kind: Literal["online", "offline_open"],
    trace_id: str | None,
    newest_receipt: str | None,
    made_ms: int,
) -> TraceRequest:
    head = device.log.newest_head() if kind == "offline_open" else None
    statement = Opening(
        v=1,
        kind=kind,
        trace_id=trace_id,
        participant_id=device.participant_id,
        task_id=facts.task_id,
        task_title=facts.task_title,
        repo_origin=facts.repo_origin,
        start_commit=facts.start_commit,
        consent=facts.consent,
        newest_receipt=newest_receipt,
        jkt=device.key.jkt,
        nonce=secrets.token_hex(32),
        made_ms=made_ms,
    )
    if head is not None:
        statement = statement.model_copy(update={"log_size": head.size, "log_root": head.root})
    return TraceRequest(
        participant_id=device.participant_id,
        task_id=facts.task_id,
        task_title=facts.task_title,
        repo_origin=facts.repo_origin,
        start_commit=facts.start_commit,
        proof=Envelope.model_validate_json(dsse.seal(statement, OPENING_TYPE, device.key)),
    )


def _new_trace_id() -> str:
    return f"trace-{secrets.token_hex(16)}"
