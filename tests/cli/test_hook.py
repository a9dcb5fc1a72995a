"""`patchtrail hook`, as agents run it: alone, on standard input, silent."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from platformdirs import user_data_path

from patchtrail.cli import hook as module
from patchtrail.cli.hook import default_folder

SCRIPT = Path(module.__file__)
SECRET = "hunter-2"
CLAUDE = {
    "hook_event_name": "PostToolUse",
    "session_id": SECRET,
    "transcript_path": SECRET,
    "cwd": "/shop",
    "tool_name": "Edit",
    "tool_input": {"file_path": "/shop/a.py", "old_string": SECRET, "new_string": SECRET},
    "tool_response": {"content": SECRET},
}
COPILOT = {
    "hookEventName": "PostToolUse",
    "timestamp": "2020-02-09T10:30:00.000Z",
    "cwd": "/shop",
    "sessionId": "s",
    "tool_name": "apply_patch",
    "tool_input": {"input": f"*** Begin Patch\n*** Update File: src/a.py\n@@\n-{SECRET}\n*** Add File: /shop/b.py\n"},
}


def ran(folder: Path, told: object, *, raw: bytes | None = None) -> list[dict[str, Any]]:
    """Run the hook as an agent does, and return what it noted; it says nothing and ends well."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT), "--into", str(folder)],
        input=json.dumps(told).encode() if raw is None else raw,
        capture_output=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    noted = folder / "acts.jsonl"
    return [json.loads(line) for line in noted.read_text().splitlines()] if noted.exists() else []


def test_an_edit_is_noted_without_its_content(tmp_path: Path) -> None:
    """Tool, file, folder and time are kept, privately; nothing of what was asked, answered or written."""
    folder = tmp_path / "data" / "acts"
    (record,) = ran(folder, CLAUDE)

    assert {**record, "at_ms": 0} == {
        "v": 1,
        "at_ms": 0,
        "agent": "claude-code",
        "act": "edit",
        "tool": "Edit",
        "cwd": "/shop",
        "paths": ["/shop/a.py"],
    }
    assert SECRET not in (folder / "acts.jsonl").read_text()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "acts.jsonl").stat().st_mode) == 0o600


def test_copilots_spelling_and_patches_are_read(tmp_path: Path) -> None:
    """Files are found in a patch, relative ones below the agent's folder; a time of years ago is not believed."""
    (record,) = ran(tmp_path, COPILOT)

    assert (record["agent"], record["paths"]) == ("copilot", ["/shop/src/a.py", "/shop/b.py"])
    assert record["at_ms"] > 1_700_000_000_000


@pytest.mark.parametrize(
    ("told", "act"),
    [
        ({"hook_event_name": "UserPromptSubmit", "prompt": SECRET, "cwd": "/shop"}, "prompt"),
        ({**CLAUDE, "tool_name": "Bash", "tool_input": {"command": SECRET}}, "command"),
        ({**CLAUDE, "tool_name": "Read"}, None),
        ({**CLAUDE, "hook_event_name": "PreToolUse"}, None),
        ({**CLAUDE, "hook_event_name": "Stop"}, None),
    ],
)
def test_what_is_noted(tmp_path: Path, told: dict[str, Any], act: str | None) -> None:
    """Edits, commands and prompts that happened are noted, by their kind alone; what was only read or meant is not."""
    records = ran(tmp_path, told)

    assert [record["act"] for record in records] == ([] if act is None else [act])
    assert SECRET not in json.dumps(records)


def test_whatever_comes_the_agent_goes_on(tmp_path: Path) -> None:
    """No input, garbage and a folder that cannot be written end well and say nothing."""
    blocked = tmp_path / "file"
    blocked.write_text("")

    for raw in (b"", b"{", b"[]", b"null", b'{"hook_event_name": 7, "tool_name": []}', b"\xff" * 100):
        assert ran(tmp_path / "acts", None, raw=raw) == []
    done = subprocess.run([sys.executable, str(SCRIPT), "--into", str(blocked)], input=json.dumps(CLAUDE).encode())
    assert done.returncode == 0


def test_the_command_line_has_it_too(tmp_path: Path) -> None:
    """`patchtrail hook` is the same, without the command line's own libraries."""
    command = [sys.executable, "-m", "patchtrail", "hook", "--into", str(tmp_path)]
    done = subprocess.run(command, input=json.dumps(CLAUDE).encode(), capture_output=True)

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert len((tmp_path / "acts.jsonl").read_text().splitlines()) == 1


def test_records_are_bounded(tmp_path: Path) -> None:
    """A file of records that grew too long is put aside, once."""
    (tmp_path / "acts.jsonl").write_text("x" * 1024 * 1024 + "\n\n")
    records = ran(tmp_path, CLAUDE)

    assert len(records) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["acts.jsonl", "acts.old.jsonl"]


def test_it_writes_where_the_sidecar_reads() -> None:
    """Without libraries it finds the same data folder as the sidecar does with them."""
    assert default_folder() == user_data_path("patchtrail") / "acts"
