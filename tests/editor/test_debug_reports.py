"""What a client reports of debuggers, the episodes that it joins to, and the notes that come along."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types as lsp
from pytest_lsp import ClientServerConfig, client_capabilities

from tests.editor.driven import Editor
from tests.editor.spooled import events_of

STEPS = {"next": 1, "step_in": 0, "step_out": 0, "step_back": 0, "continues": 0, "pauses": 0}
STOP = {
    "kind": "stop",
    "debug_id": "d1",
    "debug_type": "debugpy",
    "reason": "exception",
    "exception": {"type_name": "KeyError", "message": "'price'", "break_mode": None},
    "frames": [],
    "variables": [{"scope": "Locals", "name": "password", "type_name": "str", "value": "'hunter22x'"}],
    "evaluations": [
        {"expression": "password", "context": "repl", "is_error": False, "type_name": "str", "value": "'hunter22x'"},
        {"expression": "1 + 1", "context": "repl", "is_error": False, "type_name": "int", "value": "2"},
    ],
    "steps_before": STEPS,
    "duration_ms": 12_500,
}
DRAFT = {"draft_id": "draft-0001", "kind": "hypothesis", "text": "Off by one."}


async def report(editor: Editor, **fact: Any) -> dict[str, Any]:
    """Report a fact of a debugger."""
    return await editor.ask("patchtrail/debug/report", fact=fact)


async def run_tests(editor: Editor, *, is_red: bool) -> dict[str, Any]:
    """Report a test run with a JUnit file."""
    path = Path((await editor.ask("patchtrail/tests/prepare"))["junit_path"])
    failure = '<failure message="assert 3 == 2"/>' if is_red else ""
    path.write_text(f'<testsuite><testcase classname="test_shop" name="test_total">{failure}</testcase></testsuite>')
    ran = {"command_line": "pytest", "exit_code": int(is_red), "duration_ms": 5}
    return await editor.ask("patchtrail/tests/report", **ran, junit_path=str(path))


async def suggested(editor: Editor) -> dict[str, Any] | None:
    """Return the note that is suggested now."""
    return (await editor.ask("patchtrail/session/status"))["note_suggestion"]


@pytest.mark.asyncio
async def test_a_stop_is_rooted_and_without_values(editor: Editor) -> None:
    """Frames inside the session's folder have their path, others their name; no value is recorded."""
    await editor.start()
    (editor.folder / ".env").write_text("A=1\n")
    places = [editor.folder / "shop.py", Path("/usr/lib/python3/runpy.py"), editor.folder / ".env", None]
    frames = [{"name": f"f{n}", "path": str(path) if path else None, "line": 7} for n, path in enumerate(places)]
    recorded = await report(editor, **{**STOP, "frames": frames})
    stop = (await editor.recorded())[-1]

    assert (stop["type"], stop["seq"]) == ("debug_stop", recorded["seq"])
    assert [(one["name"], one["file_path"], one["line"]) for one in stop["data"]["frames"]] == [
        *(("f0", "shop.py", 7), ("f1", None, None), ("f2", None, None), ("f3", None, None)),
    ]
    assert "hunter22" not in json.dumps(stop)
    assert stop["data"]["variables"] == [{"scope": "Locals", "name": "password", "type_name": "str", "value": None}]


@pytest.mark.asyncio
async def test_values_that_are_wanted_are_redacted(editor: Editor) -> None:
    """With the setting on values are recorded; one whose name says that it is a secret is not."""
    editor.configure({"folders_allowed": [str(editor.folder)], "debugger_values": True})
    await editor.start()
    await report(editor, **STOP)
    stop = (await editor.recorded())[-1]["data"]

    assert [one["value"] for one in stop["evaluations"]][1] == "2"
    assert "<<redacted:" in stop["variables"][0]["value"]
    assert "hunter22" not in json.dumps(stop)


@pytest.mark.asyncio
async def test_what_is_too_much_is_cut(editor: Editor) -> None:
    """A flood of frames, variables and long texts is cut, and what is left out is counted."""
    await editor.start()
    frames = [{"name": "f" * 1_000, "path": None, "line": None}] * 60
    variables = [{"scope": "Locals", "name": f"v{n}", "type_name": "int"} for n in range(1_000)]
    raised = {"type_name": "E", "message": "x" * 50_000}
    await report(editor, **{**STOP, "frames": frames, "variables": variables, "exception": raised})
    stop = (await editor.recorded())[-1]["data"]

    assert (len(stop["frames"]), stop["frames_omitted"], len(stop["variables"])) == (20, 40, 200)
    assert (len(stop["frames"][0]["name"]), len(stop["exception"]["message"])) == (301, 2_001)


