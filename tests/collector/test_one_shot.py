"""The one-shot Trace API: a whole trace at once, or in pieces, in any order; read back in order of time."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from patchtrail.contract.document import TraceDocument
from patchtrail.contract.open_protocol import OneShotTrace
from tests.collector.open_clients import DEV_TOKEN, OpenTrace, check, dev_collector
from tests.contract.open_samples import COMMAND, EDIT, ONE_SHOT, REASONING
from tests.delivery.fakes import RunningCollector

BEARER = {"Authorization": f"Bearer {DEV_TOKEN}"}


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCollector]:
    """Run a development collector on a folder of its own."""
    with dev_collector(tmp_path_factory.mktemp("collector")) as running:
        yield running


def create(collector: RunningCollector, **changes: object) -> dict:
    """Create a trace without a token."""
    answer = httpx.post(
        f"{collector.url}/api/traces", json={**ONE_SHOT, "trace_id": None, "events": [], **changes}, timeout=60
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


def add(collector: RunningCollector, created: dict, body: object, **headers: str) -> httpx.Response:
    """Add events with the trace's own token."""
    bearer = {"Authorization": f"Bearer {created['upload_token']}", **headers}
    return httpx.post(f"{collector.url}/api/traces/{created['trace_id']}/events", json=body, headers=bearer, timeout=60)


def read(collector: RunningCollector, created: dict) -> dict:
    """Read a trace back."""
    answer = collector.read(f"/api/traces/{created['trace_id']}", DEV_TOKEN)
    OneShotTrace.model_validate_json(answer.content)
    return answer.json()


def at(second: int, name: str = "a.py") -> dict:
    """Return an edit at a time."""
    return {**EDIT, "timestamp": f"2024-01-04T12:00:{second:02d}Z", "details": {"file": name}}


def test_the_published_trace(collector: RunningCollector) -> None:
    """A whole trace comes back as it was told, pending, without results yet, and is complete once it is finalized."""
    created = create(collector, trace_id=str(uuid.uuid4()).upper(), events=[EDIT, COMMAND, REASONING])
    told = read(collector, created)
    assert (told["status"], told["qa_results"], told["created_at"]) == ("pending", None, told["updated_at"])
    assert {name: told[name] for name in ("developer_id", "repo_url", "bug_description")} == {
        name: ONE_SHOT[name] for name in ("developer_id", "repo_url", "bug_description")
    }
    bearer = {"Authorization": f"Bearer {created['upload_token']}"}
    url = f"{collector.url}/api/traces/{created['trace_id']}/finalize"
    assert httpx.post(url, headers=bearer, timeout=60).json()["status"] == "complete"

    assert read(collector, created)["status"] == "complete"
    check(add(collector, created, EDIT), 409, "trace_complete")


def test_events_come_back_in_order_of_time(collector: RunningCollector) -> None:
    """Whatever the order of arrival, across requests, offsets and spellings of a time."""
    created = create(collector, events=[at(30), at(10)])
    add(collector, created, {"events": [at(20)]})
    add(collector, created, [at(5), at(40)])
    add(collector, created, {**at(0), "timestamp": "2024-01-04T14:00:15+02:00"})
    add(collector, created, {**at(0), "timestamp": "2024-01-04T12:00:12.000250"})
    told = [event["timestamp"][-14:] for event in read(collector, created)["events"]]

    assert told == [
        one[-14:]
        for one in (
            at(5)["timestamp"],
            at(10)["timestamp"],
            "2024-01-04T12:00:12.000250",
            "2024-01-04T14:00:15+02:00",
            at(20)["timestamp"],
            at(30)["timestamp"],
            at(40)["timestamp"],
        )
    ]


@pytest.mark.parametrize(
    ("bad", "where"),
    [
        ({**EDIT, "type": "telepathy"}, "events.1"),
        ({**EDIT, "timestamp": "yesterday"}, "events.1.edit.timestamp"),
        ({**EDIT, "timestamp": "2023-02-29"}, "events.1.edit.timestamp"),
        ({**EDIT, "details": {}}, "events.1.edit.details.file"),
        ({**REASONING, "details": {"text": "x", "confidence": "sure"}}, "events.1.reasoning.details.confidence"),
        ("nothing", "events.1"),
    ],
    ids=["type", "time", "no such day", "no file", "confidence", "no object"],
)
def test_a_bad_event_is_named_and_loses_nothing(collector: RunningCollector, bad: object, where: str) -> None:
    """A bad event is refused by its index; what was stored before stays, and the rest can be sent again."""
    created = create(collector, events=[at(1)])
    detail = check(add(collector, created, {"events": [at(2), bad, at(3)]}), 422, "bad_json")

    assert (detail["index"], detail["where"]) == (1, where)
    assert len(read(collector, created)["events"]) == 1
    assert add(collector, created, {"events": [at(2), at(3)]}).json()["events"] == 3


def test_reasons_keep_the_clients_word(collector: RunningCollector) -> None:
    """A reasoning type stays verbatim beside our kind; an unknown one is an observation."""
    words = {"hypothesis": "hypothesis", "Alternatives": "plan", "rationale": "decision", "what worked": "observation"}
    events = [{**REASONING, "details": {"text": "x", "reasoning_type": word}} for word in words]
    told = read(collector, create(collector, events=events))["events"]

    assert {one["details"]["reasoning_type"]: one["details"]["kind"] for one in told} == words


