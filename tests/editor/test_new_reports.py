"""What a client reports beside saves: reasons, drafts, commands that ran tests; and what it is shown."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from typing import Any

import pytest
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from tests.editor.driven import FACTS, Editor

DRAFT = {"draft_id": "draft-0001", "kind": "hypothesis", "text": "Off by one."}
TESTS = "def test_good():\n    assert 1 == 1\n\n\ndef test_bad():\n    assert 1 == 2\n"


async def state_of(editor: Editor) -> dict[str, Any]:
    """Ask how things stand."""
    return await editor.ask("patchtrail/session/status")


async def run_in_terminal(editor: Editor, *arguments: str) -> dict[str, Any]:
    """Run pytest with what the sidecar says that new terminals should have, and report the command."""
    offered = (await state_of(editor))["terminal_variables"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
    environment |= {one["name"]: one["value"] for one in offered}
    started_ms = int(time.time() * 1000)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=editor.folder, env=environment, capture_output=True, text=True)
    report = {"command_line": f"pytest {' '.join(arguments)}", "confidence": "high", "cwd": str(editor.folder)}
    report |= {"exit_code": done.returncode, "output": done.stdout + done.stderr}
    report["duration_ms"] = int(time.time() * 1000) - started_ms
    return await editor.ask("patchtrail/command/report", **report, started_ms=started_ms, output_coverage="whole")


@pytest.mark.asyncio
async def test_a_save_has_its_reason(editor: Editor) -> None:
    """A save is recorded with the reason that willSave gave for it, and one without is unknown."""
    await editor.start()
    editor.open("shop.py")
    editor.will_save("shop.py", lsp.TextDocumentSaveReason.AfterDelay)
    editor.edit("shop.py", "x = 1\n")
    editor.edit("shop.py", "x = 2\n")
    events = await editor.recorded()

    assert [event["data"]["save_reason"] for event in events[2:]] == ["after_delay", "unknown"]


@pytest.mark.asyncio
async def test_a_draft_until_it_is_confirmed(editor: Editor) -> None:
    """A draft is not in the trace; confirmed it is, once, with when it was first written."""
    await editor.start()
    kept = await editor.ask("patchtrail/note/draft", **DRAFT)
    await editor.ask("patchtrail/note/draft", **{**DRAFT, "text": "Off by two.", "confidence": "low"})
    before = await editor.recorded()
    drafts = (await editor.ask("patchtrail/session/entries"))["drafts"]
    recorded = await editor.ask("patchtrail/note/confirm", draft_id=DRAFT["draft_id"])
    events = await editor.recorded()

    assert (kept["is_drafted"], kept["confirms_in_ms"]) == (True, 30_000)
    assert [draft["text"] for draft in drafts] == ["Off by two."]
    assert [event["type"] for event in before] == ["session_start", "redactor"]
    assert (events[2]["seq"], events[2]["data"]["text"]) == (recorded["seq"], "Off by two.")
    assert 0 <= events[2]["data"]["drafted_ms"] <= events[2]["mono_ms"]
    with pytest.raises(JsonRpcException, match="recorded or discarded already"):
        await editor.ask("patchtrail/note/confirm", draft_id=DRAFT["draft_id"])


@pytest.mark.asyncio
async def test_a_discarded_draft_leaves_nothing(editor: Editor) -> None:
    """What is discarded is neither in the trace nor on disk."""
    await editor.start()
    await editor.ask("patchtrail/note/draft", **DRAFT)
    on_disk = [path.read_text() for path in editor.spool.glob("trace-*/drafts.json")]
    await editor.ask("patchtrail/note/discard", draft_id=DRAFT["draft_id"])
    await editor.ask("patchtrail/session/end")

    assert "Off by one." in on_disk[0]
    assert list(editor.spool.glob("trace-*/drafts.json")) == []
    assert [event["type"] for event in await editor.recorded()] == ["session_start", "redactor", "session_end"]


@pytest.mark.asyncio
async def test_an_end_confirms_drafts(editor: Editor) -> None:
    """A session that ends, or pauses, records its drafts first."""
    await editor.start()
    await editor.ask("patchtrail/note/draft", **DRAFT)
    await editor.ask("patchtrail/session/pause")
    refused = await editor.ask("patchtrail/note/draft", **{**DRAFT, "draft_id": "draft-0002"})
    await editor.ask("patchtrail/session/resume")
    await editor.ask("patchtrail/note/draft", **{**DRAFT, "draft_id": "draft-0003", "text": "Last words."})
    await editor.ask("patchtrail/session/end")
    events = await editor.recorded()

    assert [event["type"] for event in events[2:]] == [
        *("rationale_note", "pause", "resume", "rationale_note", "session_end"),
    ]
    assert (refused["is_drafted"], refused["reasons"]) == (False, ["The session is paused by participant."])


@pytest.mark.asyncio
async def test_a_draft_is_redacted(editor: Editor) -> None:
    """A secret in a draft is neither on disk nor shown."""
    await editor.start()
    await editor.ask("patchtrail/note/draft", **{**DRAFT, "text": 'password = "hunter22"'})
    shown = (await editor.ask("patchtrail/session/entries"))["drafts"]
    on_disk = [path.read_text() for path in editor.spool.glob("trace-*/drafts.json")]

    assert "<<redacted:" in shown[0]["text"]
    assert "hunter22" not in on_disk[0]


@pytest.mark.asyncio
async def test_the_session_as_entries(editor: Editor) -> None:
    """The view gets a line per event, an edit's texts, and failing tests with their place."""
    (editor.folder / "test_shop.py").write_text(TESTS)
    await editor.start()
    editor.open("shop.py")
    editor.edit("shop.py", "x = 1\n")
    command = await run_in_terminal(editor)
    shown = await editor.ask("patchtrail/session/entries")
    later = await editor.ask("patchtrail/session/entries", since_seq=command["seq"])
    by_type = {entry["type"]: entry for entry in shown["entries"]}
    texts = await editor.ask("patchtrail/edit/read", seq=by_type["file_edit"]["seq"])

    assert list(by_type) == ["session_start", "file_edit", "cmd_run", "test_run"]
    assert (texts["before"], texts["after"]) == ("def total(x):\n    return x\n", "x = 1\n")
    assert by_type["file_edit"]["path"] == str(editor.folder / "shop.py")
    failed = by_type["test_run"]["failed_tests"][0]
    assert (failed["test_id"], failed["line"]) == ("test_shop.py::test_bad", 5)
    assert failed["path"] == str(editor.folder / "test_shop.py")
    assert [entry["type"] for entry in later["entries"]] == ["cmd_run", "test_run"]
    assert (await state_of(editor))["note_link"]["seq"] == by_type["test_run"]["seq"]


