"""What the collector counts of itself, as Prometheus reads it. No label names a person, a trace or a token."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["METRICS_MEDIA_TYPE", "MeasuredApp", "Metrics"]

METRICS_MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
LATENCIES_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
JOBS_S = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})


class Metrics:
    """The counters of one collector, in a registry of their own."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self._registry = registry
        told = "patchtrail_"
        route = ("method", "route")
        self.requests = Counter(f"{told}requests", "Requests answered.", (*route, "status"), registry=registry)
        self.latency = Histogram(
            f"{told}request_seconds", "Time to the end of an answer.", route, buckets=LATENCIES_S, registry=registry
        )
        self.refusals = Counter(f"{told}refusals", "Requests refused, by problem code.", ("code",), registry=registry)
        kind = ("protocol",)
        self.chunks = Counter(f"{told}chunks", "Chunks accepted.", kind, registry=registry)
        self.events = Counter(f"{told}events", "Events accepted.", kind, registry=registry)
        self.accepted = Counter(f"{told}accepted_bytes", "Bytes of bodies accepted.", kind, registry=registry)
        self.traces = Gauge(f"{told}open_traces", "Traces that are not complete.", kind, registry=registry)
        self.queued = Histogram(
            f"{told}write_queue_seconds", "Wait of a write for its turn.", buckets=LATENCIES_S, registry=registry
        )
        self.commit = Histogram(
            f"{told}commit_seconds", "Time to run and commit a group.", buckets=LATENCIES_S, registry=registry
        )
        self.group = Histogram(
            f"{told}commit_writes", "Writes per commit.", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256), registry=registry
        )

        self.jobs = Gauge(f"{told}qa_jobs", "Traces to assess, and assessed.", ("state",), registry=registry)
        self.oldest = Gauge(f"{told}qa_oldest_queued_seconds", "Age of the oldest job that waits.", registry=registry)
        self.qa_waited = Histogram(
            f"{told}qa_wait_seconds", "Wait of a job for its start.", buckets=JOBS_S, registry=registry
        )
        self.qa_took = Histogram(
            f"{told}qa_job_seconds", "Time to assess a trace.", ("outcome",), buckets=JOBS_S, registry=registry
        )
        self.webhooks = Counter(f"{told}webhooks", "Tries to tell webhooks.", ("outcome",), registry=registry)

    def accept(self, protocol: str, *, chunks: int, events: int, size_bytes: int) -> None:
        """Count what was taken in."""
        self.chunks.labels(protocol).inc(chunks)
        self.events.labels(protocol).inc(events)
        self.accepted.labels(protocol).inc(size_bytes)

    def committed(self, waited_s: float, took_s: float, writes: int) -> None:
        """Count a commit: how long its first write waited, how long it took, how many writes shared it."""
        self.queued.observe(waited_s)
        self.commit.observe(took_s)
        self.group.observe(writes)

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return bytes(generate_latest(self._registry))


class MeasuredApp:
    """An ASGI application around another that counts its answers by route template."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and count how it was answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began_s = 0, time.perf_counter()

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, counted)
        finally:
            # An address that no route has, or a method that nobody knows, must not become a label.
            route = getattr(scope.get("route"), "path", "(none)")
            method = scope["method"] if scope["method"] in METHODS else "(other)"
            self._metrics.requests.labels(method, route, str(status)).inc()
            self._metrics.latency.labels(method, route).observe(time.perf_counter() - began_s)
