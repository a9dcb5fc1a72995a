"""The open Trace API v1: traces of clients that sign nothing, in chunks that may come twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from patchtrail.collector import CollectorConfig, build_service
from patchtrail.contract.document import TraceDocument
from patchtrail.contract.errors import InvalidInput
from tests.collector.open_clients import DEV_TOKEN, OPENING, OpenTrace, check, dev_collector, event
from tests.collector.sessions import opened, request_of
from tests.contract.open_samples import ACTS, NOTE, PUBLISHED_EDIT
from tests.delivery.fakes import RunningCollector, running_collector

SECRET = "hunter2-planted-4711"


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCollector]:
    """Run a development collector on a folder of its own."""
    with dev_collector(tmp_path_factory.mktemp("collector")) as running:
        yield running


def test_the_published_session(collector: RunningCollector) -> None:
    """Create, ingest and complete as published; the document comes back whole, at L0, in the list and by its id."""
    trace = OpenTrace(collector)
    assert trace.created["message"] == "Trace created successfully"
    assert trace.send(0, PUBLISHED_EDIT).status_code == 200
    assert trace.send(1, *ACTS).json()["events"] == 4
    completed = trace.complete()
    assert (completed.json()["chunks"], completed.json()["events"]) == (2, 5)
    document = trace.document()

    TraceDocument.model_validate_json(collector.read(f"/v1/traces/{trace.trace_id}", DEV_TOKEN).content)
    first = document["events"][0]
    received_s = first.pop("ts_server_s")
    assert first == {name: value for name, value in PUBLISHED_EDIT.items() if name != "ts_server_s"}
    assert received_s > PUBLISHED_EDIT["ts_server_s"], "the collector says itself when it had an event"
    assert document["session"] == {"participant_id": "user-123", "consent": None}
    assert document["task"]["title"] == OPENING["task_title"]
    assert document["integrity"]["assurance"]["level"] == "L0"
    assert len(document["integrity"]["event_hash_chain"]) == 5
    listed = collector.read("/v1/traces", DEV_TOKEN).json()["traces"][0]
    assert (listed["trace_id"], listed["status"], listed["events"]) == (trace.trace_id, "complete", 5)
    assert listed["assurance"]["level"] == "L0"


def test_a_note_of_several_kinds_is_one_event_and_several_notes(collector: RunningCollector) -> None:
    """A note with five fields is stored as five notes, and comes back as the one event that was sent."""
    trace = OpenTrace(collector)
    trace.send(0, NOTE, event(2))
    document = trace.document()

    told = document["events"][0]
    assert {name: told[name] for name in NOTE} == NOTE
    assert (document["metrics"]["num_notes"], document["metrics"]["num_events"]) == (5, 2)


@pytest.mark.parametrize(
    ("told", "expected", "notes"),
    [
        ({"kind": "plan", "text": "x", "plan": "y"}, {"kind": "plan", "text": "x", "plan": "y"}, 2),
        ({"kind": "plan", "text": "x", "plan": "x"}, {"kind": "plan", "text": "x", "plan": "x"}, 1),
        ({"kind": "plan", "text": "x"}, {"kind": "plan", "text": "x", "plan": "x"}, 1),
        ({"plan": "y"}, {"kind": "plan", "text": "y", "plan": "y"}, 1),
        ({"text": "x"}, {"kind": "observation", "text": "x", "observation": "x"}, 1),
        ({"text": "x", "plan": "y"}, {"kind": "observation", "text": "x", "plan": "y", "observation": "x"}, 2),
        ({"kind": "plan", "decision": "z"}, {"kind": "decision", "decision": "z", "told_kind": "plan"}, 1),
        ({"kind": "plan", "text": "x", "decision": "z"}, {"plan": "x", "decision": "z"}, 2),
    ],
)
def test_nothing_of_a_note_is_dropped(
    collector: RunningCollector, told: dict[str, str], expected: dict[str, str], notes: int
) -> None:
    """A text beside a field of its kind, without a kind, and a kind without a text all come back; so they do again."""
    first = OpenTrace(collector)
    assert first.send(0, {**event(0), "type": "rationale_note", **told}).status_code == 200
    document = first.document()
    read = document["events"][0]
    again = OpenTrace(collector)
    again.send(0, {name: value for name, value in read.items() if value is not None})

    assert {name: read.get(name) for name in expected} == expected
    assert document["metrics"]["num_notes"] == notes
    repeated = again.document()
    assert repeated["metrics"]["num_notes"] == notes
    texts = {text for name, text in told.items() if name != "kind"}
    assert texts <= {*map(str, read.values())} & {*map(str, repeated["events"][0].values())}


def test_an_empty_note_is_refused_with_its_index(collector: RunningCollector) -> None:
    """A note that states nothing is refused, with the index of the event; the rest of the trace is as it was."""
    trace = OpenTrace(collector)
    trace.send(0)
    empty = {**event(2), "type": "rationale_note"}

    assert check(trace.send(1, event(1), empty), 422, "bad_json")["index"] == 1
    assert [one["id"] for one in trace.document()["events"]] == ["evt-000"]


def test_30_the_same_chunk_again_answers_the_same(collector: RunningCollector) -> None:
    """Sent again, in parallel, later or after completion, a chunk is stored once and answered the same."""
    trace = OpenTrace(collector)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: trace.send(0), range(8)))
    trace.complete()
    answers += [trace.send(0), trace.send(0, key="another key of the same chunk")]

    assert {(answer.status_code, answer.content) for answer in answers} == {(200, answers[0].content)}
    assert len(trace.document()["events"]) == 1


def test_30_another_body_under_a_used_key(collector: RunningCollector) -> None:
    """A key that came before with another body is refused; two bodies that race for one key do not both win."""
    trace = OpenTrace(collector)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda name: trace.send(0, event(0, file_path=name)), ["a.py", "b.py"]))
    assert sorted(answer.status_code for answer in answers) == [200, 422]

    check(trace.send(1, key="chunk-0"), 422, "idempotency.mismatch")
    assert trace.send(1).status_code == 200


def test_30_keys_are_of_one_trace(collector: RunningCollector) -> None:
    """The same key in another trace is another key, and another trace's token does not reach this one."""
    mine, yours = OpenTrace(collector), OpenTrace(collector)
    assert mine.send(0, key="k").status_code == 200
    assert yours.send(0, event(0, file_path="other.py"), key="k").status_code == 200
    mine.bearer = yours.bearer

    check(mine.send(1), 403, "wrong_trace")


