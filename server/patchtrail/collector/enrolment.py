"""Enrol a device: a one-time code, a challenge, and a proof that it holds the private key."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from patchtrail.collector.tables import devices, invitations
from patchtrail.collector.tokens import DEVICE_PREFIX, draw_code, draw_token, stored_form
from patchtrail.contract.collection import (
    DeviceChallenge,
    DeviceEnrolled,
    DeviceProof,
    DeviceRequest,
    Invitation,
    InvitationRequest,
)
from patchtrail.contract.errors import InvalidInput, NotAllowed, NotFound, StateConflict, VerificationFailed
from patchtrail.contract.evidence import PublicKey
from patchtrail.integrity import registration
from patchtrail.integrity.keys import VerifyingKey

__all__ = ["begin", "finish", "invite"]

CODE_LIFETIME_MS = 14 * 24 * 3600 * 1000
CHALLENGE_LIFETIME_MS = 10 * 60 * 1000


def invite(connection: Connection, request: InvitationRequest, *, study_id: str, now_ms: int) -> Invitation:
    """Draw a one-time code for a participant."""
    code = draw_code()
    participant_id = request.participant_id or f"p-{secrets.token_hex(6)}"
    expires_ms = now_ms + CODE_LIFETIME_MS
    connection.execute(
        insert(invitations).values(
            code_hash=stored_form(code),
            participant_id=participant_id,
            study_id=study_id,
            created_ms=now_ms,
            expires_ms=expires_ms,
        )
    )
    return Invitation(code=code, participant_id=participant_id, expires_ms=expires_ms)


def begin(connection: Connection, request: DeviceRequest, *, now_ms: int) -> DeviceChallenge:
    """Answer a valid code and a sound key with a challenge; the code is used up only by the proof.

    Raises `NotAllowed` for a code that is unknown, used or expired, `InvalidInput` for an unsound key.
    """
    key = VerifyingKey(request.public_key)
    invitation = _open_invitation(connection, stored_form(request.code), now_ms)
    device_id, challenge = f"device-{secrets.token_hex(12)}", secrets.token_hex(32)
    expires_ms = now_ms + CHALLENGE_LIFETIME_MS
    connection.execute(
        insert(devices).values(
            device_id=device_id,
            participant_id=invitation.participant_id,
            study_id=invitation.study_id,
            jkt=key.jkt,
            public_x=request.public_key.x,
            host_hint=request.host_hint,
            code_hash=invitation.code_hash,
            challenge=challenge,
            challenge_expires_ms=expires_ms,
        )
    )
    return DeviceChallenge(
        device_id=device_id,
        challenge=challenge,
        participant_id=invitation.participant_id,
        study_id=invitation.study_id,
        expires_ms=expires_ms,
    )


def finish(connection: Connection, device_id: str, proof: DeviceProof, *, now_ms: int) -> DeviceEnrolled:
    """Verify the proof, use the code up, and hand out the device's token.

    Raises `VerificationFailed` when the proof does not hold, `StateConflict` when the key is enrolled already.
    """
    device = connection.execute(select(devices).where(devices.c.device_id == device_id)).one_or_none()
    if device is None:
        raise NotFound("There is no such enrolment.")
    if device.enrolled_ms is not None or device.challenge_expires_ms <= now_ms:
        raise NotAllowed("This challenge was answered before or has expired.", code="challenge_expired")
    _open_invitation(connection, device.code_hash, now_ms)
    key = VerifyingKey(PublicKey(kty="OKP", crv="Ed25519", x=device.public_x))
    _check_proof(proof, device.challenge, key, device.participant_id, device.study_id)
    if connection.execute(
        select(devices.c.device_id).where(devices.c.jkt == key.jkt, devices.c.enrolled_ms.is_not(None))
    ).first():
        raise StateConflict("This key is enrolled already; every enrolment makes a key of its own.", code="key_reused")
    token = draw_token(DEVICE_PREFIX)
    connection.execute(
        update(devices)
        .where(devices.c.device_id == device_id)
        .values(token_hash=stored_form(token), enrolled_ms=now_ms)
    )
    connection.execute(update(invitations).where(invitations.c.code_hash == device.code_hash).values(used_ms=now_ms))
    return DeviceEnrolled(
        device_id=device_id,
        device_token=token,
        participant_id=device.participant_id,
        study_id=device.study_id,
        jkt=key.jkt,
    )


def _check_proof(proof: DeviceProof, challenge: str, key: VerifyingKey, participant_id: str, study_id: str) -> None:
    try:
        statement = registration.open_registration(proof.registration, key)
    except InvalidInput as error:
        raise VerificationFailed(error.message, code=error.code) from error
    faults = registration.check_registration(
        statement, challenge=challenge, jkt=key.jkt, participant_id=participant_id, study_id=study_id
    )
    for finding in faults:
        raise VerificationFailed(str(finding), code=finding.code)


def _open_invitation(connection: Connection, code_hash: str, now_ms: int) -> Row[Any]:
    row = connection.execute(select(invitations).where(invitations.c.code_hash == code_hash)).one_or_none()
    if row is None or row.used_ms is not None or row.expires_ms <= now_ms:
        raise NotAllowed("This code is not known here, was used before, or has expired.", code="bad_code")
    return row