@pytest.mark.asyncio
async def test_breakpoints_and_sessions(editor: Editor) -> None:
    """Breakpoints are recorded without a debugger, too; of one outside of the folder only that there is one."""
    await editor.start()
    ours = {"kind": "source", "path": str(editor.folder / "shop.py"), "line": 2, "condition": "x > 1"}
    theirs = {"kind": "source", "path": "/usr/lib/x.py", "line": 9, "condition": "secret_plan"}
    await report(editor, kind="breakpoints", added=[ours, theirs], removed=[], changed=[])
    started = {"kind": "session", "debug_id": "d1", "debug_type": "debugpy", "request": "launch", "name": "Run"}
    await report(editor, **started, phase="started", breakpoints=[ours])
    await report(editor, **started, phase="ended", breakpoints=[], stops=2, steps=STEPS, exit_code=1, duration_ms=9)
    points, began, ended = (await editor.recorded())[-3:]

    shown = [(one["file_path"], one["line"], one["condition"]) for one in points["data"]["added"]]
    assert shown == [("shop.py", 2, "x > 1"), (None, None, None)]
    assert (began["data"]["phase"], began["data"]["breakpoints"][0]["file_path"]) == ("started", "shop.py")
    assert (ended["data"]["stops"], ended["data"]["steps"]["next"], ended["data"]["exit_code"]) == (2, 1, 1)


@pytest.mark.asyncio
async def test_a_miss_is_a_gap_and_a_pause_takes_nothing(editor: Editor) -> None:
    """What the client missed is declared; while recording is paused no fact of a debugger is taken."""
    await editor.start()
    await report(editor, kind="lost", detail="A message could not be read.")
    await editor.ask("patchtrail/session/pause")
    refused = await report(editor, **STOP)
    events = await editor.recorded()

    assert (refused["is_recorded"], refused["reasons"]) == (False, ["The session is paused by participant."])
    assert [event["type"] for event in events[-2:]] == ["gap", "pause"]
    assert (events[-2]["data"]["reason"], events[-2]["data"]["detail"]) == ("debugger", "A message could not be read.")


async def stand(editor: Editor) -> None:
    """Tell of two stops that last, and that one of them was left."""
    await editor.start()
    left, stands = {**STOP, "debug_id": "left"}, {**STOP, "debug_id": "stands"}
    for stop in (left, stands):
        await report(editor, kind="standing", duration_ms=12_500, stop=stop)
    await report(editor, **left)


@pytest.mark.asyncio
async def test_a_stop_that_stands_at_the_end_is_recorded(editor: Editor) -> None:
    """A stop that still stands at the end of the session is recorded once; what stood before a pause is not."""
    await stand(editor)
    await editor.ask("patchtrail/session/pause")
    await editor.ask("patchtrail/session/resume")
    await report(editor, kind="standing", duration_ms=20_000, stop={**STOP, "debug_id": "later"})
    await editor.ask("patchtrail/session/end")
    stops = [one["data"]["debug_id"] for one in await editor.recorded() if one["type"] == "debug_stop"]

    assert stops == ["left", "later"]


@pytest.mark.asyncio
async def test_a_stop_that_stands_when_the_client_goes_is_recorded(tmp_path: Path) -> None:
    """A client that is gone cannot say any more that a stop was left: it is recorded as it stood."""
    command = [sys.executable, "-m", "patchtrail", "serve", "--spool", str(tmp_path / "spool")]
    client = await ClientServerConfig(server_command=command).start()
    options = {"settings": {"folders_allowed": [str(tmp_path)]}}
    capabilities = client_capabilities("visual-studio-code")
    await client.initialize_session(lsp.InitializeParams(capabilities=capabilities, initialization_options=options))
    await stand(Editor(client, tmp_path, tmp_path / "spool"))
    await client.shutdown_session()
    await client.stop()
    stops = [one["data"] for one in events_of(tmp_path / "spool") if one["type"] == "debug_stop"]

    assert [one["debug_id"] for one in stops] == ["left", "stands"]
    assert stops[1]["duration_ms"] >= 12_500


@pytest.mark.asyncio
async def test_the_view_gets_episodes_frames_and_kinds(editor: Editor) -> None:
    """Red, stop, note, edit and green come as one episode; a stop's frames lead to files, a note has its kind."""
    await editor.start()
    editor.open("shop.py")
    red = await run_tests(editor, is_red=True)
    frame = {"name": "total", "path": str(editor.folder / "shop.py"), "line": 2}
    stop = await report(editor, **{**STOP, "frames": [frame]})
    note = await editor.ask("patchtrail/note/add", kind="decision", text="Mend it.", author="agent", source="tool")
    half = (await editor.ask("patchtrail/session/entries"))["episodes"]
    editor.edit("shop.py", "def total(x):\n    return x + 1\n")
    green = await run_tests(editor, is_red=False)
    told = await editor.ask("patchtrail/session/entries")

    assert [(one["test_id"], one["green"]) for one in half] == [("test_shop::test_total", None)]
    (episode,) = told["episodes"]
    assert (episode["red"], episode["green"]) == ([red["seq"]], green["seq"])
    assert (episode["stops"], episode["notes"]) == ([stop["seq"]], [note["seq"]])
    assert episode["first_fixing_edit"] == green["seq"] - 1
    entries = {one["seq"]: one for one in told["entries"]}
    assert entries[stop["seq"]]["frames"] == [frame]
    assert (entries[note["seq"]]["note_kind"], entries[note["seq"]]["is_agent"]) == ("decision", True)