@pytest.mark.parametrize(
    "key", ["k" * 255, "chunk 001", "ключ", "'; drop table traces; --", "日本" * 60], ids=lambda key: key[:9]
)
def test_30_any_printable_key(collector: RunningCollector, key: str) -> None:
    """A key may be any printable text of up to 255 characters, in any script."""
    assert OpenTrace(collector).send(0, key=key.encode()).status_code == 200


@pytest.mark.parametrize("key", [b"", b"k" * 256, b"k" * 300, b"a\tb", "a\u2028b".encode()], ids=len)
def test_30_keys_that_are_none(collector: RunningCollector, key: bytes) -> None:
    """An empty, an overlong and an unprintable key are refused, each with the same code."""
    check(OpenTrace(collector).send(0, key=key), 400, "idempotency_key")


def test_30_no_key(collector: RunningCollector) -> None:
    """A chunk without a key is refused."""
    trace = OpenTrace(collector)
    answer = httpx.post(f"{trace.url}/events:ingest", json={}, headers=trace.bearer, timeout=60)

    check(answer, 400, "idempotency_key")


def test_out_of_order_chunks_are_told_which_is_next(collector: RunningCollector) -> None:
    """A chunk that is not the next one is refused with the number that is, ahead and behind."""
    trace = OpenTrace(collector)
    assert check(trace.send(1), 409, "chunk.order")["expected_chunk_seq"] == 0
    trace.send(0)

    assert check(trace.send(0, event(9), key="other"), 409, "chunk.order")["expected_chunk_seq"] == 1


def test_nothing_follows_the_end(collector: RunningCollector) -> None:
    """A complete trace takes nothing more; completing it again answers the same."""
    trace = OpenTrace(collector)
    trace.send(0)
    first = trace.complete()

    check(trace.send(1), 409, "trace_complete")
    assert trace.complete().content == first.content


def test_signed_and_open_traces_do_not_mix(collector: RunningCollector) -> None:
    """An open chunk on a signed trace is a conflict, and so is a signed chunk or an artifact on an open one."""
    signed, unsigned = opened(collector), OpenTrace(collector)
    headers = {"Authorization": f"Bearer {signed.created.upload_token}", "Idempotency-Key": "k"}
    body = {"chunk_id": "c", "chunk_seq": 0, "events": [event(0)]}
    check(httpx.post(f"{signed.path}/events:ingest", json=body, headers=headers, timeout=60), 409, "signed_trace")
    headers["Authorization"] = f"Bearer {DEV_TOKEN}"
    check(httpx.post(f"{signed.path}/events:ingest", json=body, headers=headers, timeout=60), 409, "signed_trace")

    token = unsigned.created["upload_token"]
    signed.created = signed.created.model_copy(update={"trace_id": unsigned.trace_id})
    check(signed.put(0, token=token), 409, "open_trace")
    check(collector.read(f"/v1/traces/{unsigned.trace_id}/bundle", DEV_TOKEN), 409, "open_trace")


