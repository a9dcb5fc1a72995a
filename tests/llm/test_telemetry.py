"""Spans of model calls, received by a real HTTP server and read by OpenTelemetry's own types."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from google.protobuf import json_format
from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData

from patchtrail.contract.errors import InvalidInput, ModelUnavailable
from patchtrail.llm import Cancellation, SpanExporter, Traced, exporter_of
from tests.llm.asking import KEY, door, request_of, serving
from tests.model import Reply

SECRET = "the-very-prompt"


class Receiver:
    """Takes spans; `status` is what it answers, `gate` what it waits for."""

    def __init__(self) -> None:
        self.status = 200
        self.bodies: list[bytes] = []
        self.gate = threading.Event()
        self.gate.set()
        self.reached = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"receiver": self}))
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def close(self) -> None:
        """Stop."""
        self.gate.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(10)

    def spans(self) -> list[Span]:
        """Return what came."""
        traces = [json_format.Parse(_hex_as_base64(body), TracesData()) for body in self.bodies]
        return [
            span
            for one in traces
            for resource in one.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


class _Handler(BaseHTTPRequestHandler):
    receiver: Receiver

    def do_POST(self) -> None:
        """Take one batch."""
        self.receiver.reached.set()
        self.receiver.gate.wait(10)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/v1/traces" and self.headers["Content-Type"] == "application/json":
            self.receiver.bodies.append(body)
        self.send_response(self.receiver.status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a receiver."""
    running = Receiver()
    yield running
    running.close()


def attributes(span: Span) -> dict[str, Any]:
    """Return a span's attributes."""
    values = {one.key: one.value for one in span.attributes}
    return {
        key: [each.string_value for each in value.array_value.values]
        if value.HasField("array_value")
        else value.int_value or value.string_value
        for key, value in values.items()
    }


def test_a_call_is_a_span(receiver: Receiver) -> None:
    """A call is a client span by the GenAI conventions, with tokens and times and no word of what was said."""
    exporter = SpanExporter(receiver.url)
    times = iter([1_000_000_000, 3_500_000_000])
    with serving(Reply("the answer itself", 7, 8, model="test-model-2")) as server:
        traced = Traced(door(server, "openai"), exporter, provider="openai", clock_ns=lambda: next(times))
        answer = traced.ask(request_of(SECRET), Cancellation())
    exporter.close(10)
    (span,) = receiver.spans()

    assert answer.text == "the answer itself"
    assert (span.name, span.kind, len(span.trace_id), len(span.span_id)) == ("chat test-model", 3, 16, 8)
    assert span.end_time_unix_nano - span.start_time_unix_nano == 2_500_000_000
    assert attributes(span) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "test-model",
        "gen_ai.request.max_tokens": 100,
        "gen_ai.response.model": "test-model-2",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 8,
    }
    assert [
        one for one in (SECRET, "the answer itself", KEY, "You fix code") if one.encode() in receiver.bodies[0]
    ] == []


def test_a_failed_call_is_a_span_with_its_error(receiver: Receiver) -> None:
    """A failure's span has the error's code as type and the status of an error, and the failure is raised as it was."""
    exporter = SpanExporter(receiver.url)
    with serving(Reply(status=500)) as server, pytest.raises(ModelUnavailable):
        Traced(door(server, "anthropic"), exporter, provider="anthropic").ask(request_of(), Cancellation())
    exporter.close(10)
    (span,) = receiver.spans()

    assert span.status.code == 2
    assert attributes(span)["error.type"] == "model_unavailable"
    assert "gen_ai.usage.input_tokens" not in attributes(span)


@pytest.mark.parametrize("status", [301, 404, 500])
def test_spans_that_are_refused_are_counted(receiver: Receiver, status: int) -> None:
    """A receiver that refuses spans disturbs no call."""
    receiver.status = status
    exporter = SpanExporter(receiver.url)
    with serving(Reply("x")) as server:
        assert Traced(door(server, "openai"), exporter).ask(request_of(), Cancellation()).text == "x"
    exporter.close(10)

    assert (exporter.sent, exporter.lost) == (0, 1)


def test_no_receiver_at_all_is_counted() -> None:
    """Nobody listening disturbs no call either."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        exporter = SpanExporter(f"http://127.0.0.1:{reserved.getsockname()[1]}/")
        with serving(Reply("x")) as server:
            assert Traced(door(server, "openai"), exporter).ask(request_of(), Cancellation()).text == "x"
        exporter.close(10)

    assert (exporter.sent, exporter.lost) == (0, 1)


def test_a_slow_receiver_holds_no_call(receiver: Receiver) -> None:
    """While the receiver is stuck calls go on; what the queue does not hold is lost and counted, the rest is sent."""
    receiver.gate.clear()
    exporter = SpanExporter(receiver.url)
    with serving(Reply("x")) as server:
        traced = Traced(door(server, "anthropic"), exporter)
        traced.ask(request_of(), Cancellation())
        assert receiver.reached.wait(10)
        cancelled = Cancellation()
        cancelled.cancel()
        for _ in range(300):
            with pytest.raises(ModelUnavailable):
                traced.ask(request_of(), cancelled)
    lost = exporter.lost
    receiver.gate.set()
    exporter.close(10)

    assert lost == 300 - 256
    assert (exporter.sent, len(receiver.spans())) == (257, 257)


def test_spans_are_sent_only_where_the_environment_says() -> None:
    """Without an endpoint there is no exporter; an endpoint that is none is refused."""
    assert exporter_of({}) is None
    assert exporter_of({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}) is not None
    with pytest.raises(InvalidInput, match="OTEL_EXPORTER_OTLP_ENDPOINT"):
        exporter_of({"OTEL_EXPORTER_OTLP_ENDPOINT": "localhost:4317"})


def _hex_as_base64(body: bytes) -> str:
    """OTLP writes ids as hex where protobuf's JSON has base64."""

    def ids(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return {
            key: base64.b64encode(bytes.fromhex(value)).decode() if key in ("traceId", "spanId") else value
            for key, value in pairs
        }

    return json.dumps(json.loads(body, object_pairs_hook=ids))
