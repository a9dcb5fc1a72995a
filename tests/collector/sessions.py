"""A device at a collector, over plain HTTP: what a client that keeps to the contract sends."""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass

import httpx

from patchtrail.contract.collection import TraceCreated
from patchtrail.contract.event_lines import EventData
from patchtrail.contract.events import Heartbeat, SessionEnd, SessionStart
from patchtrail.contract.evidence import CHUNK_MEDIA_TYPE, OPENING_TYPE, Opening
from patchtrail.contract.lsp import DeviceKey
from patchtrail.integrity import digest, dsse, opening
from patchtrail.integrity.chain import ChainHead, link
from patchtrail.integrity.keys import SigningKey
from patchtrail.study import current_consent
from tests.delivery.fakes import RunningCollector
from tests.integrity.honest import lines_of, manifest_of, sign_chunk

BODY = {
    "participant_id": "p-1",
    "task_id": "BUG-456",
    "task_title": "Fix calculator bug",
    "repo_origin": "https://github.com/example/repo",
    "start_commit": "abc123",
}


@dataclass
class Session:
    """An opened trace and the chunks that belong to it, not sent yet."""

    url: str
    key: SigningKey
    created: TraceCreated
    bodies: list[bytes]
    genesis: str

    @property
    def path(self) -> str:
        """The trace's address."""
        return f"{self.url}/v1/traces/{self.created.trace_id}"

    def put(self, n: int, body: bytes | None = None, *, token: str | None = None, media_type: str = CHUNK_MEDIA_TYPE):
        """Send a chunk."""
        headers = {"Authorization": f"Bearer {token or self.created.upload_token}", "Content-Type": media_type}
        content = self.bodies[n] if body is None else body
        return httpx.put(f"{self.path}/chunks/{n}", content=content, headers=headers, timeout=30)

    def put_artifact(self, content: bytes):
        """Send an artifact."""
        headers = {"Authorization": f"Bearer {self.created.upload_token}", "Content-Type": "application/octet-stream"}
        return httpx.put(
            f"{self.path}/artifacts/{digest.sha256(content)}", content=content, headers=headers, timeout=60
        )

    def complete(self):
        """Say that the trace is whole."""
        return httpx.post(
            f"{self.path}/complete", headers={"Authorization": f"Bearer {self.created.upload_token}"}, timeout=60
        )

    def chunk(self, n: int) -> bytes:
        """Return another chunk `n` of the same device: a single heartbeat."""
        before = [manifest_of(body, self.key) for body in self.bodies[:n]]
        place = {"prev_chunk": self.genesis, "head_in": self.genesis, "first": 0}
        if before:
            prev = digest.chunk_id(dsse.payload_of(before[-1]))
            place = {"prev_chunk": prev, "head_in": before[-1].head_out, "first": before[-1].last + 1}
        head = ChainHead(place["first"], place["head_in"])
        line = link(head, trace_id=self.created.trace_id, data=Heartbeat(), ts_ms=7, mono_ms=10**9).line
        return sign_chunk((line,), self.key, trace_id=self.created.trace_id, n=n, **place)


def request_of(enrolled: DeviceKey, **changes: object) -> dict:
    """Return the body of `POST /v1/traces`, with a proof of it; `changes` are made to the proof."""
    key = SigningKey.from_jwk(enrolled.d, enrolled.x)
    told = {
        "v": 1,
        "kind": "online",
        "trace_id": None,
        **BODY,
        "consent": current_consent().model_dump(),
        "newest_receipt": None,
        "jkt": key.jkt,
        "nonce": secrets.token_hex(32),
        "made_ms": 0,
        **changes,
    }
    proof = dsse.seal(Opening.model_validate(told), OPENING_TYPE, key).decode()
    return {**BODY, "proof": httpx.Response(200, text=proof).json()}


def post_trace(url: str, enrolled: DeviceKey, body: dict) -> httpx.Response:
    """Ask for a trace."""
    return httpx.post(
        f"{url}/v1/traces", json=body, headers={"Authorization": f"Bearer {enrolled.device_token}"}, timeout=60
    )


def opened(
    collector: RunningCollector,
    enrolled: DeviceKey | None = None,
    *,
    chunks: int = 3,
    told: list[list[EventData]] | None = None,
) -> Session:
    """Open a trace and make its chunks, of heartbeats or of what is told in each."""
    enrolled = enrolled or collector.enrol()
    body = request_of(enrolled)
    created = TraceCreated.model_validate_json(post_trace(collector.url, enrolled, body).content)
    key = SigningKey.from_jwk(enrolled.d, enrolled.x)
    proof = dsse.parse_envelope(httpx.Response(200, json=body["proof"]).content)
    grant = opening.open_grant(created.grant, collector.service.key.key.public)
    genesis = opening.genesis_of(opening.open_opening(proof, key.public), grant)
    runs = lines_of(told or acts(chunks), created.trace_id, genesis, random.Random(1))
    bodies, prev, head, seq = [], genesis, genesis, 0
    for n, run in enumerate(runs):
        chunk = sign_chunk(run, key, trace_id=created.trace_id, n=n, prev_chunk=prev, head_in=head, first=seq)
        manifest = manifest_of(chunk, key)
        prev, head, seq = digest.chunk_id(dsse.payload_of(manifest)), manifest.head_out, manifest.last + 1
        bodies.append(chunk)
    return Session(collector.url, key, created, bodies, genesis)


def acts(chunks: int) -> list[list[EventData]]:
    """Return what happens: a start, heartbeats, an end."""
    start = SessionStart(
        kind="online",
        participant_id="p-1",
        task_id=BODY["task_id"],
        task_title=BODY["task_title"],
        task_description="",
        repo_origin=BODY["repo_origin"],
        start_commit=BODY["start_commit"],
        consent=current_consent(),
        os="Linux",
        python_version="3.11",
        sidecar_version="0",
        client_name="test",
        client_version="",
    )
    told: list[list[EventData]] = [[Heartbeat(), Heartbeat()] for _ in range(chunks)]
    told[0][0] = start
    told[-1].append(SessionEnd(reason="participant"))
    return told
