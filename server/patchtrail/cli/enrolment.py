"""Enrol this machine: the core of `patchtrail device enrol`, and its form for a client, which starts without Typer.

A client writes one line (`EnrolRequest`) to standard input and reads one from standard output: without a code who the
collector is (`CollectorShown`), with a code the device key (`DeviceKey`). What failed stands on standard error, as a
`Problem`, with exit code 1. Code and key pass through pipes alone: neither stands in arguments, environment or logs.
"""

from __future__ import annotations

import secrets
import sys

from pydantic import ValidationError

from patchtrail.cli.client import CollectorClient
from patchtrail.contract.collection import DeviceChallenge, DeviceEnrolled, DeviceProof, DeviceRequest, KeySet
from patchtrail.contract.errors import InvalidInput, PatchtrailError, VerificationFailed
from patchtrail.contract.evidence import DEVICE_TYPE, DeviceRegistration, Envelope
from patchtrail.contract.lsp import CollectorShown, DeviceKey, EnrolRequest
from patchtrail.integrity import dsse
from patchtrail.integrity.key_set import fingerprint_of
from patchtrail.integrity.keys import SigningKey, unpadded

__all__ = ["enrol", "enrol_stdin", "shown"]

MAX_REQUEST_CHARS = 16 * 1024


def enrol_stdin() -> int:
    """Serve one request on standard input and output; return the exit code."""
    try:
        answer = _answer(sys.stdin.readline(MAX_REQUEST_CHARS))
    except PatchtrailError as error:
        print(error.problem().model_dump_json(), file=sys.stderr)
        return 1
    print(answer.model_dump_json())
    return 0


def shown(url: str) -> CollectorShown:
    """Ask a collector for the one fingerprint that stands for all its keys."""
    keys = CollectorClient(url, None).get("/v1/keys", KeySet)
    return CollectorShown(url=url, server_jkt=fingerprint_of(keys))


def enrol(request: EnrolRequest) -> DeviceKey:
    """Make a key, prove that we hold it, and return the line that the sidecar reads.

    Raises `VerificationFailed`, before anything is sent, when the collector no longer shows the key that was agreed to.
    """
    pinned = shown(request.url).server_jkt
    if request.server_jkt not in (None, pinned):
        raise VerificationFailed(f"The collector now shows another key: {pinned}.", code="server_key_changed")
    seed = secrets.token_bytes(32)
    key, client = SigningKey(seed), CollectorClient(request.url, None)
    asked = DeviceRequest(code=request.code or "", public_key=key.public.jwk, host_hint=request.host_hint)
    challenge = client.post("/v1/devices", asked, DeviceChallenge)
    proof = DeviceProof(registration=_registration(challenge, key, request.host_hint))
    enrolled = client.post(f"/v1/devices/{challenge.device_id}/proof", proof, DeviceEnrolled)
    return DeviceKey(
        kty="OKP",
        crv="Ed25519",
        x=key.public.jwk.x,
        d=unpadded(seed),
        device_token=enrolled.device_token,
        participant_id=enrolled.participant_id,
        collector_url=request.url,
        server_jkt=pinned,
    )


def _answer(line: str) -> CollectorShown | DeviceKey:
    try:
        request = EnrolRequest.model_validate_json(line)
    except ValidationError as error:
        fields = sorted({".".join(map(str, fault["loc"])) or "the line" for fault in error.errors()})
        raise InvalidInput(f"The request on standard input is malformed: {', '.join(fields)}.") from None
    return shown(request.url) if request.code is None else enrol(request)


def _registration(challenge: DeviceChallenge, key: SigningKey, host_hint: str) -> Envelope:
    statement = DeviceRegistration(
        v=1,
        challenge=challenge.challenge,
        jkt=key.jkt,
        participant_id=challenge.participant_id,
        study_id=challenge.study_id,
        host_hint=host_hint,
    )
    return Envelope.model_validate_json(dsse.seal(statement, DEVICE_TYPE, key))
