"""Complete traces are assessed: queued, once or again, by a child process, whatever dies meanwhile."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from patchtrail.cli.app import app
from patchtrail.collector.audit import audit
from patchtrail.collector.qa_work import QUEUE_FILE
from patchtrail.contract.qa import QaQueue, QaStanding
from tests.collector.assessments import SETTLED, rerun, settled, standing_of
from tests.collector.open_clients import DEV_TOKEN, OpenTrace, check, dev_collector
from tests.collector.sessions import opened
from tests.collector.test_bases import packed, put
from tests.collector.test_limits import values
from tests.contract.open_samples import ONE_SHOT
from tests.delivery.fakes import RunningCollector

ON = {"qa_enabled": True}


@pytest.fixture(scope="module")
def assessing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCollector]:
    """Run a collector that assesses what is complete."""
    with dev_collector(tmp_path_factory.mktemp("assessing"), **ON) as running:
        yield running


def completed(collector: RunningCollector, **changes: str) -> OpenTrace:
    """Send a trace and complete it."""
    trace = OpenTrace(collector, **changes)
    assert trace.send(0).status_code == 200
    assert trace.complete().status_code == 200
    return trace


def test_a_signed_trace_is_assessed(assessing: RunningCollector) -> None:
    """Completion queues a trace; once it is assessed its document and its standing tell the results."""
    session = opened(assessing)
    for n in range(len(session.bodies)):
        session.put(n)
    trace_id = session.created.trace_id
    assert standing_of(assessing, trace_id).state == "waiting"
    assert session.complete().status_code == 200
    told = settled(assessing, trace_id)

    assert (told.state, told.tries, told.problem) == ("done", 1, "")
    assert told.results.validation is not None
    assert told.results.validation.verdict == "not_run"
    document = assessing.read(f"/v1/traces/{trace_id}").json()
    assert document["qa"] == told.results.model_dump()
    assert session.complete().status_code == 200
    assert standing_of(assessing, trace_id).ended_ms == told.ended_ms


def test_an_open_trace_is_assessed(assessing: RunningCollector) -> None:
    """So is a trace that nobody signed; it stays at L0."""
    trace = completed(assessing)
    told = settled(assessing, trace.trace_id)

    assert told.state == "done"
    document = trace.document()
    assert document["qa"]["validation"]["verdict"] == "not_run"
    assert document["integrity"]["assurance"]["level"] == "L0"


def test_who_sent_a_trace_unsigned_reads_what_came_of_it(assessing: RunningCollector) -> None:
    """An upload token reads the assessment of its own open trace, and of no other; elsewhere it reads nothing."""
    trace, other = completed(assessing), completed(assessing)
    signed = opened(assessing)
    settled(assessing, trace.trace_id)
    own = httpx.get(f"{trace.url}/qa", headers=trace.bearer, timeout=60)

    assert own.json() == standing_of(assessing, trace.trace_id).model_dump()
    check(httpx.get(f"{other.url}/qa", headers=trace.bearer, timeout=60), 403, "wrong_trace")
    check(
        httpx.get(f"{assessing.url}/v1/traces/{signed.created.trace_id}/qa", headers=trace.bearer, timeout=60),
        403,
        "wrong_trace",
    )
    check(httpx.get(trace.url, headers=trace.bearer, timeout=60), 401, "unauthenticated")
    forged = {"Authorization": f"{trace.bearer['Authorization'][:-1]}!"}
    check(httpx.get(f"{trace.url}/qa", headers=forged, timeout=60), 401, "unauthenticated")


def test_the_audit_holds_with_results(tmp_path: Path) -> None:
    """What the collector found out is not signed, and an audit finds nothing wrong with it."""
    with dev_collector(tmp_path, **ON) as collector:
        session, trace = opened(collector), completed(collector)
        for n in range(len(session.bodies)):
            session.put(n)
        session.complete()
        for trace_id in (session.created.trace_id, trace.trace_id):
            settled(collector, trace_id)

    assert audit(tmp_path).findings == []


def test_one_shot_waits_for_the_result(assessing: RunningCollector) -> None:
    """Finalizing answers with the results, its score from 1 to 5; so does a trace that is sent whole and says so."""
    url = f"{assessing.url}/api/traces"
    created = httpx.post(url, json={**ONE_SHOT, "trace_id": None}, timeout=60).json()
    bearer = {"Authorization": f"Bearer {created['upload_token']}"}
    done = httpx.post(f"{url}/{created['trace_id']}/finalize", headers=bearer, timeout=60)
    whole = httpx.post(url, json={**ONE_SHOT, "trace_id": None, "finalize": True}, timeout=60)

    assert (created["qa_state"], created["qa_results"]) == ("waiting", None)
    assert (done.status_code, whole.status_code) == (200, 201)
    for outcome in (done.json(), whole.json()):
        assert (outcome["status"], outcome["qa_state"]) == ("complete", "done")
        assert outcome["qa_results"]["tests_passed"] is None
        assert outcome["qa_results"]["qa_timestamp"].endswith("Z")
    judge = standing_of(assessing, f"trace-{created['trace_id'].replace('-', '')}").results.judge
    assert judge is not None
    assert done.json()["qa_results"]["reasoning_score"] == float(f"{1 + 0.8 * judge.overall:.1f}") > 1
    assert done.json()["qa_results"]["judge_comments"].startswith(f"{judge.overall:.2f} of 5 (heuristic, rubric ")
    assert "not aligned with people: no human labels" in done.json()["qa_results"]["judge_comments"]
    assert httpx.get(f"{assessing.url}{done.json()['status_url']}", headers=bearer, timeout=60).json() == done.json()
    read_back = assessing.read(f"/api/traces/{created['trace_id']}", DEV_TOKEN).json()
    assert read_back["qa_results"] == done.json()["qa_results"]


def test_one_shot_answers_later(tmp_path: Path) -> None:
    """When the results take longer than a request waits, the answer is 202 and says where to ask."""
    with dev_collector(tmp_path, **ON, qa_wait_s=0) as collector:
        url = f"{collector.url}/api/traces"
        whole = httpx.post(url, json={**ONE_SHOT, "trace_id": None, "finalize": True}, timeout=60)
        status_url = f"{collector.url}{whole.headers['location']}"
        bearer = {"Authorization": f"Bearer {whole.json()['upload_token']}"}
        settled(collector, f"trace-{whole.json()['trace_id'].replace('-', '')}")

        assert whole.status_code == 202
        assert whole.json()["qa_state"] in ("queued", "running")
        assert httpx.get(status_url, headers=bearer, timeout=60).json()["qa_state"] == "done"
        again = httpx.post(f"{url}/{whole.json()['trace_id']}/finalize", headers=bearer, timeout=60)
        assert again.status_code == 200


def test_without_assessments_nothing_waits(tmp_path: Path) -> None:
    """Switched off, traces are queued and nothing more; they are assessed once it is switched on."""
    with dev_collector(tmp_path) as collector:
        trace_id = completed(collector).trace_id
        finalized = httpx.post(
            f"{collector.url}/api/traces", json={**ONE_SHOT, "trace_id": None, "finalize": True}, timeout=60
        )
        assert standing_of(collector, trace_id).state == "queued"
        assert (finalized.status_code, finalized.json()["qa_state"]) == (201, "queued")
    with dev_collector(tmp_path, **ON) as collector:
        assert settled(collector, trace_id).state == "done"


def test_every_participant_has_a_turn(tmp_path: Path) -> None:
    """Who sends many traces waits for them one after the other, and nobody else waits for them all."""
    with dev_collector(tmp_path) as collector:
        many = [completed(collector, participant_id="busy").trace_id for _ in range(4)]
        few = [completed(collector, participant_id=name).trace_id for name in ("first", "second")]
    with dev_collector(tmp_path, **ON) as collector:
        began = {one: settled(collector, one).started_ms or 0 for one in (*many, *few)}

    assert sorted(began, key=lambda one: began[one]) == [many[0], *few, *many[1:]]


def test_again_on_request(assessing: RunningCollector) -> None:
    """The server's token has a complete trace assessed again; what was found before stays until then."""
    trace = completed(assessing)
    first = settled(assessing, trace.trace_id)
    answer = rerun(assessing, trace.trace_id)

    assert answer.status_code == 202
    queued = QaStanding.model_validate_json(answer.content)
    assert (queued.state, queued.results) == ("queued", first.results)
    assert settled(assessing, trace.trace_id).state == "done"
    with sqlite3.connect(f"file:{assessing_db(assessing)}?mode=ro", uri=True) as connection:
        count = "SELECT count(*) FROM qa_validations WHERE trace_id = ?"
        assert connection.execute(count, (trace.trace_id,)).fetchone() == (2,)
    connection.close()


