"""OpenTelemetry spans of model calls, by the GenAI conventions: names, tokens, times, errors; no word of a prompt.

Best effort: a span that cannot be sent is counted and gone, and no call waits for one.
"""

from __future__ import annotations

import json
import queue
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from patchtrail.contract.errors import InvalidInput, ModelUnavailable
from patchtrail.llm.port import Cancellation, Model, ModelAnswer, ModelRequest

if TYPE_CHECKING:  # Importing httpx costs a cold start; the first span pays it instead.
    import httpx

__all__ = ["Span", "SpanExporter", "Traced", "exporter_of"]

VARIABLE = "OTEL_EXPORTER_OTLP_ENDPOINT"
MAX_QUEUED = 256
MAX_BATCH = 64
POST_S = 5.0
CLIENT_KIND = 3
ERROR_STATUS = 2
Attribute = str | int | tuple[str, ...]


@dataclass(frozen=True)
class Span:
    """One model call; times in nanoseconds since 1970."""

    name: str
    started_ns: int
    ended_ns: int
    attributes: Mapping[str, Attribute]
    error: str = ""

    def record(self) -> dict[str, object]:
        """Return it as OTLP in JSON."""
        record = {
            "traceId": secrets.token_hex(16),
            "spanId": secrets.token_hex(8),
            "name": self.name,
            "kind": CLIENT_KIND,
            "startTimeUnixNano": str(self.started_ns),
            "endTimeUnixNano": str(self.ended_ns),
            "attributes": _attributes(self.attributes),
        }
        return record | ({"status": {"code": ERROR_STATUS}} if self.error else {})


class SpanExporter:
    """Posts spans to `…/v1/traces` from a thread of its own, which starts with the first one."""

    def __init__(self, endpoint: str) -> None:
        if not endpoint.startswith(("http://", "https://")):
            raise InvalidInput(f"{VARIABLE} must begin with http:// or https://.")
        self._url = f"{endpoint.rstrip('/')}/v1/traces"
        self._queue: queue.Queue[Span | None] = queue.Queue(MAX_QUEUED)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.sent = 0
        self.lost = 0

    def export(self, span: Span) -> None:
        """Take a span; a full queue loses it, counted."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="spans", daemon=True)
                self._thread.start()
            try:
                self._queue.put_nowait(span)
            except queue.Full:
                self.lost += 1

    def close(self, timeout_s: float = 1.0) -> None:
        """Send what is queued, for at most so long."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is None:
            return
        deadline_s = time.monotonic() + timeout_s
        try:
            self._queue.put(None, timeout=timeout_s)
        except queue.Full:
            return
        thread.join(max(0.0, deadline_s - time.monotonic()))

    def _run(self) -> None:
        import httpx

        with httpx.Client(timeout=POST_S, follow_redirects=False) as client:
            while (first := self._queue.get()) is not None:
                batch, is_last = [first], False
                while len(batch) < MAX_BATCH and not self._queue.empty():
                    following = self._queue.get()
                    if following is None:
                        is_last = True
                        break
                    batch.append(following)
                self._post(client, batch)
                if is_last:
                    return

    def _post(self, client: httpx.Client, batch: list[Span]) -> None:
        import httpx

        body = json.dumps(_request(batch)).encode()
        try:
            with client.stream(
                "POST", self._url, content=body, headers={"Content-Type": "application/json"}
            ) as response:
                is_taken = response.is_success
        except (httpx.HTTPError, httpx.InvalidURL):
            is_taken = False
        with self._lock:
            self.sent += len(batch) if is_taken else 0
            self.lost += 0 if is_taken else len(batch)


class Traced:
    """Another model, with a span for every call."""

    def __init__(
        self,
        model: Model,
        exporter: SpanExporter,
        *,
        provider: str = "openai",
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._model = model
        self._exporter = exporter
        self._provider = provider
        self._clock_ns = clock_ns

    @property
    def name(self) -> str:
        """What attempts call it."""
        return self._model.name

    def ask(self, request: ModelRequest, cancellation: Cancellation) -> ModelAnswer:
        """Ask once; the span says how it ended."""
        started_ns = self._clock_ns()
        asked: dict[str, Attribute] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": self._provider,
            "gen_ai.request.model": self.name,
            "gen_ai.request.max_tokens": request.max_output_tokens,
        }
        try:
            answer = self._model.ask(request, cancellation)
        except ModelUnavailable as error:
            self._export(started_ns, asked | {"error.type": error.code}, error.code)
            raise
        self._export(started_ns, asked | _answered(answer), "")
        return answer

    def _export(self, started_ns: int, attributes: Mapping[str, Attribute], error: str) -> None:
        ended_ns = max(started_ns, self._clock_ns())
        self._exporter.export(Span(f"chat {self.name}", started_ns, ended_ns, attributes, error))


def exporter_of(environment: Mapping[str, str]) -> SpanExporter | None:
    """Return an exporter where the environment names an endpoint; spans are sent nowhere else."""
    endpoint = environment.get(VARIABLE, "").strip()
    return SpanExporter(endpoint) if endpoint else None


def _answered(answer: ModelAnswer) -> dict[str, Attribute]:
    return {
        "gen_ai.response.model": answer.model,
        "gen_ai.response.finish_reasons": (answer.finish_reason,),
        "gen_ai.usage.input_tokens": answer.input_tokens,
        "gen_ai.usage.output_tokens": answer.output_tokens,
    }


def _request(batch: list[Span]) -> dict[str, object]:
    resource = {"attributes": _attributes({"service.name": "patchtrail"})}
    scope = {"scope": {"name": "patchtrail.llm"}, "spans": [one.record() for one in batch]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}]}


def _attributes(values: Mapping[str, Attribute]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in values.items()]


def _value(value: Attribute) -> dict[str, Any]:
    match value:
        case str():
            return {"stringValue": value}
        case int():
            return {"intValue": str(value)}
        case _:
            return {"arrayValue": {"values": [{"stringValue": one} for one in value]}}