def test_a_reasons_own_kind_is_kept(collector: RunningCollector) -> None:
    """A client's own `kind` stays beside ours, one-shot and as a document; what is read can be sent again."""
    details = {"text": "x", "reasoning_type": "hypothesis", "kind": {"mine": 1}, "hypothesis": "mine, too"}
    told = {**details, "kind": "hypothesis", "told_kind": {"mine": 1}}
    created = create(collector, events=[{**REASONING, "details": details}])
    found = read(collector, created)["events"]
    document = collector.read(f"/v1/traces/trace-{uuid.UUID(created['trace_id']).hex}", DEV_TOKEN).json()
    again = read(collector, create(collector, events=found))["events"]

    assert {name: found[0]["details"][name] for name in told} == told
    assert {name: document["events"][0][name] for name in told} == told
    assert again == found


def test_it_reads_as_a_v1_document_too(collector: RunningCollector) -> None:
    """The same trace is a trace document v1.0 under the same 32 digits, with v1's names beside the client's."""
    created = create(collector, events=[REASONING, EDIT, COMMAND])
    trace_id = f"trace-{uuid.UUID(created['trace_id']).hex}"
    answer = collector.read(f"/v1/traces/{trace_id}", DEV_TOKEN)
    TraceDocument.model_validate_json(answer.content)
    command, edit, note = answer.json()["events"]

    assert (edit["type"], edit["file_path"], edit["diff_unified"], edit["change"]) == (
        *("file_edit", "src/main.py", "..."),
        "repaired the sum",
    )
    assert (command["command_line"], command["output_tail"], command["cwd"]) == tuple(COMMAND["details"].values())
    assert (note["hypothesis"], note["kind"], note["confidence"]) == ("Off by one.", "hypothesis", "high")
    assert [command["seq"], edit["seq"], note["seq"]] == [0, 1, 2]
    assert answer.json()["task"]["description"] == ONE_SHOT["bug_description"]
    assert answer.json()["integrity"]["assurance"]["level"] == "L0"
    assert collector.read("/v1/traces", DEV_TOKEN).json()["traces"][0]["trace_id"] == trace_id


def test_the_same_trace_again(collector: RunningCollector) -> None:
    """A trace with the client's own id that comes again is the same trace; another one under its id is refused."""
    own_id = str(uuid.uuid4())
    with ThreadPoolExecutor(4) as pool:
        created = list(pool.map(lambda _: create(collector, trace_id=own_id, events=[EDIT]), range(4)))
    assert {(one["trace_id"], one["events"]) for one in created} == {(own_id, 1)}

    again = {**ONE_SHOT, "trace_id": own_id, "bug_description": "other"}
    check(httpx.post(f"{collector.url}/api/traces", json=again, timeout=60), 409, "trace_exists")
    v1 = OpenTrace(collector)
    taken = {**ONE_SHOT, "trace_id": str(uuid.UUID(v1.trace_id.removeprefix("trace-")))}
    check(httpx.post(f"{collector.url}/api/traces", json=taken, timeout=60), 409, "trace_exists")


def test_events_may_carry_a_key(collector: RunningCollector) -> None:
    """With an Idempotency-Key the same events are added once."""
    created = create(collector)
    for _ in range(3):
        assert add(collector, created, [EDIT], **{"Idempotency-Key": "k"}).json()["events"] == 1

    check(add(collector, created, [COMMAND], **{"Idempotency-Key": "k"}), 422, "idempotency.mismatch")
    assert add(collector, created, [EDIT]).json()["events"] == 2


def test_who_may_add_and_read(collector: RunningCollector) -> None:
    """Adding needs the trace's token or the server's, reading the server's; protocols do not mix."""
    created, v1 = create(collector), OpenTrace(collector)
    url = f"{collector.url}/api/traces/{created['trace_id']}"
    check(httpx.post(f"{url}/events", json=[EDIT], timeout=60), 401, "unauthenticated")
    check(httpx.get(url, timeout=60), 401, "unauthenticated")
    check(
        httpx.get(url, headers={"Authorization": f"Bearer {created['upload_token']}"}, timeout=60),
        401,
        "unauthenticated",
    )
    assert httpx.post(f"{url}/events", json=[EDIT], headers=BEARER, timeout=60).status_code == 200

    own_id = uuid.UUID(v1.trace_id.removeprefix("trace-"))
    check(
        httpx.post(f"{collector.url}/api/traces/{own_id}/events", json=[EDIT], headers=v1.bearer, timeout=60),
        409,
        "chunked_trace",
    )
    check(httpx.get(f"{collector.url}/api/traces/{own_id}", headers=BEARER, timeout=60), 404, "not_found")
    v1.url = f"{collector.url}/v1/traces/trace-{uuid.UUID(created['trace_id']).hex}"
    v1.bearer = {"Authorization": f"Bearer {created['upload_token']}"}
    check(v1.send(0), 409, "one_shot_trace")


def test_what_arrives_is_redacted(collector: RunningCollector) -> None:
    """Secrets in a description, an address and an event's details are replaced."""
    secret = "hunter2-planted-4712"
    events = [
        {**EDIT, "details": {"file": "a.py", "diff": f'+password = "{secret}"'}},
        {**EDIT, "details": {"file": ".env", "change": secret, "diff": f"+{secret}"}},
        {**COMMAND, "details": {"command": f"login --password={secret}", "output": f"token: {secret}"}},
    ]
    created = create(
        collector, repo_url=f"https://u:{secret}@host/r", bug_description=f"password={secret}", events=events
    )

    assert secret not in collector.read(f"/api/traces/{created['trace_id']}", DEV_TOKEN).text
