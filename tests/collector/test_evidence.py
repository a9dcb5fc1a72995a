"""A signed session with its snapshot becomes evidence: replayed, tested, judged. Nothing forgotten is kept in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from patchtrail.cli.app import app
from patchtrail.collector.audit import audit
from patchtrail.contract.artifact import ArtifactRef
from patchtrail.contract.event_lines import EventData
from patchtrail.contract.events import RationaleNote, SessionEnd
from patchtrail.contract.files import FileEdit
from patchtrail.contract.qa import DIMENSIONS, QaStanding
from patchtrail.integrity import digest
from patchtrail.trace.base_snapshot import BASE_MEDIA_TYPE
from tests.collector.assessments import rerun, settled, standing_of
from tests.collector.open_clients import OpenTrace, dev_collector
from tests.collector.sessions import Session, acts, opened
from tests.collector.test_bases import BROKEN, FIXED, TESTS, packed
from tests.collector.test_forgotten import forget
from tests.delivery.fakes import RunningCollector, running_collector
from tests.integrity.honest import START_MS
from tests.qa.session_files import content_fields, run_of

SNAPSHOT = packed({"calc.py": BROKEN, "test_calc.py": TESTS})
RED = {"test_calc.py::test_total": "failed", "test_calc.py::test_zero": "passed"}
GREEN = dict.fromkeys(RED, "passed")
REF = ArtifactRef(sha256=digest.sha256(SNAPSHOT), size_bytes=len(SNAPSHOT), media_type=BASE_MEDIA_TYPE)
ON = {"qa_enabled": True, "now_ms": lambda: START_MS}


def session_acts(**lies: object) -> list[list[EventData]]:
    """Return a debugging session that ends well; `lies` are what its edit says wrongly."""
    hypothesis = "test_total fails because total in calc.py subtracts b instead of adding it."
    note = RationaleNote(kind="hypothesis", text=hypothesis, confidence="high", links=[])
    edit = FileEdit.model_validate(content_fields("calc.py", BROKEN, FIXED) | lies)
    start = acts(1)[0][0]
    return [[start, run_of(RED), note], [edit, run_of(GREEN)], [SessionEnd(reason="participant", base_snapshot=REF)]]


def assessed(collector: RunningCollector, **lies: object) -> tuple[Session, QaStanding]:
    """Send a session with its snapshot, complete it, and wait until it is assessed."""
    session = opened(collector, told=session_acts(**lies))
    assert session.put_artifact(SNAPSHOT).status_code == 201
    assert [session.put(n).status_code for n in range(3)] == [201] * 3
    completed = session.complete().json()
    assert completed["assurance"]["level"] == "L3", completed
    return session, settled(collector, session.created.trace_id)


def levels(collector: RunningCollector, session: Session) -> list[dict]:
    """Return the assurance of a trace in its document, and in the list."""
    trace_id = session.created.trace_id
    listed = collector.read("/v1/traces").json()["traces"]
    document = collector.read(f"/v1/traces/{trace_id}").json()
    return [document["integrity"]["assurance"], *(one["assurance"] for one in listed if one["trace_id"] == trace_id)]


def shown(collector: RunningCollector, trace: object) -> str:
    """Return what `patchtrail trace show` says."""
    options = ["--collector", collector.url, "--token", collector.service.server_token]
    options += ["--server-key", collector.service.key.fingerprint]
    result = CliRunner().invoke(app, ["trace", "show", str(trace), *options], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result.output


def test_a_session_is_raised_to_l4(tmp_path: Path) -> None:
    """A replay that agrees raises a sound session to L4 wherever a collector shows it, and its fix is verified."""
    with running_collector(tmp_path / "collector", **ON) as collector:
        session, told = assessed(collector)
        trace_id = session.created.trace_id
        assurances = levels(collector, session)
        said = shown(collector, trace_id)
        bundle = tmp_path / "trace.zip"
        bundle.write_bytes(collector.read(f"/v1/traces/{trace_id}/bundle").content)
        said_offline = shown(collector, bundle)

    validation, judge = told.results.validation, told.results.judge
    assert validation is not None
    assert judge is not None
    assert (validation.verdict, validation.tests_passed) == ("verified_fix", True), validation.reason
    assert validation.fail_to_pass == ["test_calc.py::test_total"]
    assert validation.agreement == 1.0
    assert set(judge.scores) == set(DIMENSIONS)
    assert judge.kind == "heuristic"
    assert assurances == [{"level": "L4", "reasons": []}] * 2
    for words in ("verified_fix", "heuristic", f"{judge.overall:.2f} of 5", "hypothesis_first"):
        assert words in said
        assert words in said_offline
    assert "Assurance level L4" in said
    # In a file nobody vouches for the results.
    assert "Assurance level L3" in said_offline
    assert audit(tmp_path / "collector").findings == []


def test_a_replay_that_differs_says_why(tmp_path: Path) -> None:
    """An edit that leads to another content than was recorded keeps the session at L3, and the reason is shown."""
    with running_collector(tmp_path, **ON) as collector:
        session, told = assessed(collector, buffer_hash_after="0" * 64)
        assurances = levels(collector, session)
        said = shown(collector, session.created.trace_id)

    assert told.results.validation is not None
    replay = told.results.validation.replay
    assert replay is not None
    assert not replay.agrees
    assert assurances == [{"level": "L3", "reasons": [replay.reason]}] * 2
    assert "does not agree" in said
    assert "Assurance level L3" in said


def test_judgements_are_kept(tmp_path: Path) -> None:
    """Judged again, the validation stays as it is, and the judgement before is kept beside the new one."""
    with running_collector(tmp_path, **ON) as collector:
        session, first = assessed(collector)
        trace_id = session.created.trace_id
        assert rerun(collector, trace_id, judge_only=True).status_code == 202
        again = settled(collector, trace_id)
        count = collector.service.database.read(
            lambda connection: [
                connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
                for table in ("qa_validations", "qa_judgements")
            ]
        )

    assert again.results == first.results
    assert count == [1, 2]


def test_a_model_that_fails_leaves_the_heuristic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A configured model that does not answer is named as the reason why the heuristic's result stands."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-" + "of-nobody")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    with dev_collector(tmp_path, qa_enabled=True) as collector:
        trace = OpenTrace(collector)
        trace.send(0)
        trace.complete()
        told = settled(collector, trace.trace_id)
        said = shown(collector, trace.trace_id)

    assert told.results.judge is not None
    assert told.results.judge.kind == "heuristic"
    assert told.results.judge.fallback
    assert "the configured model did not judge" in said
    for path in tmp_path.glob("collector.db*"):
        assert b"of-nobody" not in path.read_bytes()


def test_what_is_forgotten_leaves_no_result(tmp_path: Path) -> None:
    """Results quote events. When some are forgotten, all results go, and the trace is assessed again without them."""
    with running_collector(tmp_path, **ON) as collector:
        session, first = assessed(collector)
        trace_id = session.created.trace_id
        assert first.results.judge is not None
        assert forget(session, 0).status_code == 200
        after = standing_of(collector, trace_id)
        again = settled(collector, trace_id)
        assurances = levels(collector, session)

    assert again.results.judge is not None
    for told in (after, again):
        assert "instead of adding it" not in told.results.model_dump_json()
    assert "L4" not in {one["level"] for one in assurances}
    for path in tmp_path.glob("collector.db*"):
        assert b"instead of adding it" not in path.read_bytes()
