"""Rates, quotas and what /metrics tells of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import Request
from prometheus_client.parser import text_string_to_metric_families

from patchtrail.collector import CollectorConfig
from patchtrail.collector.limits import MAX_ARTIFACT_BYTES, read_capped
from patchtrail.collector.rates import Rate, RateLimits, Rates
from patchtrail.contract.errors import InvalidInput, NotAllowed
from tests.collector.open_clients import DEV_TOKEN, OPENING, OpenTrace, check, dev_collector, event
from tests.collector.sessions import opened, post_trace, request_of
from tests.collector.test_enrolment import post_device
from tests.contract.open_samples import EDIT, ONE_SHOT
from tests.delivery.fakes import running_collector

NARROW = {"requests_per_minute": 1, "requests_burst": 2, "uploads_per_minute": 1, "uploads_burst": 3}
ONE = Rate(count=60, seconds=60, burst=3)


def limited(response: httpx.Response) -> int:
    """Check a refusal by rate; return for how many seconds."""
    check(response, 429, "rate_limited")
    return int(response.headers["Retry-After"])


def test_a_bucket_holds_a_burst_and_fills_steadily() -> None:
    """After its burst a bucket gives one per second; a clock that steps back gives nothing away."""
    now = [1000.0]
    limits = RateLimits(Rates(ONE, ONE, ONE, ONE, ONE), lambda: now[0])

    def taken(count: int) -> int:
        done = 0
        for _ in range(count):
            try:
                limits.device("d")
            except NotAllowed:
                continue
            done += 1
        return done

    assert taken(10) == 3
    now[0] += 2.5
    assert taken(10) == 2
    now[0] -= 500
    assert taken(10) == 0
    now[0] += 10_000
    assert taken(10) == 3
    limits.device("other")


def test_a_spool_of_thirty_days_drains_within_the_defaults() -> None:
    """2,000 full chunks with as many artifacts are taken at once; 14,400 small ones within a quarter of an hour."""
    now, waited = [0.0], 0.0
    limits = RateLimits(CollectorConfig(data_dir=Path("unused")).rates(), lambda: now[0])
    for _ in range(4_000):
        limits.upload("device")
    for _ in range(14_400 - 4_000):
        try:
            limits.upload("device")
        except NotAllowed as error:
            seconds = error.detail["retry_after_s"]
            assert isinstance(seconds, int)
            now[0] += seconds
            waited += seconds
            limits.upload("device")

    assert waited <= 15 * 60


def test_a_device_is_limited_by_itself(tmp_path: Path) -> None:
    """Openings and uploads have buckets of their own per device; another device is served, and so is the reader."""
    with running_collector(tmp_path, **NARROW) as collector:
        device, other = collector.enrol(), collector.enrol("p-2")
        session = opened(collector, device)
        post_trace(collector.url, device, request_of(device))
        assert 1 <= limited(post_trace(collector.url, device, request_of(device))) <= 60
        assert limited(collector.read("/v1/traces", device.device_token)) >= 1

        assert [session.put(0).status_code for _ in range(3)] == [201, 200, 200]
        assert limited(session.put(1)) >= 1
        assert post_trace(collector.url, other, {**request_of(other), "participant_id": "p-1"}).status_code == 403
        assert collector.read("/v1/traces").status_code == 200


def test_50_enrolment_is_limited_by_address_and_study(tmp_path: Path) -> None:
    """Codes cannot be tried without end: 5 a minute from one address, 20 an hour in the study, as they come."""
    key = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    for settings in ({"enrolments_per_minute": 5}, {"enrolments_per_hour": 5}):
        with running_collector(tmp_path / next(iter(settings)), **settings) as collector:
            answers = [post_device(collector, "0000000000", key) for _ in range(6)]

            assert [answer.status_code for answer in answers[:5]] == [403] * 5
            assert limited(answers[5]) >= 1
    defaults = CollectorConfig(data_dir=tmp_path)
    assert (defaults.enrolments_per_minute, defaults.enrolments_per_hour) == (5, 20)


def test_forwarded_addresses_are_not_believed(tmp_path: Path) -> None:
    """Without a trusted proxy, X-Forwarded-For gives nobody a bucket of its own."""
    with running_collector(tmp_path, enrolments_per_minute=1) as collector:
        url, body = f"{collector.url}/v1/devices", {"code": "0000000000", "public_key": {}, "host_hint": ""}
        answers = [
            httpx.post(url, json=body, headers={"X-Forwarded-For": f"192.0.2.{n}"}, timeout=60) for n in range(2)
        ]

    with running_collector(tmp_path, enrolments_per_minute=1, trusted_proxies="127.0.0.1") as collector:
        url = f"{collector.url}/v1/devices"
        trusted = [
            httpx.post(url, json=body, headers={"X-Forwarded-For": f"192.0.2.{n}"}, timeout=60) for n in range(2)
        ]

    assert [answer.status_code for answer in answers] == [422, 429]
    assert [answer.status_code for answer in trusted] == [422, 422]


def test_open_creation_and_ingest_are_limited(tmp_path: Path) -> None:
    """Open traces are created so many a minute per address, and each takes so many chunks."""
    with dev_collector(tmp_path, open_traces_per_minute=2, uploads_burst=2, uploads_per_minute=1) as collector:
        trace = OpenTrace(collector)
        assert [trace.send(n).status_code for n in range(2)] == [200, 200]
        assert limited(trace.send(2)) >= 1
        assert (
            httpx.post(f"{collector.url}/api/traces", json={**ONE_SHOT, "trace_id": None}, timeout=60).status_code
            == 201
        )

        assert limited(httpx.post(f"{collector.url}/v1/traces", json=OPENING, timeout=60)) >= 1


def test_a_session_has_a_quota(tmp_path: Path) -> None:
    """Beyond its quota a trace takes nothing more, signed or open; what it has stays, and repeats cost nothing."""
    with dev_collector(tmp_path, session_max_bytes=2_000) as collector:
        trace = OpenTrace(collector)
        for n in range(20):
            trace.send(0)
            answer = trace.send(n)
            if answer.status_code != 200:
                break
        check(answer, 413, "quota_exceeded")
        assert len(trace.document()["events"]) == n > 2
        assert OpenTrace(collector).send(0).status_code == 200

        session = opened(collector)
        answers = [session.put(0), session.put(0), session.put(0), session.put(1), session.put(2)]
        assert [answer.status_code for answer in answers[:3]] == [201, 200, 200]
        check(answers[-1], 413, "quota_exceeded")


def test_a_participant_has_a_quota(tmp_path: Path) -> None:
    """All traces of a participant count together, also after a restart; an open claim never uses a device's up."""
    whole = {**ONE_SHOT, "trace_id": None, "bug_description": "x" * 1_500}
    with dev_collector(tmp_path, participant_max_bytes=5_000) as collector:
        url = f"{collector.url}/api/traces"
        assert [httpx.post(url, json=whole, timeout=60).status_code for _ in range(3)] == [201, 201, 413]
        assert httpx.post(url, json={**whole, "developer_id": "other"}, timeout=60).status_code == 201
    with dev_collector(tmp_path, participant_max_bytes=5_000) as collector:
        check(httpx.post(f"{collector.url}/api/traces", json=whole, timeout=60), 413, "quota_exceeded")
        assert opened(collector).put(0).status_code == 201