def test_again_by_the_command_line(assessing: RunningCollector) -> None:
    """`patchtrail trace qa` asks for it, and `trace show` tells what came of it; a file is nobody's to assess."""
    trace = completed(assessing)
    settled(assessing, trace.trace_id)
    options = ["--collector", assessing.url, "--token", DEV_TOKEN]
    asked = CliRunner().invoke(app, ["trace", "qa", trace.trace_id, "--judge-only", *options])
    settled(assessing, trace.trace_id)
    shown = CliRunner().invoke(app, ["trace", "show", trace.trace_id, *options])
    refused = CliRunner().invoke(app, ["trace", "qa", __file__, *options])

    assert (asked.exit_code, shown.exit_code, refused.exit_code) == (0, 0, 2)
    assert "queued" in asked.output
    assert "not_run" in shown.output
    assert "heuristic" in shown.output
    assert "this judge is not aligned with people: no human labels" in shown.output
    assert "at a collector" in refused.output


def test_an_exported_document_tells_what_was_found(assessing: RunningCollector, tmp_path: Path) -> None:
    """The document of a signed trace is written as its collector shows it, and a bundle's repeats what stands in it."""
    session = opened(assessing)
    for n in range(len(session.bodies)):
        session.put(n)
    assert session.complete().status_code == 200
    trace_id = session.created.trace_id
    settled(assessing, trace_id)
    shown = assessing.read(f"/v1/traces/{trace_id}").json()
    options = ["--collector", assessing.url, "--token", DEV_TOKEN]

    def exported(source: str, form: str) -> Path:
        path = tmp_path / f"{form}-{Path(source).name}"
        arguments = ["trace", "export", source, "--format", form, "-o", str(path), *options]
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, result.output
        return path

    told = json.loads(exported(trace_id, "document").read_text())
    bundle = exported(trace_id, "bundle")
    assert (told["qa"], told["integrity"]) == (shown["qa"], shown["integrity"])
    assert json.loads(exported(str(bundle), "document").read_text())["qa"] == shown["qa"]


