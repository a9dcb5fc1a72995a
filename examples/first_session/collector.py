"""A collector in a process of its own, and a device enrolled with it over plain HTTP."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

DEVICE_TYPE = "application/vnd.patchtrail.device.v1+json"


class Collector:
    """Runs `patchtrail collect` on a folder of its own."""

    def __init__(self, patchtrail: list[str], data_dir: Path, *options: str) -> None:
        self._patchtrail = patchtrail
        self.data_dir = data_dir
        data_dir.mkdir(parents=True, exist_ok=True)
        with (data_dir / "collector.log").open("ab") as log:
            command = [*patchtrail, "collect", "--data-dir", str(data_dir), "--port", "0", *options]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        self.url = self._wait_until_ready()
        self.token = (data_dir / "server_token").read_text().strip()

    def invite(self) -> str:
        """Draw a one-time code as a coordinator does."""
        command = [*self._patchtrail, "collect", "invite", "--data-dir", str(self.data_dir), "--json"]
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return str(json.loads(answer)["code"])

    def get(self, path: str) -> Any:
        """Read with the server's token."""
        response = httpx.get(self.url + path, headers={"Authorization": f"Bearer {self.token}"}, timeout=30)
        response.raise_for_status()
        return response.json()

    def stop(self) -> None:
        """Stop the process that we started."""
        self._process.terminate()
        self._process.wait(timeout=30)

    def wait(self) -> None:
        """Stay until the collector ends."""
        self._process.wait()

    def _wait_until_ready(self) -> str:
        running = self.data_dir / "running.json"
        for _ in range(300):
            if self._process.poll() is not None:
                raise SystemExit("The collector did not start.")
            try:
                url = str(json.loads(running.read_text())["url"])
                if httpx.get(f"{url}/readyz", timeout=60).is_success:
                    return url
            except (OSError, ValueError, httpx.HTTPError):
                pass
            time.sleep(0.1)
        raise SystemExit("The collector did not become ready.")


def enrol(url: str, code: str) -> str:
    """Make a device key, prove that we hold it, and return the line for `patchtrail serve --key-stdin`."""
    key = Ed25519PrivateKey.generate()
    x = unpadded(key.public_key().public_bytes_raw())
    jkt = unpadded(hashlib.sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'.encode()).digest())
    public = {"kty": "OKP", "crv": "Ed25519", "x": x}
    challenge = post(f"{url}/v1/devices", {"code": code, "public_key": public, "host_hint": "demo"})
    statement = {
        "v": 1,
        "challenge": challenge["challenge"],
        "jkt": jkt,
        "participant_id": challenge["participant_id"],
        "study_id": challenge["study_id"],
        "host_hint": "demo",
    }
    payload = json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()
    message = b"DSSEv1 %d %b %d %b" % (len(DEVICE_TYPE), DEVICE_TYPE.encode(), len(payload), payload)
    envelope = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": DEVICE_TYPE,
        "signatures": [{"keyid": jkt, "sig": base64.b64encode(key.sign(message)).decode()}],
    }
    enrolled = post(f"{url}/v1/devices/{challenge['device_id']}/proof", {"registration": envelope})
    line = {
        **public,
        "d": unpadded(key.private_bytes_raw()),
        "device_token": enrolled["device_token"],
        "participant_id": enrolled["participant_id"],
        "collector_url": url,
        "server_jkt": httpx.get(f"{url}/v1/keys", timeout=60).json()["root"]["jkt"],
    }
    return json.dumps(line)


def post(url: str, body: dict[str, Any]) -> Any:
    """Post JSON and return the JSON answer."""
    response = httpx.post(url, json=body, timeout=30)
    if not response.is_success:
        raise SystemExit(f"{url}: {response.status_code} {response.text}")
    return response.json()


def unpadded(content: bytes) -> str:
    """Return URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
