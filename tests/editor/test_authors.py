"""Who wrote an edit, over LSP: the client's facts, agents' hooks and telemetry, and what becomes of them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from pygls.exceptions import JsonRpcException

from patchtrail.cli import hook
from tests.editor.driven import Editor
from tests.editor.spooled import events_of

TYPED = {"events": 7, "inserted": 7, "deleted": 0, "largest_insert": 1, "moved_by": "keyboard", "is_at_cursor": True}
WRITTEN = {"events": 1, "inserted": 90, "deleted": 0, "largest_insert": 90}


def now_ms() -> int:
    """Return the time as a client tells it."""
    return int(time.time() * 1000)


def report(editor: Editor, name: str, *groups: dict[str, Any], **more: object) -> asyncio.Future[Any]:
    """Tell the facts of a document's changes without waiting for an answer, as the extension does."""
    at = {"started_ms": now_ms(), "ended_ms": now_ms()}
    told = {"uri": (editor.folder / name).as_uri(), "groups": [{**at, **one} for one in groups], **more}
    return asyncio.wrap_future(editor.client.protocol.send_request("patchtrail/changes/report", told))


def hooked(editor: Editor, path: Path, **more: object) -> None:
    """Run the hook as an agent does after an edit."""
    told = {"hook_event_name": "PostToolUse", "tool_name": "Edit", "cwd": str(editor.folder), **more}
    told["tool_input"] = {"file_path": str(path), "new_string": "never-kept"}
    command = [sys.executable, hook.__file__, "--into", str(editor.spool.parent / "acts")]
    subprocess.run(command, input=json.dumps(told).encode(), check=True)


async def edits(editor: Editor) -> list[dict[str, Any]]:
    """Return the recorded edits."""
    return [event["data"] for event in await editor.recorded() if event["type"] == "file_edit"]


@pytest.mark.asyncio
async def test_facts_reach_the_save_that_follows_them(editor: Editor) -> None:
    """Facts that are sent right before a save, without waiting, are that save's; the next one has none."""
    await editor.start()
    editor.open("shop.py")
    for number in range(20):
        answer = report(editor, "shop.py", {**TYPED, "events": number + 1})
        editor.edit("shop.py", f"# {number:04}\n")
        assert (await answer).is_taken is True
    editor.edit("shop.py", "# told by nobody\n")
    *told, last = await edits(editor)

    assert [one["authorship"][0]["source"] for one in told] == ["typing"] * 20
    assert (last["evidence"], last["authorship"][0]["reasons"]) == ("unknown", ["no_facts"])


@pytest.mark.asyncio
async def test_facts_that_do_not_explain_the_text_are_not_believed(editor: Editor) -> None:
    """Where the facts cannot have made one text of the other, the rest is unknown and nothing is sure."""
    (editor.folder / "shop.py").write_text("1234567")
    await editor.start()
    editor.open("shop.py")
    _ = report(editor, "shop.py", TYPED)
    editor.edit("shop.py", "1234567" + "typed 7" + "and twenty that nobody saw")
    (edit,) = await edits(editor)

    assert edit["evidence"] == "mixed"
    assert {one["source"]: one["chars"] for one in edit["authorship"]} == {"typing": 7, "unknown": 26}
    assert max(one["probability_milli"] for one in edit["authorship"]) <= 600


@pytest.mark.asyncio
async def test_undo_is_counted(editor: Editor) -> None:
    """Undo and redo steps since the save before are counted."""
    await editor.start()
    editor.open("shop.py")
    undone = {"events": 3, "inserted": 2, "deleted": 0, "reason": "undo"}
    _ = report(editor, "shop.py", undone, {**undone, "events": 1, "reason": "redo"})
    editor.edit("shop.py", "x\n")
    (edit,) = await edits(editor)

    assert (edit["undos"], edit["redos"]) == (3, 1)
    assert "undo" in {one["source"] for one in edit["authorship"]}


@pytest.mark.asyncio
async def test_an_agents_hook_is_an_event_and_evidence(editor: Editor) -> None:
    """What a hook tells is recorded, without any text, and names the agent of the edit; other folders are left out."""
    await editor.start()
    editor.open("shop.py")
    _ = report(editor, "shop.py", WRITTEN)
    hooked(editor, editor.folder / "shop.py")
    hooked(editor, editor.folder.parent / "elsewhere.py")
    editor.edit("shop.py", "x" * 90)
    events = await editor.recorded()
    acts = [event["data"] for event in events if event["type"] == "agent_act"]
    (edit,) = await edits(editor)

    assert [(act["agent"], act["told_by"], act["act"], act["tool"], act["file_path"]) for act in acts] == [
        ("claude-code", "hook", "edit", "Edit", "shop.py")
    ]
    assert [(one["source"], one["agent"]) for one in edit["authorship"] if one["source"] != "unknown"] == [
        ("ai", "claude-code")
    ]
    assert "never-kept" not in json.dumps(events)