def test_who_brings_no_token_is_told_where_to_name_one(assessing: RunningCollector) -> None:
    """Commands that read without a token say how one is given; a wrong one is called unknown."""
    runner = CliRunner(env={"PATCHTRAIL_TOKEN": "", "COLUMNS": "500"})
    without = runner.invoke(app, ["trace", "list", "--collector", assessing.url])
    wrong = runner.invoke(app, ["trace", "list", "--collector", assessing.url, "--token", "wrong"])

    assert (without.exit_code, wrong.exit_code) == (2, 2)
    assert "PATCHTRAIL_TOKEN" in without.output
    assert "not known here" in wrong.output


def test_judged_again_without_running(assessing: RunningCollector) -> None:
    """With `judge_only` the validation that there is stays, and nothing is run."""
    trace = completed(assessing)
    settled(assessing, trace.trace_id)
    assert rerun(assessing, trace.trace_id, judge_only=True).status_code == 202
    settled(assessing, trace.trace_id)
    with sqlite3.connect(f"file:{assessing_db(assessing)}?mode=ro", uri=True) as connection:
        count = "SELECT count(*) FROM qa_validations WHERE trace_id = ?"
        assert connection.execute(count, (trace.trace_id,)).fetchone() == (1,)
    connection.close()


def assessing_db(collector: RunningCollector) -> Path:
    """Return where a collector's database is."""
    return Path(collector.service.qa.plan.means.cache_dir).parent / "collector.db"


def test_who_may_ask(assessing: RunningCollector) -> None:
    """Readers see standings of their own traces; the queue, the deliveries and another run are the server's."""
    yours, theirs = assessing.enrol("p-1"), assessing.enrol("p-2")
    session = opened(assessing, yours)
    path = f"/v1/traces/{session.created.trace_id}/qa"
    trace = OpenTrace(assessing)

    assert assessing.read(path, yours.device_token).status_code == 200
    check(assessing.read(path, theirs.device_token), 404, "not_found")
    check(assessing.read(path, session.created.upload_token), 401, "unauthenticated")
    check(assessing.read(f"/v1/traces/{trace.trace_id}/qa", theirs.device_token), 404, "not_found")
    check(assessing.read(f"/v1/traces/trace-{'0' * 32}/qa"), 404, "not_found")
    for token in (yours.device_token, session.created.upload_token, trace.created["upload_token"], "nonsense"):
        check(assessing.read("/v1/qa/queue", token), 401, "unauthenticated")
        check(assessing.read("/v1/webhooks/deliveries", token), 401, "unauthenticated")
        check(rerun(assessing, trace.trace_id, token), 401, "unauthenticated")


