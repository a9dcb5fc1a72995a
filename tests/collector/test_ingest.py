"""Chunks are verified, stored once, and receipted; everything else is refused in one shape."""

from __future__ import annotations

import contextlib
import json
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from patchtrail.contract.evidence import CHUNK_MEDIA_TYPE
from patchtrail.contract.problem import PROBLEM_MEDIA_TYPE, Problem
from patchtrail.integrity import chunk, digest
from tests.collector.sessions import Session, opened
from tests.delivery.fakes import RunningCollector, running_collector


def check(response: httpx.Response, status: int, code: str) -> dict:
    """Compare a refusal's status, code and shape; return its detail."""
    assert (response.status_code, response.json()["code"]) == (status, code), response.text
    assert response.headers["content-type"] == PROBLEM_MEDIA_TYPE
    return Problem.model_validate_json(response.content).detail


def test_a_session_is_taken_in_and_given_back(collector: RunningCollector) -> None:
    """Chunks in order, complete, and the document and the bundle hold what was sent."""
    session = opened(collector)
    assert [session.put(n).status_code for n in range(3)] == [201] * 3
    completed = session.complete()

    assert completed.json()["status"] == "complete"
    document = collector.read(f"/v1/traces/{session.created.trace_id}").json()
    assert [event["seq"] for event in document["events"]] == list(range(completed.json()["events"]))
    assert document["integrity"]["assurance"]["level"] in ("L1", "L3")


def test_the_same_chunk_again_gives_the_same_receipt(collector: RunningCollector) -> None:
    """Sent again, in parallel or later, a chunk is stored once and its receipt is the same, byte for byte."""
    session = opened(collector)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: session.put(0), range(8)))

    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.content for answer in answers}) == 1
    assert collector.read("/v1/traces").json()["traces"][0]["chunks"] == 1


def test_out_of_order_chunks_are_told_which_is_next(collector: RunningCollector) -> None:
    """A chunk that is not the next one is refused with the number and the head that are."""
    session = opened(collector)
    assert check(session.put(1), 409, "chunk.order")["next_n"] == 0
    session.put(0)
    assert check(session.put(2), 409, "chunk.order")["next_n"] == 1


def test_07_a_fork_is_kept_and_flagged(collector: RunningCollector) -> None:
    """Two different chunks with one number, racing: one is accepted, both are kept, the trace is flagged."""
    session = opened(collector)
    session.put(0)
    bodies = [session.bodies[1], session.chunk(1)]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda body: session.put(1, body), bodies))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    loser = next(answer for answer in answers if answer.status_code == 409)

    check(loser, 409, "fork")
    trace = collector.read("/v1/traces").json()["traces"][0]
    assert (trace["is_forked"], trace["chunks"], trace["assurance"]["level"]) == (True, 2, "L1")


def test_nothing_follows_the_end(collector: RunningCollector) -> None:
    """After session_end another chunk is refused."""
    session = opened(collector)
    for n in range(3):
        session.put(n)
    check(session.put(3, session.chunk(3)), 409, "chunk.after_end")


def test_complete_needs_the_end(collector: RunningCollector) -> None:
    """A trace whose end is missing cannot be completed, and says which chunk is next."""
    session = opened(collector)
    session.put(0)
    assert check(session.complete(), 409, "not_ended")["next_n"] == 1


def test_bad_chunks_are_refused_with_a_place(collector: RunningCollector) -> None:
    """A chunk that does not hold is refused with what is wrong and where; nothing is stored, the right one still is."""
    session = opened(collector)
    body = session.bodies[0]
    line, _ = chunk.split_body(body)
    other = chunk.compress(b"x" * len(body))
    check(session.put(0, b""), 422, "chunk.bad_chunk")
    check(session.put(0, opened(collector).bodies[0]), 422, "chunk.bad_signature")
    detail = check(session.put(0, chunk.join_body(line, other)), 422, "chunk.frame_size")

    assert detail["where"] == "chunk 0"
    assert session.put(0).status_code == 201


def test_artifacts_before_chunks(collector: RunningCollector) -> None:
    """An artifact is stored under the hash that it has; another hash is refused."""
    session, content = opened(collector), b"output"
    headers = {
        "Authorization": f"Bearer {session.created.upload_token}",
        "Content-Type": "application/octet-stream",
    }
    sha256 = digest.sha256(content)
    right = httpx.put(f"{session.path}/artifacts/{sha256}", content=content, headers=headers, timeout=60)
    wrong = httpx.put(f"{session.path}/artifacts/{'0' * 64}", content=content, headers=headers, timeout=60)

    assert right.json() == {"sha256": sha256, "size_bytes": 6}
    check(wrong, 422, "artifact.sha256")
    assert collector.read(f"/v1/traces/{session.created.trace_id}/artifacts/{sha256}").content == content
    check(collector.read(f"/v1/traces/{session.created.trace_id}/artifacts/{'0' * 64}"), 404, "not_found")