@pytest.mark.asyncio
async def test_a_third_red_run_suggests_a_note_once(editor: Editor) -> None:
    """The third red run of a test suggests a note; put away, it is not suggested again within ten minutes."""
    await editor.start()
    for _ in range(2):
        await run_tests(editor, is_red=True)
    early = await suggested(editor)
    third = await run_tests(editor, is_red=True)
    shown = await suggested(editor)
    state = await editor.ask("patchtrail/hint/dismiss")
    await run_tests(editor, is_red=True)
    await report(editor, kind="standing", duration_ms=90_000)

    assert early is None
    assert (shown["hint"], shown["seq"]) == ("third_red_run", third["seq"])
    assert "test_shop::test_total" in shown["text"]
    assert (state["note_suggestion"], await suggested(editor)) == (None, None)
    assert "standing" not in json.dumps(await editor.recorded())


@pytest.mark.asyncio
async def test_a_revert_suggests_a_note(editor: Editor) -> None:
    """A file that is saved as it was before, and not just as it is, suggests a note."""
    await editor.start()
    editor.open("shop.py")
    editor.edit("shop.py", "def total(x):\n    return x + 1\n")
    early = await suggested(editor)
    editor.edit("shop.py", "def total(x):\n    return x\n")
    shown = await suggested(editor)

    assert early is None
    assert (shown["hint"], shown["seq"]) == ("revert", (await editor.recorded())[-1]["seq"])


@pytest.mark.asyncio
async def test_a_long_stop_suggests_a_note_and_the_note_says_so(editor: Editor) -> None:
    """A stop of a minute suggests a note; the note that it leads to names it, and the suggestion goes."""
    await editor.start()
    await report(editor, kind="standing", duration_ms=59_000)
    early = await suggested(editor)
    await report(editor, kind="standing", duration_ms=60_000)
    shown = await suggested(editor)
    await editor.ask("patchtrail/note/draft", **DRAFT, source="hint", hint=shown["hint"])
    after = await suggested(editor)
    await editor.ask("patchtrail/note/confirm", draft_id=DRAFT["draft_id"])
    note = (await editor.recorded())[-1]["data"]

    assert (early, shown["hint"], after) == (None, "long_stop", None)
    assert (note["source"], note["hint"], note["author"]) == ("hint", "long_stop", "participant")


@pytest.mark.asyncio
async def test_suggestions_can_be_switched_off(editor: Editor) -> None:
    """With the setting off, and while recording is paused, nothing is suggested."""
    editor.configure({"folders_allowed": [str(editor.folder)], "notes_hints": False})
    await editor.start()
    await report(editor, kind="standing", duration_ms=90_000)
    off = await suggested(editor)
    editor.configure({"folders_allowed": [str(editor.folder)], "notes_hints": True})
    on = await suggested(editor)
    await editor.ask("patchtrail/session/pause")

    assert (off, on["hint"], await suggested(editor)) == (None, "long_stop", None)


@pytest.mark.asyncio
async def test_a_changed_draft_keeps_its_origin(editor: Editor) -> None:
    """Lines, source and a model's words stay with a draft however often it is changed."""
    await editor.start()
    place = {"path": str(editor.folder / "shop.py"), "start_line": 1, "end_line": 2}
    drafted = 'The password = "hunter22x" is read.'
    await editor.ask("patchtrail/note/draft", **DRAFT, source="editor_model", place=place, draft_text=drafted)
    await editor.ask("patchtrail/note/draft", **{**DRAFT, "text": "Off by two."})
    await editor.ask("patchtrail/note/confirm", draft_id=DRAFT["draft_id"])
    note = (await editor.recorded())[-1]["data"]

    assert (note["text"], note["source"]) == ("Off by two.", "editor_model")
    assert note["location"] == {"file_path": "shop.py", "start_line": 1, "end_line": 2, "root": ""}
    assert note["draft_text"].startswith("The password = ")
    assert "hunter22" not in json.dumps(note)


@pytest.mark.asyncio
async def test_lines_elsewhere_are_not_told(editor: Editor) -> None:
    """A selection in a file that is not the session's, or is never captured, leaves a note without lines."""
    await editor.start()
    (editor.folder / ".env").write_text("A=1\n")
    for path in ("/etc/hosts", str(editor.folder / ".env"), "\0"):
        place = {"path": path, "start_line": 1, "end_line": 1}
        await editor.ask("patchtrail/note/add", kind="plan", text="x", source="selection", place=place)

    assert [event["data"]["location"] for event in (await editor.recorded())[-3:]] == [None] * 3