def test_tokens_are_renewed(collector: RunningCollector) -> None:
    """An upload token, and the server's, draw a fresh one for the same trace; both hold for 24 hours."""
    trace = OpenTrace(collector)
    renewed = httpx.post(f"{trace.url}/token", headers=trace.bearer, timeout=60)
    assert renewed.status_code == 201
    trace.bearer = {"Authorization": f"Bearer {renewed.json()['upload_token']}"}

    assert trace.send(0).status_code == 200
    by_server = httpx.post(f"{trace.url}/token", headers={"Authorization": f"Bearer {DEV_TOKEN}"}, timeout=60)
    assert by_server.json()["expires_ms"] >= renewed.json()["expires_ms"]


def test_tokens_expire(tmp_path: Path) -> None:
    """After 24 hours an upload token uploads nothing and renews nothing."""
    now = [1_760_000_000_000]
    with dev_collector(tmp_path, now_ms=lambda: now[0]) as running:
        trace = OpenTrace(running)
        now[0] += 24 * 3600 * 1000

        check(trace.send(0), 401, "unauthenticated")
        check(httpx.post(f"{trace.url}/token", headers=trace.bearer, timeout=60), 401, "unauthenticated")
        check(trace.complete(), 401, "unauthenticated")


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": "Bearer wrong"}, {"X-Forwarded-For": "192.0.2.1"}, {"Host": "evil.example"}, {"Via": "1.1 p"}],
    ids=lambda headers: next(iter(headers)),
)
def test_only_this_machine_creates_without_a_token(collector: RunningCollector, headers: dict[str, str]) -> None:
    """A wrong token, a proxy's request and another name in Host create nothing, even on a development server."""
    for path in ("/v1/traces", "/api/traces"):
        check(httpx.post(collector.url + path, json=OPENING, headers=headers, timeout=60), 401, "unauthenticated")


def test_without_a_development_token_a_token_is_needed(tmp_path: Path) -> None:
    """An ordinary collector creates open traces for its server's token alone, also on loopback."""
    with running_collector(tmp_path) as running:
        url, mine = f"{running.url}/v1/traces", {"Authorization": f"Bearer {running.service.server_token}"}

        check(httpx.post(url, json=OPENING, timeout=60), 401, "unauthenticated")
        assert httpx.post(url, json=OPENING, headers=mine, timeout=60).status_code == 201


def test_a_development_token_is_for_loopback(tmp_path: Path) -> None:
    """A collector that others can reach refuses to start with a development token."""
    with pytest.raises(InvalidInput, match="loopback"):
        build_service(CollectorConfig(data_dir=tmp_path, host="0.0.0.0", dev_token="dev"))
    assert list(tmp_path.iterdir()) == []


def test_a_signed_opening_needs_its_device(collector: RunningCollector) -> None:
    """A body with a proof is never taken as an open one; a device's body without its proof is not taken either."""
    device = collector.enrol()
    body = request_of(device)
    check(httpx.post(f"{collector.url}/v1/traces", json=body, timeout=60), 422, "bad_json")
    headers = {"Authorization": f"Bearer {device.device_token}"}

    check(httpx.post(f"{collector.url}/v1/traces", json=OPENING, headers=headers, timeout=60), 422, "bad_json")
    assert httpx.post(f"{collector.url}/v1/traces", json=body, headers=headers, timeout=60).status_code == 201


