"""Only who was invited and can prove the key becomes a device; a device opens traces for its own participant."""

from __future__ import annotations

import secrets

import httpx
import pytest

from patchtrail.collector.enrolment import invite
from patchtrail.collector.tokens import draw_code, draw_token, is_well_formed, stored_form
from patchtrail.contract.collection import InvitationRequest
from patchtrail.contract.evidence import DEVICE_TYPE, DeviceRegistration
from patchtrail.integrity import dsse
from patchtrail.integrity.keys import SMALL_ORDER_Y, SigningKey, unpadded
from tests.collector.sessions import BODY, opened, post_trace, request_of
from tests.delivery.fakes import RunningCollector, enrolled


def code_of(collector: RunningCollector, *, age_ms: int = 0) -> str:
    """Draw a code, `age_ms` ago."""
    service = collector.service
    return (
        service.database.write(
            lambda connection: invite(
                connection,
                InvitationRequest(participant_id="p-1"),
                study_id=service.study_id,
                now_ms=service.now_ms() - age_ms,
            )
        )
        .result()
        .code
    )


def post_device(collector: RunningCollector, code: str, x: str) -> httpx.Response:
    """Ask for a challenge."""
    key = {"kty": "OKP", "crv": "Ed25519", "x": x}
    return httpx.post(
        f"{collector.url}/v1/devices", json={"code": code, "public_key": key, "host_hint": ""}, timeout=60
    )


def proof_of(asked: dict, key: SigningKey, **lies: object) -> dict:
    """Sign a challenge, with lies in it."""
    told = {
        "v": 1,
        "challenge": asked["challenge"],
        "jkt": key.jkt,
        "participant_id": asked["participant_id"],
        "study_id": asked["study_id"],
        "host_hint": "",
        **lies,
    }
    line = dsse.seal(DeviceRegistration.model_validate(told), DEVICE_TYPE, key)
    return {"registration": httpx.Response(200, content=line).json()}


def post_proof(collector: RunningCollector, challenge: dict, proof: dict) -> httpx.Response:
    """Answer a challenge."""
    return httpx.post(f"{collector.url}/v1/devices/{challenge['device_id']}/proof", json=proof, timeout=60)


def check(response: httpx.Response, status: int, code: str) -> None:
    """Compare a refusal's status and code."""
    assert (response.status_code, response.json()["code"]) == (status, code), response.text


def test_a_code_enrols_once(collector: RunningCollector) -> None:
    """A code is used up by the proof; a second device with it is refused."""
    code = code_of(collector)
    assert enrolled(collector.url, code).participant_id == "p-1"

    check(post_device(collector, code, SigningKey(secrets.token_bytes(32)).public.jwk.x), 403, "bad_code")


def test_two_devices_race_for_one_code(collector: RunningCollector) -> None:
    """Two challenges for one code are possible, two devices are not."""
    code, first, second = code_of(collector), SigningKey(bytes([1]) * 32), SigningKey(bytes([2]) * 32)
    challenges = [post_device(collector, code, key.public.jwk.x).json() for key in (first, second)]

    assert post_proof(collector, challenges[0], proof_of(challenges[0], first)).status_code == 201
    check(post_proof(collector, challenges[1], proof_of(challenges[1], second)), 403, "bad_code")


@pytest.mark.parametrize("code", ["0000000000", "", "x" * 300], ids=["unknown", "empty", "long"])
def test_bad_codes(collector: RunningCollector, code: str) -> None:
    """A code that was never drawn is refused."""
    assert post_device(collector, code, SigningKey(bytes(32)).public.jwk.x).status_code in (403, 422)


def test_old_codes_expire(collector: RunningCollector) -> None:
    """A code is good for fourteen days."""
    code = code_of(collector, age_ms=14 * 24 * 3600 * 1000)
    check(post_device(collector, code, SigningKey(bytes(32)).public.jwk.x), 403, "bad_code")


def test_codes_may_be_mistyped_kindly() -> None:
    """Lower case, O for 0 and I or L for 1 are the same code, as Crockford meant it."""
    assert stored_form("0a1b2c3d4e") == stored_form("OAIB2C3D4E") == stored_form("oalb2c3d4e")
    assert len(draw_code()) == 10


@pytest.mark.parametrize("y", sorted(SMALL_ORDER_Y), ids=hex)
def test_unsound_keys_are_refused_at_the_door(collector: RunningCollector, y: int) -> None:
    """A small-order key gets no challenge, since it could answer any."""
    check(post_device(collector, code_of(collector), unpadded(y.to_bytes(32, "little"))), 422, "bad_key")


