"""Who asks: the server's reader, an enrolled device, or the bearer of one trace's upload token."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from patchtrail.collector.open_traces import OpenAccess, open_access, uploader
from patchtrail.collector.tables import devices, traces, upload_tokens
from patchtrail.collector.tokens import DEVICE_PREFIX, UPLOAD_PREFIX, is_well_formed, stored_form
from patchtrail.contract.errors import NotAllowed, NotFound, StateConflict
from patchtrail.contract.evidence import PublicKey
from patchtrail.integrity.keys import VerifyingKey

__all__ = [
    "DeviceAccess",
    "Reader",
    "UploadAccess",
    "adder_of",
    "bearer",
    "device_of",
    "may_read",
    "reader_of",
    "uploader_of",
]

SIGNED = "This trace was opened by a device, so it takes signed chunks only."

# Built once: every chunk asks it.
UPLOADER = (
    select(
        upload_tokens.c.trace_id,
        upload_tokens.c.expires_ms,
        devices.c.device_id,
        devices.c.participant_id,
        devices.c.public_x,
        devices.c.revoked_ms,
    )
    .join(traces, traces.c.trace_id == upload_tokens.c.trace_id)
    .join(devices, devices.c.device_id == traces.c.device_id)
    .where(upload_tokens.c.token_hash == bindparam("token"))
)


@dataclass(frozen=True)
class Reader:
    """Who reads: the server's token sees everything, a device its own participant's traces."""

    participant_id: str | None
    device_id: str | None = None


@dataclass(frozen=True)
class DeviceAccess:
    """An enrolled device that is not revoked."""

    device_id: str
    participant_id: str
    study_id: str
    key: VerifyingKey


@dataclass(frozen=True)
class UploadAccess:
    """The right to upload to one trace, whose chunks must be signed with `key`."""

    trace_id: str
    key: VerifyingKey
    device_id: str
    participant_id: str


def bearer(authorization: str | None) -> str:
    """Return the token of an Authorization header (RFC 6750).

    Raises `NotAllowed` with code `unauthenticated` when there is none.
    """
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAllowed("This needs a header `Authorization: Bearer TOKEN`.", code="unauthenticated")
    return token.strip()


def reader_of(connection: Connection, token: str, server_token: str) -> Reader:
    """Return who may read with this token."""
    if hmac.compare_digest(token.encode(), server_token.encode()):
        return Reader(participant_id=None)
    device = device_of(connection, token)
    return Reader(device.participant_id, device.device_id)


def device_of(connection: Connection, token: str) -> DeviceAccess:
    """Return the device that a token belongs to; raises `NotAllowed` when it belongs to none."""
    row = None
    if token.startswith(DEVICE_PREFIX) and is_well_formed(token):
        row = connection.execute(select(devices).where(devices.c.token_hash == stored_form(token))).one_or_none()
    if row is None:
        raise NotAllowed("This token is not known here.", code="unauthenticated")
    if row.revoked_ms is not None:
        raise NotAllowed("This device was revoked.", code="device_revoked")
    return DeviceAccess(row.device_id, row.participant_id, row.study_id, _key(row.public_x))


def uploader_of(connection: Connection, token: str, trace_id: str, now_ms: int) -> UploadAccess:
    """Return the right to upload to a trace; raises `NotAllowed` when the token does not give it."""
    row = None
    if token.startswith(UPLOAD_PREFIX) and is_well_formed(token):
        row = connection.execute(UPLOADER, {"token": stored_form(token)}).one_or_none()
    if row is None and uploader(connection, token, trace_id, now_ms) is not None:
        raise StateConflict("This trace was opened without a device, so it takes nothing signed.", code="open_trace")
    if row is None or row.expires_ms <= now_ms:
        raise NotAllowed("This upload token is not known here or has expired.", code="unauthenticated")
    if row.revoked_ms is not None:
        raise NotAllowed("The device of this trace was revoked.", code="device_revoked")
    if row.trace_id != trace_id:
        raise NotAllowed("This upload token is for another trace.", code="wrong_trace")
    return UploadAccess(trace_id, _key(row.public_x), row.device_id, row.participant_id)


def adder_of(connection: Connection, token: str, trace_id: str, now_ms: int, server_token: str) -> OpenAccess:
    """Return the right to add to an open trace: its upload token's, or the server's.

    Raises `StateConflict` when the trace is a signed one, `NotAllowed` when the token does not give the right.
    """
    if hmac.compare_digest(token.encode(), server_token.encode()):
        if connection.execute(select(traces.c.trace_id).where(traces.c.trace_id == trace_id)).first():
            raise StateConflict(SIGNED, code="signed_trace")
        return open_access(connection, trace_id)
    access = uploader(connection, token, trace_id, now_ms)
    if access is None:
        uploader_of(connection, token, trace_id, now_ms)
        raise StateConflict(SIGNED, code="signed_trace")
    return access


def may_read(reader: Reader, participant_id: str | None, trace_id: str) -> None:
    """Refuse a trace that is not there, or not for this reader: both look the same from outside."""
    if participant_id is None or reader.participant_id not in (None, participant_id):
        raise NotFound(f"There is no trace {trace_id}.")


def _key(x: str) -> VerifyingKey:
    return VerifyingKey(PublicKey(kty="OKP", crv="Ed25519", x=x))