@pytest.mark.asyncio
async def test_a_command_that_ran_tests(editor: Editor) -> None:
    """Pytest in a prepared terminal is recorded per test, at the JUnit tier, linked to its command."""
    (editor.folder / "test_shop.py").write_text(TESTS)
    await editor.start()
    command = await run_in_terminal(editor)
    run = (await editor.recorded())[-1]

    assert (run["type"], run["data"]["evidence"], run["data"]["exit_code"]) == ("test_run", "junit", 1)
    assert (run["data"]["command_seq"], run["data"]["origin"]) == (command["seq"], "terminal")
    assert [(case["test_id"], case["outcome"]) for case in run["data"]["cases"]] == [
        ("test_shop.py::test_good", "passed"),
        ("test_shop.py::test_bad", "failed"),
    ]


@pytest.mark.asyncio
async def test_a_refused_option_is_withdrawn(editor: Editor) -> None:
    """Where pytest refuses our option, a gap says so, new terminals do without, and the output has to do."""
    (editor.folder / "test_shop.py").write_text(TESTS)
    await editor.start()
    await run_in_terminal(editor, "-p", "no:junitxml")
    refused = await editor.recorded()
    state = await state_of(editor)
    await run_in_terminal(editor, "-p", "no:junitxml")
    run = (await editor.recorded())[-1]["data"]

    assert [event["data"].get("reason") for event in refused if event["type"] == "gap"] == ["junit_refused"]
    assert refused[2]["data"]["exit_code"] == 4
    assert [one["name"] for one in state["terminal_variables"]] == ["PATCHTRAIL_PYTEST_REPORTS"]
    assert "refused" in state["junit_withheld"]
    assert (run["evidence"], run["exit_code"], run["totals"]["failed"]) == ("output", 1, 1)


@pytest.mark.asyncio
async def test_terminals_are_prepared_only_while_allowed(editor: Editor) -> None:
    """Without consent, or in another folder, new terminals get nothing; a setting turns the report off alone."""
    nothing = (await state_of(editor))["terminal_variables"]
    await editor.ask("patchtrail/facts/report", **FACTS)
    offered = (await state_of(editor))["terminal_variables"]
    allowed = {"folders_allowed": [str(editor.folder)]}
    editor.configure({**allowed, "tests_junit": False})
    without = (await state_of(editor))["terminal_variables"]
    editor.configure({"folders_allowed": ["/elsewhere"]})
    closed = (await state_of(editor))["terminal_variables"]

    assert (nothing, closed) == ([], [])
    assert [one["name"] for one in offered] == ["PATCHTRAIL_PYTEST_REPORTS", "PYTEST_ADDOPTS"]
    assert [one["name"] for one in without] == ["PATCHTRAIL_PYTEST_REPORTS"]


