"""Open traces for devices, and hand out their upload tokens."""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, insert, select

from patchtrail.collector.access import DeviceAccess
from patchtrail.collector.identity import ReceiptKey
from patchtrail.collector.log import Log, root_at, salt_of, size_of
from patchtrail.collector.open_traces import is_open_trace
from patchtrail.collector.tables import traces, upload_tokens
from patchtrail.collector.tokens import UPLOAD_PREFIX, draw_token, stored_form
from patchtrail.contract.collection import TraceCreated, TraceRequest, UploadToken
from patchtrail.contract.errors import InvalidInput, NotAllowed, NotFound, StateConflict, VerificationFailed
from patchtrail.contract.events import ConsentRef
from patchtrail.contract.evidence import GRANT_TYPE, Envelope, Grant, Opening
from patchtrail.integrity import canonical, digest, dsse, opening
from patchtrail.integrity.checkpoint import TreeHead
from patchtrail.integrity.dsse import Opened

__all__ = ["create_trace", "renew_token"]

TOKEN_LIFETIME_MS = 24 * 3600 * 1000


def create_trace(
    connection: Connection,
    request: TraceRequest,
    *,
    device: DeviceAccess,
    key: ReceiptKey,
    log: Log,
    consent: ConsentRef,
    now_ms: int,
) -> TraceCreated:
    """Verify a device's opening and answer it with a grant; the same opening again gives the same trace.

    Raises `VerificationFailed` when the proof does not hold, `NotAllowed` when it speaks for somebody else or
    without consent, `StateConflict` when its trace id is taken.
    """
    opened = _opened(request, device, consent)
    known = connection.execute(
        select(traces.c.trace_id, traces.c.grant_envelope).where(
            traces.c.opening_sha256 == digest.sha256(opened.payload)
        )
    ).one_or_none()
    if known is not None:
        token = renew_token(connection, known.trace_id, device=device, now_ms=now_ms)
        return _created(known.trace_id, token.upload_token, known.grant_envelope)
    statement = opened.statement
    trace_id = statement.trace_id or f"trace-{secrets.token_hex(16)}"
    taken = connection.execute(select(traces.c.trace_id).where(traces.c.trace_id == trace_id)).first()
    if taken or is_open_trace(connection, trace_id):
        raise StateConflict("This trace id is taken by another opening.", code="trace_exists")
    _check_log(connection, statement)
    grant = _grant(statement, trace_id, device, key, log.head(connection), now_ms)
    _insert(connection, request, opened, grant, trace_id=trace_id, device=device, key=key, now_ms=now_ms)
    _enter(connection, log, opened, grant, trace_id, now_ms)
    token = renew_token(connection, trace_id, device=device, now_ms=now_ms)
    return _created(trace_id, token.upload_token, grant)


def renew_token(connection: Connection, trace_id: str, *, device: DeviceAccess, now_ms: int) -> UploadToken:
    """Hand out a fresh upload token for one of the device's own traces."""
    owner = connection.execute(select(traces.c.device_id).where(traces.c.trace_id == trace_id)).scalar_one_or_none()
    if owner != device.device_id:
        raise NotFound(f"There is no trace {trace_id}.")
    token = draw_token(UPLOAD_PREFIX)
    expires_ms = now_ms + TOKEN_LIFETIME_MS
    connection.execute(
        insert(upload_tokens).values(token_hash=stored_form(token), trace_id=trace_id, expires_ms=expires_ms)
    )
    return UploadToken(trace_id=trace_id, upload_token=token, expires_ms=expires_ms)


def _opened(request: TraceRequest, device: DeviceAccess, consent: ConsentRef) -> Opened[Opening]:
    try:
        opened = opening.open_opening(request.proof, device.key)
    except InvalidInput as error:
        raise VerificationFailed(error.message, code=error.code) from error
    statement = opened.statement
    if statement.jkt != device.key.jkt:
        raise VerificationFailed("The proof names another key than the one that signed it.", code="opening.jkt")
    for name in ("participant_id", "task_id", "task_title", "repo_origin", "start_commit"):
        if getattr(request, name) != getattr(statement, name):
            raise VerificationFailed(f"The body's {name} is not the one that was signed.", code="opening.mismatch")
    if (statement.kind == "offline_open") != (statement.trace_id is not None):
        raise VerificationFailed("Only an offline opening brings its own trace id.", code="opening.trace_id")
    if request.participant_id != device.participant_id:
        raise NotAllowed("A device opens traces for its own participant only.", code="wrong_participant")
    if statement.consent != consent:
        raise NotAllowed(
            f"This study records only under consent text version {consent.version} ({consent.sha256[:12]}…).",
            code="consent_missing",
        )
    return opened


def _check_log(connection: Connection, statement: Opening) -> None:
    """Refuse an opening that names a tree of the log which the log never had: it would bound nothing."""
    if statement.log_size is None and statement.log_root is None:
        return
    size = statement.log_size
    if size is None or size > size_of(connection) or root_at(connection, size) != statement.log_root:
        raise VerificationFailed("The opening names a tree that this log never had.", code="opening.log_root")


def _enter(connection: Connection, log: Log, opened: Opened[Opening], grant: bytes, trace_id: str, now_ms: int) -> None:
    """Log a grant, as the leaf after the tree that it names, and the device's signed consent as the one after it."""
    salt = salt_of(connection, trace_id)
    granted = digest.sha256(dsse.payload_bytes(dsse.parse_envelope(grant)))
    log.append(connection, "grant", salt=salt, subject=granted, received_ms=now_ms)
    if opened.statement.consent is not None:
        log.append(connection, "consent", salt=salt, subject=digest.sha256(opened.payload), received_ms=now_ms)


def _grant(
    statement: Opening, trace_id: str, device: DeviceAccess, key: ReceiptKey, head: TreeHead, now_ms: int
) -> bytes:
    grant = Grant(
        v=1,
        trace_id=trace_id,
        study_id=device.study_id,
        participant_id=device.participant_id,
        consent=statement.consent,
        jkt=statement.jkt,
        nonce=statement.nonce,
        issued_ms=now_ms,
        log_size=head.size,
        log_root=head.root,
    )
    return dsse.seal(grant, GRANT_TYPE, key.key)


def _insert(
    connection: Connection,
    request: TraceRequest,
    opened: Opened[Opening],
    grant: bytes,
    *,
    trace_id: str,
    device: DeviceAccess,
    key: ReceiptKey,
    now_ms: int,
) -> None:
    genesis = opening.genesis_of(opened, opening.open_grant(dsse.parse_envelope(grant), key.key.public))
    connection.execute(
        insert(traces).values(
            trace_id=trace_id,
            device_id=device.device_id,
            participant_id=device.participant_id,
            study_id=device.study_id,
            task_id=request.task_id,
            task_title=request.task_title,
            status="open",
            created_ms=now_ms,
            opening=canonical.encode(request.proof.model_dump()),
            opening_sha256=digest.sha256(opened.payload),
            grant_envelope=grant,
            next_n=0,
            prev_chunk=genesis,
            head=genesis,
            next_seq=0,
            mono_ms=0,
            is_ended=False,
            is_forked=False,
            late_chunks=0,
        )
    )


def _created(trace_id: str, upload_token: str, grant: bytes) -> TraceCreated:
    return TraceCreated(
        trace_id=trace_id,
        upload_token=upload_token,
        message="Trace created successfully",
        grant=Envelope.model_validate_json(grant),
    )
