"""A development collector, and requests to it as clients send them that sign nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from patchtrail.contract.problem import PROBLEM_MEDIA_TYPE, Problem
from tests.contract.open_samples import OPEN_SAMPLES, PUBLISHED_EDIT
from tests.delivery.fakes import RunningCollector, running_collector

DEV_TOKEN = "dev"
OPENING = OPEN_SAMPLES["OpenTraceRequest"]["published"]


@contextmanager
def dev_collector(folder: Path, **settings: object) -> Iterator[RunningCollector]:
    """Run a collector as `--dev-token` does."""
    with running_collector(folder, dev_token=DEV_TOKEN, **settings) as running:
        yield running


class OpenTrace:
    """A trace that nobody signs, over v1."""

    def __init__(self, collector: RunningCollector, **changes: str) -> None:
        self.collector = collector
        self.created = httpx.post(f"{collector.url}/v1/traces", json={**OPENING, **changes}, timeout=60).json()
        self.trace_id = self.created["trace_id"]
        self.url = f"{collector.url}/v1/traces/{self.trace_id}"
        self.bearer = {"Authorization": f"Bearer {self.created['upload_token']}"}

    def send(self, seq: int = 0, *events: dict, key: object = None, **changes: object) -> httpx.Response:
        """Send a chunk."""
        chunk = {"chunk_id": f"chunk-{seq}", "chunk_seq": seq, "events": list(events) or [event(seq)], **changes}
        headers = {**self.bearer, "Idempotency-Key": f"chunk-{seq}" if key is None else key}
        return httpx.post(f"{self.url}/events:ingest", json=chunk, headers=headers, timeout=60)

    def complete(self) -> httpx.Response:
        """Say that the trace is whole."""
        return httpx.post(f"{self.url}/complete", headers=self.bearer, timeout=60)

    def document(self) -> dict:
        """Read it back."""
        answer = self.collector.read(f"/v1/traces/{self.trace_id}", DEV_TOKEN)
        assert answer.status_code == 200, answer.text
        return answer.json()


def event(seq: int, **changes: object) -> dict:
    """Return the published edit, or what it is changed to."""
    return {**PUBLISHED_EDIT, "id": f"evt-{seq:03d}", "seq": seq, **changes}


def check(response: httpx.Response, status: int, code: str) -> dict:
    """Compare a refusal's status, code and shape; return its detail."""
    assert (response.status_code, response.json()["code"]) == (status, code), response.text
    assert response.headers["content-type"] == PROBLEM_MEDIA_TYPE
    return Problem.model_validate_json(response.content).detail
