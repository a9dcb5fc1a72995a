"""A clock that a test moves, and a collector that a test drives: a real one, in this process, behind real HTTP."""

from __future__ import annotations

import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import uvicorn

from patchtrail.collector import CollectorConfig, build_service, create_app, server_config
from patchtrail.collector.enrolment import invite
from patchtrail.collector.service import Service
from patchtrail.contract.collection import DeviceChallenge, DeviceEnrolled, InvitationRequest
from patchtrail.contract.events import ConsentRef
from patchtrail.contract.evidence import DEVICE_TYPE, DeviceRegistration
from patchtrail.contract.lsp import DeviceKey
from patchtrail.integrity import dsse
from patchtrail.integrity.keys import SigningKey, unpadded

WIDE = {
    "requests_burst": 10**6,
    "uploads_burst": 10**6,
    "enrolments_per_minute": 10**6,
    "enrolments_per_hour": 10**6,
    "open_traces_per_minute": 10**6,
    # Where an assessment matters, a test asks for it.
    "qa_enabled": False,
}


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now_ms = 1_760_000_000_000
        self.since_boot_ms = 5_000_000
        self.boot = "boot-1"

    def wall_ms(self) -> int:
        """Return Unix time in milliseconds."""
        return self.now_ms

    def boot_ms(self) -> int:
        """Return milliseconds since boot."""
        return self.since_boot_ms

    def boot_id(self) -> str:
        """Return this boot's id."""
        return self.boot

    def advance(self, millis: int) -> None:
        """Let time pass."""
        self.now_ms += millis
        self.since_boot_ms += millis

    def reboot(self) -> None:
        """Restart the machine: boot time starts again."""
        self.boot, self.since_boot_ms = f"{self.boot}x", 1_000


class RunningCollector:
    """A collector that listens on a free port of this machine."""

    def __init__(self, service: Service, url: str) -> None:
        self.service = service
        self.url = url

    def enrol(self, participant: str = "p-1") -> DeviceKey:
        """Enrol a new device and return its key line."""
        invitation = self.service.database.write(
            lambda connection: invite(
                connection,
                InvitationRequest(participant_id=participant),
                study_id=self.service.study_id,
                now_ms=self.service.now_ms(),
            )
        ).result()
        return enrolled(self.url, invitation.code)

    def read(self, path: str, token: str | None = None) -> httpx.Response:
        """Read with the server's token."""
        return httpx.get(
            self.url + path, headers={"Authorization": f"Bearer {token or self.service.server_token}"}, timeout=30
        )


@contextmanager
def running_collector(
    folder: Path, now_ms=None, consent: ConsentRef | None = None, **settings
) -> Iterator[RunningCollector]:
    """Run a collector in a thread of this process; its limits are as wide as tests are quick."""
    config = CollectorConfig.load(None, data_dir=folder, **{**WIDE, **settings})
    service = build_service(config, *([now_ms] if now_ms else []))
    if consent is not None:
        service = replace(service, consent=consent)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(server_config(create_app(service), config.trusted_proxies))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield RunningCollector(service, f"http://127.0.0.1:{listener.getsockname()[1]}")
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def enrolled(url: str, code: str, key: SigningKey | None = None, seed: bytes | None = None) -> DeviceKey:
    """Enrol over HTTP: code, challenge, proof."""
    seed = seed or secrets.token_bytes(32)
    key = SigningKey(seed)
    request = {"code": code, "public_key": key.public.jwk.model_dump(), "host_hint": "test"}
    challenge = DeviceChallenge.model_validate_json(httpx.post(f"{url}/v1/devices", json=request, timeout=60).content)
    statement = DeviceRegistration(
        v=1,
        challenge=challenge.challenge,
        jkt=key.jkt,
        participant_id=challenge.participant_id,
        study_id=challenge.study_id,
        host_hint="test",
    )
    envelope = dsse.seal(statement, DEVICE_TYPE, key).decode()
    answer = httpx.post(
        f"{url}/v1/devices/{challenge.device_id}/proof",
        content=f'{{"registration":{envelope}}}',
        headers={"Content-Type": "application/json"},
        timeout=60,
    )
    done = DeviceEnrolled.model_validate_json(answer.content)
    return DeviceKey(
        kty="OKP",
        crv="Ed25519",
        x=key.public.jwk.x,
        d=unpadded(seed),
        device_token=done.device_token,
        participant_id=done.participant_id,
        collector_url=url,
        server_jkt=httpx.get(f"{url}/v1/keys", timeout=60).json()["root"]["jkt"],
    )