def test_caps_are_counted_while_streaming(collector: RunningCollector) -> None:
    """A body without a length is cut off at the cap."""
    session = opened(collector)

    def endless() -> Iterator[bytes]:
        for _ in range(40):
            yield b"x" * 65_536

    headers = {"Authorization": f"Bearer {session.created.upload_token}", "Content-Type": CHUNK_MEDIA_TYPE}
    check(httpx.put(f"{session.path}/chunks/0", content=endless(), headers=headers, timeout=60), 413, "too_large")


def test_media_types(collector: RunningCollector) -> None:
    """A chunk and a JSON body have their own media types."""
    session = opened(collector)
    check(session.put(0, media_type="application/json"), 415, "unsupported_media_type")
    answer = httpx.post(
        f"{collector.url}/v1/devices", content=b"{}", headers={"Content-Type": "text/plain"}, timeout=60
    )
    check(answer, 415, "unsupported_media_type")


def test_tokens_open_their_own_trace_only(collector: RunningCollector) -> None:
    """An upload token is for one trace; a server's or another device's token uploads nothing."""
    session, other = opened(collector), opened(collector)
    check(session.put(0, token=other.created.upload_token), 403, "wrong_trace")
    check(session.put(0, token=collector.service.server_token), 401, "unauthenticated")
    check(session.put(0, token="ptu_" + "0" * 36), 401, "unauthenticated")


def test_a_device_reads_its_own_traces_only(collector: RunningCollector) -> None:
    """A participant reads what is held about them; of others' traces not even that they exist."""
    mine, yours = collector.enrol(), collector.enrol("p-other")
    session = opened(collector, mine)
    session.put(0)
    path = f"/v1/traces/{session.created.trace_id}"

    assert collector.read(path, mine.device_token).status_code == 200
    for route in (path, f"{path}/bundle", f"{path}/artifacts/{'0' * 64}"):
        check(collector.read(route, yours.device_token), 404, "not_found")
    assert collector.read("/v1/traces", yours.device_token).json()["traces"] == []
    check(collector.read(path, session.created.upload_token), 401, "unauthenticated")


def test_lists_are_paged(collector: RunningCollector) -> None:
    """Every trace comes once, newest first, however small the pages."""
    wanted = [opened(collector).created.trace_id for _ in range(3)]
    seen: list[str] = []
    before = ""
    while True:
        page = collector.read(f"/v1/traces?limit=2{before}").json()
        seen += [trace["trace_id"] for trace in page["traces"]]
        if page["next_before"] is None:
            break
        before = f"&before={page['next_before']}"

    assert len(seen) == len(set(seen))
    assert set(wanted) <= set(seen)


PROXIED = {"X-Forwarded-For": "192.0.2.1"}
ROUTES = [
    ("POST", "/v1/invitations"),
    ("POST", "/v1/devices"),
    ("POST", "/v1/devices/device-x/proof"),
    ("POST", "/v1/traces"),
    ("POST", "/v1/traces/trace-{0}/token"),
    ("PUT", "/v1/traces/trace-{0}/chunks/0"),
    ("PUT", "/v1/traces/trace-{0}/chunks/x"),
    ("PUT", "/v1/traces/trace-{0}/artifacts/{1}"),
    ("POST", "/v1/traces/trace-{0}/complete"),
    ("POST", "/v1/traces/trace-{0}/forget"),
    ("GET", "/v1/traces"),
    ("GET", "/v1/traces?limit=0"),
    ("GET", "/v1/traces/trace-{0}"),
    ("GET", "/v1/traces/nonsense"),
    ("GET", "/v1/traces/trace-{0}/bundle"),
    ("GET", "/v1/traces/trace-{0}/artifacts/{1}"),
    ("GET", "/v1/log/proof/inclusion?index=1&size=1"),
    ("GET", "/v1/log/proof/consistency?from=0&to=x"),
    ("POST", "/v1/traces/trace-{0}/events:ingest"),
    ("POST", "/api/traces"),
    ("GET", "/api/traces/{2}"),
    ("GET", "/api/traces/nonsense"),
    ("POST", "/api/traces/{2}/events"),
    ("POST", "/api/traces/{2}/finalize"),
    ("GET", "/api/traces/{2}/qa"),
    ("PUT", "/v1/traces/trace-{0}/base"),
    ("GET", "/v1/traces/trace-{0}/base"),
    ("GET", "/v1/traces/trace-{0}/qa"),
    ("POST", "/v1/traces/trace-{0}/qa:rerun"),
    ("GET", "/v1/qa/queue"),
    ("GET", "/v1/patterns"),
    ("GET", "/v1/patterns/team"),
    ("PUT", "/v1/patterns/team"),
    ("GET", "/v1/patterns/team/revisions"),
    ("GET", "/v1/patterns/team/revisions/x"),
    ("GET", "/v1/webhooks/deliveries?limit=0"),
    ("GET", "/metrics?x"),
    ("DELETE", "/v1/keys"),
    ("GET", "/nowhere"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_failure_has_one_shape(collector: RunningCollector, method: str, path: str) -> None:
    """Whatever fails, on whatever route, answers with a problem and never with a server error."""
    answer = httpx.request(
        method,
        collector.url + path.format("0" * 32, "0" * 64, "0" * 8 + "-0000" * 3 + "-" + "0" * 12),
        content=b"{",
        headers=PROXIED,
        timeout=60,
    )

    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == PROBLEM_MEDIA_TYPE
    Problem.model_validate_json(answer.content)


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/v1/traces/", {}),
        ("GET", "/V1/traces", {}),
        ("GET", "/v1//traces", {}),
        ("GET", "/v1/%2e%2e/v1/traces", {}),
        ("POST", "/v1/keys", {"X-HTTP-Method-Override": "GET"}),
        ("DELETE", "/v1/traces", {}),
    ],
    ids=lambda value: str(value)[:30],
)
def test_42_no_other_way_in(collector: RunningCollector, method: str, path: str, headers: dict[str, str]) -> None:
    """An address in another spelling and a method by another name reach no route, and nothing is redirected."""
    bearer = {"Authorization": f"Bearer {collector.service.server_token}"}
    answer = httpx.request(method, collector.url + path, headers={**bearer, **headers}, timeout=60)

    assert answer.status_code in (404, 405)
    assert answer.headers["content-type"] == PROBLEM_MEDIA_TYPE


