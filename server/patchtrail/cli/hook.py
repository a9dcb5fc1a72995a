"""`patchtrail hook`: note that a coding agent acted. The agent itself runs it, after each of its acts.

It imports nothing but the standard library, because it runs alone, too: the extension puts a copy of this file where
agents find it. Of what the agent tells on standard input it keeps the tool, the files and the time, and nothing of
what was asked or written. It is silent and always ends well: a recorder never gets in an agent's way. This is a
boundary: it may catch everything.
"""

from __future__ import annotations

import json
import os
import re
import stat
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

__all__ = ["default_folder", "hook"]

RECORDS, OLD_RECORDS = "acts.jsonl", "acts.old.jsonl"
MAX_INPUT_BYTES = 64 * 1024 * 1024
MAX_RECORDS_BYTES = 1024 * 1024
MAX_PATHS, MAX_PATH_CHARS, MAX_NAME_CHARS = 20, 1_000, 100
DAY_MS = 24 * 60 * 60 * 1000
PATH_FIELDS = ("file_path", "filePath", "notebook_path", "path", "absolute_path")
LIST_FIELDS = ("files", "filePaths", "file_paths")
PATCH_FIELDS = (
    "input",
    "patch",
)
PATCHED = re.compile(r"^\*\*\* (?:Add|Update|Delete) File: (.+)$", re.MULTILINE)
EDITING_TOOL = re.compile(r"edit|write|patch|replace|insert|create_?file|create_?notebook", re.IGNORECASE)
RUNNING_TOOL = re.compile(r"^bash$|run_?(in_?)?(terminal|command|task)|shell|execute_?command", re.IGNORECASE)


def hook(arguments: list[str]) -> int:
    """Read one hook's input from standard input and note it; `--into FOLDER` names another folder. Always 0."""
    try:
        folder = Path(arguments[1]) if arguments[:1] == ["--into"] and len(arguments) > 1 else default_folder()
        told = json.loads(sys.stdin.buffer.read(MAX_INPUT_BYTES))
        record = _record(told, time.time_ns() // 1_000_000)
        if record is not None:
            _append(folder, record)
    except Exception:  # noqa: BLE001 -- whatever happens here is no business of the agent's
        return 0
    return 0


def default_folder() -> Path:
    """Return the folder that the sidecar reads, in the user's data folder."""
    home = Path.home()
    if sys.platform == "darwin":
        return home / "Library/Application Support/patchtrail/acts"
    named = os.environ.get("XDG_DATA_HOME", "").strip()
    return (Path(named) if named else home / ".local/share") / "patchtrail/acts"


def _record(told: dict[str, Any], now_ms: int) -> dict[str, Any] | None:
    """Return what is kept of an act; None for what is no edit, command or prompt."""
    event = told.get("hook_event_name") or told.get("hookEventName") or ""
    tool = told.get("tool_name") or told.get("toolName")
    cwd = told.get("cwd")
    record = {
        "v": 1,
        "at_ms": _at_ms(told.get("timestamp"), now_ms),
        "agent": _agent(told),
        "act": _act(event, tool),
        "tool": tool[:MAX_NAME_CHARS] if isinstance(tool, str) else None,
        "cwd": cwd if isinstance(cwd, str) else None,
        "paths": [],
    }
    if record["act"] == "edit":
        record["paths"] = _paths(told.get("tool_input") or told.get("toolArgs"), cwd)
    return record if record["act"] else None


def _act(event: str, tool: object) -> str | None:
    if re.sub(r"[_-]", "", event).lower() in ("userpromptsubmit", "userpromptsubmitted"):
        return "prompt"
    if re.sub(r"[_-]", "", event).lower() != "posttooluse" or not isinstance(tool, str):
        return None
    return "edit" if EDITING_TOOL.search(tool) else "command" if RUNNING_TOOL.search(tool) else None


def _agent(told: dict[str, Any]) -> str:
    """Tell the agents apart by how they spell the same fields."""
    if "hookEventName" in told or "toolName" in told:
        return "copilot"
    return "claude-code" if "hook_event_name" in told else "unknown"


def _at_ms(timestamp: object, now_ms: int) -> int:
    """Return the agent's own time where it is one of today, else ours."""
    at_ms = now_ms
    if isinstance(timestamp, int | float) and not isinstance(timestamp, bool):
        at_ms = int(timestamp)
    elif isinstance(timestamp, str):
        try:
            at_ms = int(datetime.fromisoformat(timestamp.replace("Z", "+00:00")).timestamp() * 1000)
        except ValueError:
            return now_ms
    return at_ms if abs(now_ms - at_ms) < DAY_MS else now_ms


def _paths(arguments: object, cwd: object) -> list[str]:
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except ValueError:
            arguments = {"input": arguments}
    if not isinstance(arguments, dict):
        return []
    named = [arguments.get(field) for field in PATH_FIELDS]
    for field in LIST_FIELDS:
        listed = arguments.get(field)
        named += listed if isinstance(listed, list) else []
    for field in PATCH_FIELDS:
        patch = arguments.get(field)
        named += PATCHED.findall(patch) if isinstance(patch, str) else []
    base = cwd if isinstance(cwd, str) else ""
    found = [os.path.normpath(os.path.join(base, one)) for one in named if isinstance(one, str) and one]  # noqa: PTH118 -- no pathlib in a fast start
    return [one for one in dict.fromkeys(found) if len(one) <= MAX_PATH_CHARS][:MAX_PATHS]


def _append(folder: Path, record: dict[str, Any]) -> None:
    """Append one line at once, so that hooks that run together do not mix theirs."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if stat.S_IMODE(folder.stat().st_mode) != 0o700:
        folder.chmod(0o700)
    path = folder / RECORDS
    if path.exists() and path.stat().st_size > MAX_RECORDS_BYTES:
        path.replace(folder / OLD_RECORDS)
    line = json.dumps(record, separators=(",", ":")).encode() + b"\n"
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        os.write(handle, line)
    finally:
        os.close(handle)


if __name__ == "__main__":
    sys.exit(hook(sys.argv[1:]))
