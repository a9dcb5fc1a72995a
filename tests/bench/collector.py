"""A real `patchtrail collect` process, a device enrolled with it, and traces opened for upload."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from patchtrail.contract.collection import DeviceChallenge, DeviceEnrolled, DeviceProof, Invitation, TraceCreated
from patchtrail.contract.evidence import DEVICE_TYPE, DeviceRegistration, Envelope
from patchtrail.contract.wire import WireModel
from patchtrail.integrity import dsse
from patchtrail.integrity.keys import SigningKey
from tests.bench.chunks import PARTICIPANT, PreparedTrace

# The example's folder must be on the path before its collector can be imported.
sys.path.append(str(Path(__file__).parents[2] / "examples" / "first_session"))

from collector import Collector

__all__ = ["DURABLE", "Target", "collecting"]

DURABLE = "PATCHTRAIL_COLLECTOR_IS_DURABLE"
LIMITS = ("REQUESTS_BURST", "UPLOADS_BURST", "ENROLMENTS_PER_MINUTE", "ENROLMENTS_PER_HOUR", "PARTICIPANT_MAX_BYTES")


class Target:
    """A collector that a device is enrolled with."""

    def __init__(self, collector: Collector, key: SigningKey) -> None:
        self._client = httpx.Client(base_url=collector.url, timeout=30)
        self._key = key
        self._server_token = collector.token
        self._device_token = self._enrol()
        self.port = int(urlsplit(collector.url).port or 0)

    def open(self, trace: PreparedTrace) -> str:
        """Open a trace and return the token for its chunks."""
        created = TraceCreated.model_validate_json(self._post("/v1/traces", trace.request, self._device_token))
        assert created.trace_id == trace.trace_id, "an offline trace brings its own id"
        return created.upload_token

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _enrol(self) -> str:
        invited = self._client.post(
            "/v1/invitations", json={"participant_id": PARTICIPANT}, headers=_bearer(self._server_token)
        )
        code = Invitation.model_validate_json(invited.raise_for_status().content).code
        request = {"code": code, "public_key": self._key.public.jwk.model_dump(), "host_hint": "bench"}
        asked = self._client.post("/v1/devices", json=request).raise_for_status()
        challenge = DeviceChallenge.model_validate_json(asked.content)
        registration = DeviceRegistration(
            v=1,
            challenge=challenge.challenge,
            jkt=self._key.jkt,
            participant_id=challenge.participant_id,
            study_id=challenge.study_id,
            host_hint="bench",
        )
        proof = Envelope.model_validate_json(dsse.seal(registration, DEVICE_TYPE, self._key))
        answer = self._post(f"/v1/devices/{challenge.device_id}/proof", DeviceProof(registration=proof), "")
        return DeviceEnrolled.model_validate_json(answer).device_token

    def _post(self, path: str, body: WireModel, token: str) -> bytes:
        headers = {"Content-Type": "application/json", **(_bearer(token) if token else {})}
        return self._client.post(path, content=body.model_dump_json(), headers=headers).raise_for_status().content


@contextmanager
def collecting(folder: Path, key: SigningKey, *, is_durable: bool) -> Iterator[Target]:
    """Run a collector on a folder of its own."""
    wide = {f"PATCHTRAIL_COLLECTOR_{name}": "1000000000" for name in LIMITS}
    os.environ.update({DURABLE: str(is_durable).lower(), **wide})
    try:
        collector = Collector([sys.executable, "-m", "patchtrail"], folder)
    finally:
        for name in (DURABLE, *wide):
            del os.environ[name]
    try:
        target = Target(collector, key)
        yield target
        target.close()
    finally:
        collector.stop()


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