@pytest.mark.asyncio
async def test_without_facts_an_agents_word_still_counts(editor: Editor) -> None:
    """An editor that tells no facts records the edit of an agent that does."""
    await editor.start()
    editor.open("shop.py")
    hooked(editor, editor.folder / "shop.py")
    editor.edit("shop.py", "written = 1\n")
    (edit,) = await edits(editor)

    assert (edit["evidence"], edit["authorship"][0]["agent"]) == ("ai", "claude-code")


@pytest.mark.asyncio
async def test_what_agents_did_before_and_during_a_pause_is_not_read(editor: Editor) -> None:
    """Acts from before the session and from a pause are nobody's business."""
    hooked(editor, editor.folder / "shop.py")
    await editor.start()
    editor.open("shop.py")
    await editor.ask("patchtrail/session/pause")
    assert (await report(editor, "shop.py", TYPED)).is_taken is False
    hooked(editor, editor.folder / "shop.py")
    await editor.ask("patchtrail/session/resume")
    editor.edit("shop.py", "after = 1\n")
    events = await editor.recorded()

    assert [event["type"] for event in events if event["type"] == "agent_act"] == []
    assert (await edits(editor))[-1]["evidence"] == "unknown"


@pytest.mark.asyncio
async def test_telemetry_is_followed_only_while_recording(editor: Editor) -> None:
    """A file of telemetry that the user names is read from its end on, and its acts are recorded as they come."""
    file = editor.folder.parent / "otel.jsonl"
    event = {"event.name": "copilot_chat.edit.hunk.action", "outcome": "accepted"}
    event["copilot_chat.file.relative_path"] = "shop.py"
    line = json.dumps({"hrTime": [now_ms() // 1000, 0], "attributes": {**event, "secret": "never-kept"}}) + "\n"
    file.write_text(line)
    editor.configure({"folders_allowed": [str(editor.folder)], "agents_telemetry_file": str(file)})
    await editor.start()
    editor.open("shop.py")
    with file.open("a") as more:
        more.write(line + line[:20])
    _ = report(editor, "shop.py", WRITTEN)
    editor.edit("shop.py", "y" * 90)
    events = await editor.recorded()
    acts = [one["data"] for one in events if one["type"] == "agent_act"]

    assert [(act["agent"], act["told_by"], act["outcome"], act["file_path"]) for act in acts] == [
        ("copilot", "telemetry", "accepted", "shop.py")
    ]
    assert (await edits(editor))[0]["authorship"][0]["reasons"][0] == "agent_telemetry"
    assert "never-kept" not in json.dumps(events)


@pytest.mark.asyncio
async def test_malformed_facts_are_refused_and_lose_nothing(editor: Editor) -> None:
    """Wrong facts get an error that names the field; the save is recorded all the same."""
    await editor.start()
    editor.open("shop.py")
    with pytest.raises(JsonRpcException) as refused:
        await report(editor, "shop.py", {**TYPED, "events": 0})
    assert refused.value.code == -32602
    assert "groups.0.events" in refused.value.message
    assert (await report(editor, "shop.py", TYPED)).is_taken is True
    not_a_file = {"uri": "untitled:Untitled-1", "groups": []}
    told = await editor.ask("patchtrail/changes/report", **not_a_file)
    editor.edit("shop.py", "def total(x):\n    return x\n1234567")
    await editor.recorded()

    assert told == {"is_taken": False}
    assert [event["type"] for event in events_of(editor.spool)].count("gap") == 0


@pytest.mark.asyncio
async def test_the_loopback_door_is_opened_only_when_asked_for(editor: Editor) -> None:
    """Off by default; on, the state has its address, and what an agent sends there is recorded."""
    closed = await editor.start()
    editor.configure({"folders_allowed": [str(editor.folder)], "agents_receiver": True})
    address = (await editor.ask("patchtrail/session/status"))["agents_address"]
    attributes = [
        {"key": "event.name", "value": {"stringValue": "copilot_chat.inline.done"}},
        {"key": "copilot_chat.file.relative_path", "value": {"stringValue": "shop.py"}},
    ]
    record = {"timeUnixNano": str(now_ms() * 1_000_000), "attributes": attributes}
    async with httpx.AsyncClient() as agent:
        logs = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}
        answer = await agent.post(f"{address}/v1/logs", json=logs)
        editor.open("shop.py")
        editor.edit("shop.py", "x = 1\n")
        acts = [event["data"] for event in await editor.recorded() if event["type"] == "agent_act"]
        editor.configure({"folders_allowed": [str(editor.folder)]})
        state = await editor.ask("patchtrail/session/status")
        with pytest.raises(httpx.ConnectError):
            await agent.post(f"{address}/v1/logs", json=logs)

    assert (closed["agents_address"], answer.status_code, state["agents_address"]) == (None, 200, None)
    assert [(act["tool"], act["file_path"]) for act in acts] == [("inline.done", "shop.py")]