@pytest.mark.asyncio
async def test_reports_of_a_paused_session_are_deleted_unread(editor: Editor) -> None:
    """What pytest writes for us while recording is paused is deleted, and never recorded."""
    (editor.folder / "test_shop.py").write_text(TESTS)
    await editor.start()
    await editor.ask("patchtrail/session/pause")
    refused = await run_in_terminal(editor)
    reports = editor.spool.parent / "reports"
    for _ in range(50):
        if not list(reports.rglob("*.xml")):
            break
        await asyncio.sleep(0.1)
    await editor.ask("patchtrail/session/resume")
    events = await editor.recorded()

    assert refused["is_recorded"] is False
    assert list(reports.rglob("*.xml")) == []
    assert [event["type"] for event in events] == ["session_start", "redactor", "pause", "resume"]


@pytest.mark.asyncio
async def test_changed_settings_close_the_gate(editor: Editor) -> None:
    """A folder that is no longer allowed stops the recording at once, and so do malformed settings."""
    allowed = {"folders_allowed": [str(editor.folder)]}
    await editor.start()
    editor.configure({"folders_allowed": []})
    closed = await state_of(editor)
    editor.configure(allowed)
    reopened = (await state_of(editor))["state"]
    editor.configure({**allowed, "upload_hold_seconds": 9000})
    malformed = await state_of(editor)

    assert reopened == "recording"
    assert [(one["state"], "folders.allowed" in one["reasons"][0]) for one in (closed, malformed)] == [
        *(("paused", True), ("paused", True)),
    ]


@pytest.mark.asyncio
async def test_a_blind_spot_is_declared(editor: Editor) -> None:
    """A terminal that the client cannot see becomes a gap."""
    await editor.start()
    await editor.ask("patchtrail/gap/report", reason="no_shell_integration")

    assert (await editor.recorded())[-1]["data"]["reason"] == "no_shell_integration"


@pytest.mark.asyncio
async def test_a_task_is_told_apart(editor: Editor) -> None:
    """A task is recorded as one, with its name; of output that was not seen nothing is claimed."""
    await editor.start()
    report = {"command_line": "make", "confidence": "high", "cwd": "", "exit_code": 0, "duration_ms": 1, "output": ""}
    await editor.ask("patchtrail/command/report", **report, origin="task", task_name="build", output_coverage="unknown")
    data = (await editor.recorded())[-1]["data"]

    assert (data["origin"], data["task_name"], data["output_coverage"]) == ("task", "build", "unknown")


@pytest.mark.asyncio
async def test_another_folder_is_nobodys_business(editor: Editor) -> None:
    """A command that ran outside of the session's folder is not recorded."""
    await editor.start()
    report = {"command_line": "ls", "confidence": "high", "exit_code": 0, "duration_ms": 1, "output": "private\n"}
    outside = await editor.ask("patchtrail/command/report", **report, cwd=str(editor.folder.parent))
    inside = await editor.ask("patchtrail/command/report", **report, cwd=str(editor.folder))

    assert (outside["is_recorded"], inside["is_recorded"]) == (False, True)


@pytest.mark.asyncio
async def test_a_command_that_spans_a_pause(editor: Editor) -> None:
    """Of a command that ran on through a pause nothing that it wrote is kept."""
    await editor.start()
    started_ms = int(time.time() * 1000)
    await editor.ask("patchtrail/session/pause")
    await editor.ask("patchtrail/session/resume")
    report = {"command_line": "tail -f log", "confidence": "high", "exit_code": 0, "duration_ms": 1, "output": "seen\n"}
    await editor.ask("patchtrail/command/report", **report, cwd=str(editor.folder), started_ms=started_ms)
    data = (await editor.recorded())[-1]["data"]

    assert (data["output_tail"], data["output_coverage"]) == ("", "unknown")


@pytest.mark.asyncio
async def test_a_note_is_recorded_once(editor: Editor) -> None:
    """A draft that was recorded already is not taken again under its id."""
    await editor.start()
    await editor.ask("patchtrail/note/draft", **DRAFT)
    await editor.ask("patchtrail/note/confirm", draft_id=DRAFT["draft_id"])
    with pytest.raises(JsonRpcException, match="recorded already"):
        await editor.ask("patchtrail/note/draft", **DRAFT)


@pytest.mark.asyncio
async def test_going_on_with_a_pause(editor: Editor) -> None:
    """A session that goes on paused records nothing before it is resumed."""
    await editor.ask("patchtrail/facts/report", **FACTS)
    root = {"root_uri": editor.folder.as_uri(), "task_id": "T-1"}
    state = await editor.ask("patchtrail/session/start", **root, is_paused=True)
    editor.open("shop.py")
    editor.edit("shop.py", "x = 1\n")
    events = await editor.recorded()

    assert state["state"] == "paused"
    assert [event["type"] for event in events] == ["session_start", "redactor", "pause"]
