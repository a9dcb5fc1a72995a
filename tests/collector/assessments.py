"""Wait for what a collector finds out by itself, over HTTP as everybody does."""

from __future__ import annotations

import time

import httpx

from patchtrail.contract.qa import QaStanding
from tests.delivery.fakes import RunningCollector

SETTLED = ("done", "failed")


def standing_of(collector: RunningCollector, trace_id: str) -> QaStanding:
    """Ask where a trace stands."""
    answer = collector.read(f"/v1/traces/{trace_id}/qa")
    assert answer.status_code == 200, answer.text
    return QaStanding.model_validate_json(answer.content)


def settled(collector: RunningCollector, trace_id: str, within_s: float = 120) -> QaStanding:
    """Wait until a trace is assessed, or has failed to be."""
    ends_s = time.monotonic() + within_s
    while (told := standing_of(collector, trace_id)).state not in SETTLED:
        assert time.monotonic() < ends_s, told
        time.sleep(0.05)
    return told


def rerun(collector: RunningCollector, trace_id: str, token: str | None = None, **body: object) -> httpx.Response:
    """Ask for a trace to be assessed again."""
    headers = {"Authorization": f"Bearer {token or collector.service.server_token}"}
    return httpx.post(f"{collector.url}/v1/traces/{trace_id}/qa:rerun", json=body, headers=headers, timeout=60)