def test_one_key_for_two_enrolments(collector: RunningCollector) -> None:
    """A key that is enrolled already is refused."""
    seed = secrets.token_bytes(32)
    enrolled(collector.url, code_of(collector), seed=seed)
    challenge = post_device(collector, code_of(collector), SigningKey(seed).public.jwk.x).json()

    check(post_proof(collector, challenge, proof_of(challenge, SigningKey(seed))), 409, "key_reused")


def test_another_participants_key(collector: RunningCollector) -> None:
    """A proof that another key signed, or for another challenge or participant, is none."""
    mine, other = SigningKey(secrets.token_bytes(32)), SigningKey(secrets.token_bytes(32))
    challenge = post_device(collector, code_of(collector), mine.public.jwk.x).json()

    check(post_proof(collector, challenge, proof_of(challenge, other)), 422, "bad_signature")
    for lie in ({"challenge": "0" * 64}, {"participant_id": "p-2"}, {"study_id": "other"}, {"jkt": other.jkt}):
        check(post_proof(collector, challenge, proof_of(challenge, mine, **lie)), 422, f"device.{next(iter(lie))}")
    assert post_proof(collector, challenge, proof_of(challenge, mine)).status_code == 201
    check(post_proof(collector, challenge, proof_of(challenge, mine)), 403, "challenge_expired")


def test_tokens_have_a_checksum() -> None:
    """A mistyped token is noticed before any look-up."""
    token = draw_token("ptd_")

    assert is_well_formed(token)
    assert not is_well_formed(token[:-1] + ("0" if token[-1] != "0" else "1"))
    assert not is_well_formed("ptd_")


def test_only_a_proven_device_opens_a_trace(collector: RunningCollector) -> None:
    """Opening needs a device's token, its own participant, consent in force, and a proof of the very body."""
    device, other = collector.enrol(), collector.enrol("p-2")
    url = collector.url
    check(httpx.post(f"{url}/v1/traces", json=request_of(device), timeout=60), 401, "unauthenticated")
    check(post_trace(url, device, request_of(other)), 422, "bad_signature")
    check(post_trace(url, other, request_of(other)), 403, "wrong_participant")
    check(post_trace(url, device, request_of(device, consent=None)), 403, "consent_missing")
    check(post_trace(url, device, request_of(device, jkt="A" * 43)), 422, "opening.jkt")
    check(post_trace(url, device, {**request_of(device), "task_id": "other"}), 422, "opening.mismatch")
    check(post_trace(url, device, request_of(device, trace_id="trace-" + "0" * 32)), 422, "opening.trace_id")
    check(post_trace(url, device, BODY), 422, "bad_json")
    assert post_trace(url, device, request_of(device)).status_code == 201


def test_opening_an_offline_trace_twice_gives_the_same_trace(collector: RunningCollector) -> None:
    """An opening is idempotent; another opening with its trace id is refused."""
    device, trace_id = collector.enrol(), f"trace-{secrets.token_hex(16)}"
    body = request_of(device, kind="offline_open", trace_id=trace_id)
    first, second = (post_trace(collector.url, device, body).json() for _ in range(2))

    assert (first["trace_id"], first["grant"]) == (trace_id, second["grant"])
    other = request_of(device, kind="offline_open", trace_id=trace_id)
    check(post_trace(collector.url, device, other), 409, "trace_exists")


def test_a_revoked_device_is_refused(collector: RunningCollector) -> None:
    """After its revocation a device neither opens nor uploads."""
    from sqlalchemy import update

    from patchtrail.collector.tables import devices

    device = collector.enrol()
    session = opened(collector, device)
    assert session.put(0).status_code == 201
    jkt = session.key.jkt
    collector.service.database.write(
        lambda connection: connection.execute(update(devices).where(devices.c.jkt == jkt).values(revoked_ms=1))
    ).result()

    check(session.put(1), 403, "device_revoked")
    check(post_trace(collector.url, device, request_of(device)), 403, "device_revoked")


def test_secrets_are_stored_as_hashes_only(collector: RunningCollector) -> None:
    """Neither codes nor tokens stand in the database's bytes."""
    code = code_of(collector)
    device = enrolled(collector.url, code)
    session = opened(collector, device)
    files = list(collector.service.blobs._folder.parent.glob("collector.db*"))
    content = b"".join(path.read_bytes() for path in files)

    assert files
    for secret in (code, device.device_token, session.created.upload_token, device.d):
        assert secret.encode() not in content
    assert stored_form(device.device_token).encode() in content
