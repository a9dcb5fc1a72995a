"""Routes of enrolment: invitations, devices, keys."""

from __future__ import annotations

import hmac

from fastapi import APIRouter, Request

from patchtrail.collector import enrolment
from patchtrail.collector.rates import address_of
from patchtrail.collector.route_parts import Parts, Token, json_body, openapi_body, problems
from patchtrail.contract.collection import (
    DeviceChallenge,
    DeviceEnrolled,
    DeviceProof,
    DeviceRequest,
    Invitation,
    InvitationRequest,
    KeySet,
)
from patchtrail.contract.errors import NotAllowed

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["enrolment"])


@router.get("/keys")
async def get_keys(parts: Parts) -> KeySet:
    """Show the keys that sign grants and receipts."""
    return parts.key.key_set()


@router.post(
    "/invitations",
    status_code=201,
    responses=problems(401, 408, 413, 415, 422),
    openapi_extra=openapi_body(InvitationRequest),
)
async def post_invitation(request: Request, parts: Parts, token: Token) -> Invitation:
    """Draw a one-time code; needs the server's token."""
    if not hmac.compare_digest(token.encode(), parts.server_token.encode()):
        raise NotAllowed("Only the server's token invites.", code="unauthenticated")
    body = await json_body(request, InvitationRequest)
    return await parts.write(
        lambda connection: enrolment.invite(connection, body, study_id=parts.study_id, now_ms=parts.now_ms())
    )


@router.post(
    "/devices",
    status_code=201,
    responses=problems(403, 408, 413, 415, 422, 429),
    openapi_extra=openapi_body(DeviceRequest),
)
async def post_device(request: Request, parts: Parts) -> DeviceChallenge:
    """Answer a one-time code and a public key with a challenge."""
    parts.limits.enrolment(address_of(request), parts.study_id)
    body = await json_body(request, DeviceRequest)
    return await parts.write(lambda connection: enrolment.begin(connection, body, now_ms=parts.now_ms()))


@router.post(
    "/devices/{device_id}/proof",
    status_code=201,
    responses=problems(403, 404, 408, 409, 413, 415, 422),
    openapi_extra=openapi_body(DeviceProof),
)
async def post_proof(request: Request, device_id: str, parts: Parts) -> DeviceEnrolled:
    """Verify the signed challenge and hand out the device's token, once."""
    body = await json_body(request, DeviceProof)
    return await parts.write(lambda connection: enrolment.finish(connection, device_id, body, now_ms=parts.now_ms()))