def test_what_arrives_is_redacted(tmp_path: Path) -> None:
    """A planted secret, wherever a client puts it, is in no file of the collector, and diffs stay diffs."""
    with dev_collector(tmp_path) as running:
        url = f"{running.url}/v1/traces"
        leaky = {**OPENING, "task_title": f'password = "{SECRET}"', "repo_origin": f"https://me:{SECRET}@host/r"}
        assert httpx.post(url, json=leaky, timeout=60).status_code == 201
        trace = OpenTrace(running)
        diff = f'--- a/c.py\n+++ b/c.py\n@@ -1 +1,2 @@\n x = 1\n+password = "{SECRET}"\n'
        env = f"--- a/.env\n+++ b/.env\n@@ -1 +1 @@ {SECRET}\n-A={SECRET}\n+B={SECRET}\n"
        pem = f"-----BEGIN PRIVATE KEY-----\n{'A' * 40}{SECRET.replace('-', '')}\n-----END PRIVATE KEY-----"
        added = "\n".join(f"+{line}" for line in pem.split("\n"))
        events = [
            event(0, diff_unified=diff),
            event(1, diff_unified=f"--- a/k\n+++ b/k\n@@ -0,0 +1,3 @@\n{added}\n"),
            event(2, file_path="conf/.env", diff_unified=env, note=SECRET),
            event(3, type="commit", diff_unified=env + diff),
            event(
                4,
                type="cmd_run",
                command_line=f"curl -H 'Authorization: Bearer {SECRET}' x",
                shell={"env": {"API_KEY": SECRET}},
            ),
            event(5, type="rationale_note", hypothesis=f'The password: "{SECRET}"', more=[[f"token={SECRET}"]]),
        ]
        assert trace.send(0, *events).status_code == 200
        told = trace.document()["events"]
        trace.complete()

    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert SECRET.encode() not in stored
    assert SECRET.replace("-", "").encode() not in stored
    assert [line[:1] for line in told[0]["diff_unified"].split("\n")] == ["-", "+", "@", " ", "+", ""]
    assert [line[:1] for line in told[1]["diff_unified"].split("\n")] == ["-", "+", "@", "+", "+", "+", ""]
    assert (told[2]["withheld"], told[2]["diff_unified"]) == ("denied_path", "")
    with closing(sqlite3.connect(tmp_path / "collector.db")) as database:
        assert database.execute(
            "select count(redaction_key) from open_traces where status = 'complete'"
        ).fetchone() == (0,)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"chunk_id":"\\ud800"}', b"NaN", b"[" * 100_000, b'{"a":' * 300 + b"1" + b"}" * 300],
    ids=["empty", "list", "cut", "surrogate", "nan", "deep list", "deep object"],
)
def test_bodies_that_are_none(collector: RunningCollector, body: bytes) -> None:
    """What is no chunk is refused with a place, and the trace goes on."""
    trace = OpenTrace(collector)
    headers = {**trace.bearer, "Idempotency-Key": "k", "Content-Type": "application/json"}
    check(httpx.post(f"{trace.url}/events:ingest", content=body, headers=headers, timeout=60), 422, "bad_json")

    assert trace.send(0).status_code == 200


@pytest.mark.parametrize(
    "more",
    [
        {"x": [[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]},
        {"x": "y" * (1024 * 1024)},
        {"ts_client_s": "1"},
        {"seq": 1.5},
        {"seq": 2**53},
    ],
    ids=["deep", "too large", "text", "fraction", "beyond 2^53"],
)
def test_events_that_no_document_can_carry(collector: RunningCollector, more: dict) -> None:
    """Nesting beyond 16, bodies beyond 1 MiB, and numbers that are none are refused."""
    answer = OpenTrace(collector).send(0, event(0), {**event(1), **more})

    assert answer.status_code in (413, 422), answer.text


def test_whatever_fits_json_comes_back(collector: RunningCollector) -> None:
    """Odd but sound values of a client's own fields come back as they were."""
    odd = {"big": 2**63, "tiny": 1e-300, "nul": "a\u0000b", "emoji": {"🐛": [None, True]}}
    trace = OpenTrace(collector)
    assert trace.send(0, {**event(0), **odd}).status_code == 200
    told = trace.document()["events"][0]

    assert {name: told[name] for name in odd} == odd


def test_clients_own_names_never_displace_ours(collector: RunningCollector) -> None:
    """What a client says of fields that are the collector's to say is ignored."""
    lies = {"received_ms": 7, "study_id": "other", "assurance": {"level": "L4"}, "ts_server_s": 1.0}
    trace = OpenTrace(collector)
    trace.send(0, {**event(0), **lies}, trace_id="trace-" + "0" * 32, received_ms=7)
    document = trace.document()

    assert document["integrity"]["assurance"]["level"] == "L0"
    assert document["events"][0]["ts_server_s"] > 1.0
    assert document["trace_id"] == trace.trace_id


def test_open_traces_survive_a_restart(tmp_path: Path) -> None:
    """After a restart the same chunk is known by its key, and the next one is taken."""
    with dev_collector(tmp_path) as first:
        trace = OpenTrace(first)
        before = trace.send(0)
    with dev_collector(tmp_path) as second:
        trace.url = f"{second.url}/v1/traces/{trace.trace_id}"
        assert trace.send(0).content == before.content
        assert trace.send(1).status_code == 200
