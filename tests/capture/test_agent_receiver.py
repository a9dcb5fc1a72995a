"""The loopback door for agents' telemetry."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from http.client import HTTPConnection

import httpx
import pytest

from patchtrail.capture.agent_acts import SeenAct
from patchtrail.capture.agent_receiver import AgentReceiver

TOOL = [
    {"key": "gen_ai.operation.name", "value": {"stringValue": "execute_tool"}},
    {"key": "gen_ai.tool.name", "value": {"stringValue": "create_file"}},
    {"key": "copilot_chat.file.relative_path", "value": {"stringValue": "a.py"}},
]
SPANS = {"resourceSpans": [{"scopeSpans": [{"spans": [{"endTimeUnixNano": "5000000", "attributes": TOOL}]}]}]}


@pytest.fixture
def taken() -> list[SeenAct]:
    """Hold what came in."""
    return []


@pytest.fixture
def receiver(taken: list[SeenAct]) -> Iterator[AgentReceiver]:
    """Open the door."""
    door = AgentReceiver(taken.extend)
    yield door
    door.close()


def test_a_span_becomes_an_act(receiver: AgentReceiver, taken: list[SeenAct]) -> None:
    """With the token in the path or as a bearer, packed or not, a span is an act."""
    base, token = receiver.address.rsplit("/", 1)
    packed = gzip.compress(json.dumps(SPANS).encode())
    bearer = {"Authorization": f"Bearer {token}"}
    answers = [
        httpx.post(f"{receiver.address}/v1/traces", json=SPANS),
        httpx.post(f"{base}/v1/traces", json=SPANS, headers=bearer),
        httpx.post(
            f"{receiver.address}/v1/traces",
            content=packed,
            headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
        ),
    ]

    assert [(one.status_code, one.json()) for one in answers] == [(200, {})] * 3
    assert [(act.tool, str(act.path), act.at_ms) for act in taken] == [("create_file", "a.py", 5)] * 3


def test_whoever_has_no_token_is_refused(receiver: AgentReceiver, taken: list[SeenAct]) -> None:
    """No token, a wrong one, and a web page's host name get nothing in; nor do other paths, types and sizes."""
    base, token = receiver.address.rsplit("/", 1)
    spoken = {
        401: httpx.post(f"{base}/v1/traces", json=SPANS, headers={"Authorization": f"Bearer {token[:-1]}"}),
        403: httpx.post(f"{receiver.address}/v1/traces", json=SPANS, headers={"Host": "attacker.example"}),
        404: httpx.post(f"{receiver.address}/v1/other", json=SPANS),
        415: httpx.post(
            f"{receiver.address}/v1/traces", content=b"\x0a", headers={"Content-Type": "application/x-protobuf"}
        ),
    }
    port = int(base.rsplit(":", 1)[1])
    large = HTTPConnection("127.0.0.1", port)
    large.putrequest("POST", f"/{token}/v1/logs")
    large.putheader("Content-Type", "application/json")
    large.putheader("Content-Length", str(2**40))
    large.endheaders()
    bomb = gzip.compress(b" " * 50_000_000)
    packed = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    wrong = httpx.post(f"{base}/v1/traces", json=SPANS)

    assert {code: answer.status_code for code, answer in spoken.items()} == {code: code for code in spoken}
    assert wrong.status_code == 401
    assert large.getresponse().status == 413
    assert httpx.post(f"{receiver.address}/v1/traces", content=bomb, headers=packed).status_code == 413
    assert taken == []


def test_it_listens_on_the_loopback_alone(receiver: AgentReceiver) -> None:
    """Its address is the loopback's, at a port of its own."""
    assert receiver.address.startswith("http://127.0.0.1:")