def test_only_what_is_complete(assessing: RunningCollector) -> None:
    """A trace that is not complete, or not there, is not assessed again; a body must be what is described."""
    trace = OpenTrace(assessing)

    check(rerun(assessing, trace.trace_id), 409, "trace_open")
    check(rerun(assessing, f"trace-{'0' * 32}"), 404, "not_found")
    check(rerun(assessing, trace.trace_id, judge_only="yes"), 422, "bad_json")


def test_the_queue_is_told(tmp_path: Path) -> None:
    """How much waits and how long it waited is told to the server's token, and to Prometheus."""
    now = [1_760_000_000_000]
    with dev_collector(tmp_path, now_ms=lambda: now[0]) as collector:
        completed(collector)
        now[0] += 7_000
        waiting = QaQueue.model_validate_json(collector.read("/v1/qa/queue").content)
        metrics = values(httpx.get(f"{collector.url}/metrics", timeout=60).text)
    with dev_collector(tmp_path, now_ms=lambda: now[0], **ON) as collector:
        settled(collector, collector.read("/v1/traces").json()["traces"][0]["trace_id"])
        done = QaQueue.model_validate_json(collector.read("/v1/qa/queue").content)
        told = values(httpx.get(f"{collector.url}/metrics", timeout=60).text)

    assert (waiting.queued, waiting.oldest_queued_ms, waiting.age_p95_ms) == (1, 7_000, None)
    assert metrics["patchtrail_qa_jobs", "state=queued"] == 1
    assert metrics["patchtrail_qa_oldest_queued_seconds", ""] == 7
    assert (done.queued, done.done, done.oldest_queued_ms, done.age_p95_ms) == (0, 1, None, 7_000)
    assert told["patchtrail_qa_wait_seconds_sum", ""] == 7
    assert told["patchtrail_qa_job_seconds_count", "outcome=done"] == 1


def test_a_job_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    """An assessment beyond its time is stopped, tried again later, and failed in the end, with the reason."""
    now = [1_760_000_000_000]
    with dev_collector(tmp_path, now_ms=lambda: now[0], **ON, qa_timeout_s=0.01) as collector:
        trace = completed(collector)
        while (told := standing_of(collector, trace.trace_id)).state not in SETTLED:
            if told.state == "queued" and told.problem:
                now[0] += 60_000
                collector.service.qa.wake()

    assert (told.state, told.tries) == ("failed", 3)
    assert "took longer" in told.problem
    assert told.results.validation is None


def test_a_task_says_how_its_tests_are_run(tmp_path: Path) -> None:
    """A recipe in the folder of recipes, named for the task, is what the tests are run by."""
    (tmp_path / "BUG-456.toml").write_text("this is no recipe")
    with dev_collector(tmp_path / "collector", **ON, qa_recipes_dir=tmp_path) as collector:
        reasons = []
        for task_id in ("BUG-456", "../BUG-456", "BUG-457"):
            trace = OpenTrace(collector, task_id=task_id)
            put(collector, trace.trace_id, trace.created["upload_token"], packed({"test_a.py": "def test_a(): pass\n"}))
            trace.complete()
            validation = settled(collector, trace.trace_id).results.validation
            assert validation is not None
            reasons.append(validation.reason)

    assert "recipe" in reasons[0]
    assert reasons[1] == reasons[2] != reasons[0]


def test_a_lost_queue_loses_nothing(tmp_path: Path) -> None:
    """The queue's file is thrown away with everything in it, and what was queued is assessed all the same."""
    with dev_collector(tmp_path) as collector:
        traces = [completed(collector).trace_id for _ in range(3)]
    for path in tmp_path.glob(f"{QUEUE_FILE}*"):
        path.unlink()
    with dev_collector(tmp_path, **ON) as collector:
        assert [settled(collector, one).state for one in traces] == ["done"] * 3
        (tmp_path / QUEUE_FILE).write_bytes(b"no database")
    with dev_collector(tmp_path, **ON) as collector:
        assert settled(collector, completed(collector).trace_id).state == "done"
