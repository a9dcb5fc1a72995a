"""The loopback door for agents' telemetry."""

from __future__ import annotations

import contextlib
import gzip
import json
from collections.abc import Iterator
from http.client import HTTPConnection

import httpx
import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from patchtrail.capture.agent_acts import SeenAct, acts_of_otlp
from patchtrail.capture.agent_receiver import AgentReceiver
from patchtrail.capture.otlp_protobuf import otlp_of_protobuf

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
        httpx.post(f"{receiver.address}/v1/traces", json=SPANS, timeout=60),
        httpx.post(f"{base}/v1/traces", json=SPANS, headers=bearer, timeout=60),
        httpx.post(
            f"{receiver.address}/v1/traces",
            content=packed,
            headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
            timeout=60,
        ),
    ]

    assert [(one.status_code, one.json()) for one in answers] == [(200, {})] * 3
    assert [(act.tool, str(act.path), act.at_ms) for act in taken] == [("create_file", "a.py", 5)] * 3


PROTOBUF = {"Content-Type": "application/x-protobuf"}


def test_protocol_buffers_are_read_like_json(receiver: AgentReceiver, taken: list[SeenAct]) -> None:
    """What OpenTelemetry's own library writes, spans and log records, gives the same acts as JSON."""
    accepted = [
        {"key": "event.name", "value": {"stringValue": "copilot_chat.inline.done"}},
        {"key": "accepted", "value": {"boolValue": True}},
        {"key": "n", "value": {"intValue": "-7"}},
        {"key": "d", "value": {"doubleValue": 0.5}},
        {"key": "l", "value": {"arrayValue": {"values": [{"stringValue": "x"}]}}},
    ]
    service = {"attributes": [{"key": "service.name", "value": {"stringValue": "github-copilot"}}]}
    span = {"name": "tool", "kind": 1, "startTimeUnixNano": "1", "endTimeUnixNano": "5000000", "attributes": TOOL}
    spans = {"resourceSpans": [{"resource": service, "scopeSpans": [{"scope": {"name": "s"}, "spans": [span, span]}]}]}
    record = {"observedTimeUnixNano": "7000000", "severityText": "INFO", "flags": 1, "attributes": accepted}
    logs = {"resourceLogs": [{"resource": service, "scopeLogs": [{"logRecords": [record]}]}]}
    for signal, told, message in (("traces", spans, TracesData()), ("logs", logs, LogsData())):
        written = json_format.ParseDict(told, message).SerializeToString()
        url = f"{receiver.address}/v1/{signal}"
        answer = httpx.post(url, content=written, headers=PROTOBUF, timeout=60)
        packed = httpx.post(
            url, content=gzip.compress(written), headers={**PROTOBUF, "Content-Encoding": "gzip"}, timeout=60
        )
        plain = httpx.post(url, json=told, timeout=60)

        assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (
            200,
            b"",
            PROTOBUF["Content-Type"],
        )
        assert (packed.status_code, plain.status_code) == (200, 200)
    assert len(taken) == 9
    assert taken[:2] == taken[2:4] == taken[4:6]
    assert taken[6] == taken[7] == taken[8]
    assert (taken[6].outcome, taken[6].at_ms, taken[6].agent) == ("accepted", 7, "copilot")


@pytest.mark.parametrize(
    "content", [b"\x0a", b"\x0a\xff\xff\xff\xff\x0f", b"\xff" * 20, b"\x0f", b"\x00\x00", b"\x09\x01"]
)
def test_what_is_no_protocol_buffer(receiver: AgentReceiver, taken: list[SeenAct], content: bytes) -> None:
    """Bytes that are no message are refused, and the door stays open."""
    assert httpx.post(f"{receiver.address}/v1/traces", content=content, headers=PROTOBUF, timeout=60).status_code == 400
    assert (
        httpx.post(f"{receiver.address}/v1/metrics", content=content, headers=PROTOBUF, timeout=60).status_code == 200
    )
    assert taken == []


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_are_none(content: bytes) -> None:
    """Whatever comes, it is read or refused."""
    for signal in ("traces", "logs", "metrics"):
        with contextlib.suppress(ValueError):
            acts_of_otlp(otlp_of_protobuf(content, signal))


def test_whoever_has_no_token_is_refused(receiver: AgentReceiver, taken: list[SeenAct]) -> None:
    """No token, a wrong one, and a web page's host name get nothing in; nor do other paths, types and sizes."""
    base, token = receiver.address.rsplit("/", 1)
    spoken = {
        401: httpx.post(f"{base}/v1/traces", json=SPANS, headers={"Authorization": f"Bearer {token[:-1]}"}, timeout=60),
        403: httpx.post(f"{receiver.address}/v1/traces", json=SPANS, headers={"Host": "attacker.example"}, timeout=60),
        404: httpx.post(f"{receiver.address}/v1/other", json=SPANS, timeout=60),
        415: httpx.post(
            f"{receiver.address}/v1/traces", content=b"<a/>", headers={"Content-Type": "application/xml"}, timeout=60
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
    wrong = httpx.post(f"{base}/v1/traces", json=SPANS, timeout=60)

    assert {code: answer.status_code for code, answer in spoken.items()} == {code: code for code in spoken}
    assert wrong.status_code == 401
    assert large.getresponse().status == 413
    assert httpx.post(f"{receiver.address}/v1/traces", content=bomb, headers=packed, timeout=60).status_code == 413
    assert taken == []


def test_it_listens_on_the_loopback_alone(receiver: AgentReceiver) -> None:
    """Its address is the loopback's, at a port of its own."""
    assert receiver.address.startswith("http://127.0.0.1:")
