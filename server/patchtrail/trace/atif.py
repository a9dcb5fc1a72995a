"""A session as a trajectory: the Agent Trajectory Interchange Format (ATIF v1.7, Harbor's RFC 0001).

The format tells of a task, and of steps that think, act and observe. Here the task is the user's step, each note a step
that thinks, each act a tool call with what was observed of it. No model took part (`llm_call_count` 0), so thoughts
stand in `message`: the format leaves `reasoning_content` to models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from patchtrail.contract.debugging import DebugStop
from patchtrail.contract.event_lines import Event
from patchtrail.contract.events import CmdRun, Commit, RationaleNote, SessionStart, TestRun
from patchtrail.contract.files import FileContent, FileCreate, FileDelete, FileRename
from patchtrail.contract.wire import WireModel
from patchtrail.trace.instants import rfc3339
from patchtrail.trace.recorded_cases import cases_of

__all__ = ["ATIF_VERSION", "atif_trajectory"]

ATIF_VERSION = "ATIF-v1.7"
BROKEN = frozenset({"failed", "error"})
Act = tuple[str, dict[str, JsonValue], str]
"""A tool's name, its arguments, and what was observed."""


def atif_trajectory(
    trace_id: str, events: Sequence[Event], *, artifacts: Mapping[str, bytes], version: str
) -> dict[str, JsonValue]:
    """Return the trajectory; each step names the event that it tells in `extra`."""
    steps = list[JsonValue]()
    for event in events:
        step = _step(event, artifacts)
        if step is not None:
            told: dict[str, JsonValue] = {"step_id": len(steps) + 1, "timestamp": rfc3339(event.ts_ms), **step}
            steps.append(told | {"extra": {"seq": event.seq, "type": event.type}})
    return {
        "schema_version": ATIF_VERSION,
        "session_id": trace_id,
        "trajectory_id": trace_id,
        "agent": {"name": "participant", "version": version, "extra": {"recorder": f"Patchtrail {version}"}},
        "steps": steps,
        "final_metrics": {"total_steps": len(steps)},
        "notes": "A person at work, as Patchtrail recorded it; a coding agent's steps say so.",
    }


def _step(event: Event, artifacts: Mapping[str, bytes]) -> dict[str, JsonValue] | None:
    match event.data:
        case SessionStart() as start:
            return {"source": "user", "message": f"{start.task_title}\n\n{start.task_description}".strip()}
        case RationaleNote() as note:
            return {"source": "agent", "message": f"{note.kind}: {note.text}", "llm_call_count": 0}
        case _:
            act = _act(event.data, artifacts)
            return None if act is None else _called(event.seq, act)


def _called(seq: int, act: Act) -> dict[str, JsonValue]:
    name, arguments, observed = act
    call_id = f"event-{seq}"
    return {
        "source": "agent",
        "message": "",
        "llm_call_count": 0,
        "tool_calls": [{"tool_call_id": call_id, "function_name": name, "arguments": arguments}],
        "observation": {"results": [{"source_call_id": call_id, "content": observed}]},
    }


def _act(data: WireModel, artifacts: Mapping[str, bytes]) -> Act | None:
    match data:
        case FileContent():
            name = "create_file" if isinstance(data, FileCreate) else "edit_file"
            told = f"saved, {data.size_bytes} bytes" if data.is_replayable else f"not recorded: {data.withheld}"
            return name, {**_place(data.file_path, data.root), "diff": _diff(data, artifacts)}, told
        case FileDelete():
            return "delete_file", _place(data.file_path, data.root), ""
        case FileRename():
            return "rename_file", {**_place(data.file_path, data.root), "new_path": data.new_path}, ""
        case CmdRun():
            return "run_command", {"command": data.command_line}, _exit(data.exit_code) + data.output_tail
        case TestRun():
            return "run_tests", {"command": data.command_line}, _exit(data.exit_code) + _outcomes(data, artifacts)
        case Commit():
            return "commit", {"message": data.message}, data.sha
        case DebugStop():
            return "debug_stop", {}, data.model_dump_json(exclude_defaults=True)
        case _:
            return None


def _place(path: str, root: str) -> dict[str, JsonValue]:
    told: dict[str, JsonValue] = {"path": path}
    return told | {"root": root} if root else told


def _diff(data: FileContent, artifacts: Mapping[str, bytes]) -> str:
    if data.diff_artifact is None:
        return data.diff_unified
    return artifacts.get(data.diff_artifact.sha256, b"").decode("utf-8", "replace")


def _exit(code: int | None) -> str:
    return "exit code unknown\n" if code is None else f"exit code {code}\n"


def _outcomes(run: TestRun, artifacts: Mapping[str, bytes]) -> str:
    cases = cases_of(run, artifacts)
    broken = [f"{case.outcome} {case.test_id} {case.message}".strip() for case in cases if case.outcome in BROKEN]
    return "\n".join([f"{len(cases)} tests, {len(broken)} of them failed", *broken])