def test_405_names_every_method_of_an_address(collector: RunningCollector) -> None:
    """A refused method is told all that the address takes."""
    answer = httpx.delete(f"{collector.url}/v1/traces/trace-{'0' * 32}/artifacts/{'0' * 64}", timeout=60)

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, PUT")


def test_all_routes_are_walked(collector: RunningCollector) -> None:
    """The list above names every route that can fail."""
    described = httpx.get(f"{collector.url}/openapi.json", timeout=60).json()["paths"]
    walked = [path.split("?")[0] for _, path in ROUTES]
    fragile = [path for path in described if path not in ("/healthz", "/readyz", "/v1/keys", "/v1/log/checkpoint")]
    patterns = [re.compile(re.sub(r"\{[a-z0-9_]+\}", r"[^/]+", path)) for path in fragile]

    assert [one.pattern for one in patterns if not any(one.fullmatch(path) for path in walked)] == []


def test_the_api_is_described(collector: RunningCollector) -> None:
    """Every reference of the description resolves, and failures are described as problems."""
    described = httpx.get(f"{collector.url}/openapi.json", timeout=60).json()
    schemas = described["components"]["schemas"]
    text = json.dumps(described)
    references = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}

    assert references <= set(schemas)
    assert httpx.get(f"{collector.url}/docs", timeout=60).status_code == 200
    failures = described["paths"]["/v1/traces/{trace_id}/chunks/{n}"]["put"]["responses"]
    assert set(failures) == {"200", "201", "401", "403", "404", "408", "409", "413", "415", "422", "429"}


def test_health(collector: RunningCollector) -> None:
    """The collector says that it answers, and that it takes writes."""
    assert httpx.get(f"{collector.url}/healthz", timeout=60).json() == {"status": "ok"}
    assert httpx.get(f"{collector.url}/readyz", timeout=60).json() == {"status": "ready"}


def sent(session: Session) -> None:
    """Send a whole session."""
    for n in range(len(session.bodies)):
        assert session.put(n).status_code == 201


def test_a_collector_that_restarts_goes_on(tmp_path: Path) -> None:
    """What was receipted is there after a restart, and the next chunk is taken."""
    with running_collector(tmp_path) as first:
        session = opened(first)
        session.put(0)
    with running_collector(tmp_path) as second:
        session.url = second.url
        assert session.put(0).status_code == 200
        assert session.put(1).status_code == 201


def test_a_clock_that_is_set_back_backdates_nothing(tmp_path: Path) -> None:
    """A collector whose clock steps back still gives receipts in order, and the honest session stays verified."""
    clock = iter(range(2_000_000_000_000, 0, -1_000))
    with running_collector(tmp_path, lambda: next(clock)) as running:
        session = opened(running)
        sent(session)

        assert session.complete().json()["assurance"]["level"] != "L0"


@pytest.mark.parametrize("flood", [b"X-Flood: " + b"x" * 4_000_000, b"X-Flood: x\r\n" * 300_000], ids=["one", "many"])
def test_headers_that_do_not_end_are_cut_off(collector: RunningCollector, flood: bytes) -> None:
    """A connection whose headers go on beyond the cap is closed, and others are served."""
    host, port = collector.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        with contextlib.suppress(ConnectionError):
            connection.sendall(flood)
            assert connection.recv(12) in (b"", b"HTTP/1.1 431")

    assert httpx.get(f"{collector.url}/healthz", timeout=60).status_code == 200