def test_a_refused_body_is_given_back(tmp_path: Path) -> None:
    """What was not stored is not counted."""
    with dev_collector(tmp_path, session_max_bytes=2_000) as collector:
        trace = OpenTrace(collector)
        for _ in range(20):
            check(trace.send(7), 409, "chunk.order")

        assert trace.send(0).status_code == 200


def values(text: str) -> dict[tuple[str, str], float]:
    """Parse metrics as Prometheus does: by name and labels."""
    families = text_string_to_metric_families(text)
    return {
        (sample.name, ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_metrics(tmp_path: Path) -> None:
    """Requests by route and status, what was accepted, refusals by code, open traces and commits are told; no ids."""
    with dev_collector(tmp_path) as collector:
        session, trace = opened(collector), OpenTrace(collector)
        for n in range(3):
            session.put(n)
        session.complete()
        trace.send(0, event(0), event(1))
        trace.send(2)
        httpx.get(f"{collector.url}/no/such/{trace.trace_id}", timeout=60)
        answer = httpx.get(f"{collector.url}/metrics", timeout=60)
        told = values(answer.text)

    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert told["patchtrail_requests_total", "method=PUT,route=/v1/traces/{trace_id}/chunks/{n},status=201"] == 3
    assert told["patchtrail_requests_total", "method=GET,route=(none),status=404"] == 1
    assert told["patchtrail_request_seconds_count", "method=PUT,route=/v1/traces/{trace_id}/chunks/{n}"] == 3
    assert told["patchtrail_chunks_total", "protocol=signed"] == 3
    assert told["patchtrail_events_total", "protocol=v1"] == 2
    assert told["patchtrail_accepted_bytes_total", "protocol=signed"] == sum(map(len, session.bodies))
    assert told["patchtrail_refusals_total", "code=chunk.order"] == 1
    assert told["patchtrail_open_traces", "protocol=v1"] == 1
    assert told["patchtrail_open_traces", "protocol=signed"] == 0
    assert told["patchtrail_commit_seconds_count", ""] >= 5
    assert trace.trace_id not in answer.text
    assert OPENING["participant_id"] not in answer.text


@pytest.mark.parametrize(
    "headers", [{"X-Forwarded-For": "192.0.2.1"}, {"Host": "collector.example"}], ids=["proxy", "host"]
)
def test_metrics_need_the_servers_token_from_elsewhere(tmp_path: Path, headers: dict[str, str]) -> None:
    """Not on loopback by its own name, metrics are the server's token's alone."""
    with dev_collector(tmp_path) as collector:
        url = f"{collector.url}/metrics"

        check(httpx.get(url, headers=headers, timeout=60), 401, "unauthenticated")
        assert (
            httpx.get(url, headers={**headers, "Authorization": f"Bearer {DEV_TOKEN}"}, timeout=60).status_code == 200
        )
    with running_collector(tmp_path / "open", host="0.0.0.0") as collector:
        check(httpx.get(f"{collector.url}/metrics", timeout=60), 401, "unauthenticated")


def test_an_edit_of_one_shot_counts_as_its_protocol(tmp_path: Path) -> None:
    """Each protocol has its own counts."""
    with dev_collector(tmp_path) as collector:
        httpx.post(f"{collector.url}/api/traces", json={**ONE_SHOT, "events": [EDIT]}, timeout=60)

        assert (
            values(httpx.get(f"{collector.url}/metrics", timeout=60).text)[
                "patchtrail_events_total", "protocol=one_shot"
            ]
            == 1
        )


class QuickLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock a test moves on."""

    skipped_s = 0.0

    def time(self) -> float:
        """Return the loop's time."""
        return super().time() + self.skipped_s


class ThinLine(Request):
    """A request whose body comes in pieces, each ten seconds after the one before."""

    def __init__(self, loop: QuickLoop, piece: bytes, count: int) -> None:
        super().__init__({"type": "http", "headers": []})
        self._loop, self._piece, self._count = loop, piece, count

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield the body."""
        for _ in range(self._count):
            self._loop.skipped_s += 10
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            yield self._piece


def test_a_large_body_may_take_its_time_and_a_dribble_may_not() -> None:
    """What keeps to 64 KiB a second is waited for to its end; what falls 30 seconds behind is given up."""
    with asyncio.Runner(loop_factory=QuickLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, QuickLoop)
        whole = runner.run(read_capped(ThinLine(loop, bytes(1 << 20), 32), MAX_ARTIFACT_BYTES))
        with pytest.raises(InvalidInput) as refused:
            runner.run(read_capped(ThinLine(loop, bytes(1 << 10), 32), MAX_ARTIFACT_BYTES))

    assert (len(whole), loop.skipped_s) == (32 << 20, 360)
    assert refused.value.code == "too_slow"
