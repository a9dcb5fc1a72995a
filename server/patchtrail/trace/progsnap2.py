"""A session as a ProgSnap2 dataset, version 1.0 (https://cssplice.org/progsnap2), code states in Git.

Pure: it gives the tables, and the code states as a stream for `git fast-import`; who writes the dataset imports the
stream first, so that each state's id is the commit that holds it. A row has the columns that its type of event allows,
and columns and types of our own, which start with `X-`; the dataset's `README.md` says what they mean.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence

from patchtrail.contract.debugging import DebugSession
from patchtrail.contract.event_lines import Event, SessionStartEvent
from patchtrail.contract.events import CmdRun, Commit, Gap, Pause, RationaleNote, SessionEnd, SessionStart, TestRun
from patchtrail.contract.files import EditEvidence, FileContent, FileCreate, FileDelete, FileEdit, FileRename
from patchtrail.contract.patch_events import PatchAttempt
from patchtrail.trace.code_states import CodeState, shown_path
from patchtrail.trace.instants import rfc3339
from patchtrail.trace.timeline import told

__all__ = ["COLUMNS", "README", "fast_import_stream", "main_table", "metadata_table", "safe_path"]

COLUMNS = (
    "EventID",
    "Order",
    "EventType",
    "SubjectID",
    "ToolInstances",
    "CodeStateID",
    "ClientTimestamp",
    "ServerTimestamp",
    "SessionID",
    "ProblemID",
    "CodeStateSection",
    "DestinationCodeStateSection",
    "EventInitiator",
    "EditType",
    "ExecutionID",
    "TestID",
    "ExecutionResult",
    "LoggingErrorID",
    "X-Evidence",
    "X-Text",
)
EDIT_TYPE: dict[EditEvidence, str] = {"paste": "Paste", "undo": "Undo"}
INITIATOR: dict[EditEvidence, str] = {
    "manual": "UserDirectAction",
    "paste": "UserDirectAction",
    "undo": "UserDirectAction",
    "quick_fix": "UserIndirectAction",
    "format_on_save": "ToolReaction",
    "patch": "UserIndirectAction",
    "ai": "ToolReaction",
}
NOT_STARTING_CELLS = ("=", "+", "-", "@", "\t", "\r", "\0")
"""With these a spreadsheet takes a cell for a formula."""
Row = dict[str, str]

README = """# A debugging session

Recorded by Patchtrail. `MainTable.csv` has a row per event, and one per test of a run. `CodeStates` is one Git
repository; a `CodeStateID` is a commit in it, and is empty where a file changed whose content is not recorded. Cells
that a spreadsheet would take for a formula start with an apostrophe.

Beside ProgSnap2's own:

- `X-Run.Program`, `X-Debug.Program`: as without the `X-`, but how it ended is not known.
- `X-Note.Plan`, `X-Note.Hypothesis`, `X-Note.Observation`, `X-Note.Decision`, `X-Note.NextStep`: a stated reason, in
  `X-Text`.
- `X-Commit`: a commit; its hash and message are in `X-Text`.
- `X-Gap`, `X-Pause`: nothing was recorded; `LoggingErrorID` is the reason.
- `X-` and any other name: an event of the recorder's own, told in `X-Text`.
- The column `X-Evidence`: who probably made a change (manual, paste, format_on_save, ai, …, unknown). It is evidence,
  no verdict.
- The column `X-Text`: a command line, a test's message, a note's text.
"""
"""What the dataset says of itself, for people."""


def metadata_table() -> bytes:
    """Return `DatasetMetadata.csv`."""
    properties = {
        "Version": "1.0",
        "IsEventOrderingConsistent": "true",
        "EventOrderScope": "Global",
        "EventOrderScopeColumns": "",
        "CodeStateRepresentation": "Git",
    }
    return _table(("Property", "Value"), ({"Property": name, "Value": value} for name, value in properties.items()))


def main_table(
    events: Sequence[Event],
    received_ms: Sequence[int | None],
    *,
    state_at: Callable[[int], str],
    tool: str,
) -> bytes:
    """Return `MainTable.csv`; `state_at` gives the id of the code state after the event of this number."""
    start = events[0].data if isinstance(events[0], SessionStartEvent) else None
    shared = {
        "SubjectID": (start.participant_id if start else None) or "UNKNOWN",
        "ToolInstances": tool,
        "ProblemID": start.task_id if start else "",
    }

    def rows() -> Iterator[Row]:
        order = 0
        for event, at_ms in zip(events, received_ms, strict=True):
            for index, told_row in enumerate(_rows(event)):
                timed = {
                    "EventID": f"{event.seq}" if index == 0 else f"{event.seq}.{index}",
                    "Order": str(order),
                    "CodeStateID": state_at(event.seq),
                    "ClientTimestamp": rfc3339(event.ts_ms),
                    "ServerTimestamp": "" if at_ms is None else rfc3339(at_ms),
                }
                order += 1
                yield shared | timed | told_row

    return _table(COLUMNS, rows())


def _rows(event: Event) -> Iterator[Row]:
    """Yield an event's rows: its own, and one per test case of a run."""
    data = event.data
    match data:
        case SessionStart() | SessionEnd():
            kind = "Session.Start" if isinstance(data, SessionStart) else "Session.End"
            yield {"EventType": kind, "SessionID": event.trace_id}
        case FileContent() | FileDelete() | FileRename():
            yield _file_row(data)
        case CmdRun():
            yield _run("Run.Program", data.exit_code) | {"X-Text": data.command_line}
        case TestRun():
            yield from _test_rows(event.seq, data)
        case DebugSession() if data.phase == "ended":
            yield _run("Debug.Program", data.exit_code) | {"X-Text": data.name}
        case RationaleNote():
            kind = "".join(word.capitalize() for word in data.kind.split("_"))
            by = "UserDirectAction" if data.author == "participant" else "ToolReaction"
            yield {"EventType": f"X-Note.{kind}", "EventInitiator": by, "X-Text": data.text}
        case Commit():
            yield {"EventType": "X-Commit", "X-Text": f"{data.sha} {data.message}"}
        case Gap() | Pause():
            yield {"EventType": f"X-{type(data).__name__}", "LoggingErrorID": data.reason, "X-Text": told(data)[0]}
        case PatchAttempt() if data.findings:
            first = data.findings[0]
            place = shown_path(first.file_path, first.root)
            yield {"EventType": "X-PatchAttempt", "CodeStateSection": place, "X-Text": told(data)[0]}
        case _:
            named = "".join(word.capitalize() for word in event.type.split("_"))
            yield {"EventType": f"X-{named}", "X-Text": told(data)[0]}


def _file_row(data: FileContent | FileDelete | FileRename) -> Row:
    kind = {FileEdit: "Edit", FileCreate: "Create", FileDelete: "Delete", FileRename: "Rename"}[type(data)]
    cell = None if isinstance(data, FileRename) else data.cell
    row = {
        "EventType": f"File.{kind}",
        "CodeStateSection": shown_path(data.file_path, data.root, cell),
        "EventInitiator": INITIATOR.get(data.evidence, ""),
        "X-Evidence": data.evidence,
    }
    if isinstance(data, FileRename):
        row["DestinationCodeStateSection"] = shown_path(data.new_path, data.new_root)
    if isinstance(data, FileContent) and not data.is_replayable:
        row["CodeStateID"] = ""
    if isinstance(data, FileEdit):
        row["EditType"] = EDIT_TYPE.get(data.evidence, "GenericEdit")
    return row


def _test_rows(seq: int, run: TestRun) -> Iterator[Row]:
    """Yield the run as a program, and below it its cases; ProgSnap2 knows no skipped test, so those are left out."""
    yield _run("Run.Program", run.exit_code) | {"ExecutionID": str(seq), "X-Text": run.command_line}
    results = {"passed": "Success", "failed": "TestFailed", "error": "Error"}
    for case in run.cases:
        if case.outcome in results:
            yield {
                "EventType": "Run.Test",
                "ExecutionID": str(seq),
                "TestID": case.test_id or "unnamed",
                "ExecutionResult": results[case.outcome],
                "X-Text": case.message,
            }


def _run(kind: str, exit_code: int | None) -> Row:
    """Return a run with its result; one of which the result is unknown is of a type of our own, which needs none."""
    if exit_code is None:
        return {"EventType": f"X-{kind}"}
    return {"EventType": kind, "ExecutionResult": "Error" if exit_code else "Success"}


def _table(columns: Sequence[str], rows: Iterator[Row] | Sequence[Row]) -> bytes:
    target = io.StringIO(newline="")
    writer = csv.DictWriter(target, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return target.getvalue().encode("utf-8", "replace")


def _cell(value: str) -> str:
    """Return a value that no spreadsheet takes for a formula."""
    sound = value.replace("\0", "\\0")
    return f"'{sound}" if sound.startswith(NOT_STARTING_CELLS) else sound


def fast_import_stream(events: Sequence[Event], states: Sequence[CodeState]) -> Iterator[bytes]:
    """Yield a stream for `git fast-import`: a commit per state, its mark the state's place in order, from 1.

    The first commit is empty: it is the state before anything was recorded. The same session always gives the same
    commits.
    """
    times = {event.seq: event.ts_ms for event in events}
    yield _commit(1, times[events[0].seq], "start", {})
    for mark, state in enumerate(states, start=2):
        message = f"event {state.seq}{' (its base)' if state.is_base else ''}"
        yield _commit(mark, times[state.seq], message, state.changes)


def _commit(mark: int, ts_ms: int, message: str, changes: Mapping[str, str | None]) -> bytes:
    head = f"commit refs/heads/main\nmark :{mark}\ncommitter Patchtrail <> {max(ts_ms, 0) // 1000} +0000\n"
    parts = [head.encode(), _data(message.encode())]
    # What goes is named first: a folder may give way to a file of its name.
    for path, text in sorted(changes.items(), key=lambda change: change[1] is not None):
        if not safe_path(path):
            continue
        name = _quoted(path)
        parts.append(b"D " + name + b"\n" if text is None else b"M 100644 inline " + name + b"\n")
        if text is not None:
            parts.append(_data(text.encode("utf-8", "replace")))
    return b"".join(parts) + b"\n"


def _data(content: bytes) -> bytes:
    return f"data {len(content)}\n".encode() + content + b"\n"


def _quoted(path: str) -> bytes:
    """Return a path as fast-import reads it: C-style quoted."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'.encode("utf-8", "replace")


def safe_path(path: str) -> bool:
    """Return whether a recorded path stays inside of the folder that it is written to; traces are not trusted."""
    parts = path.split("/")
    return not any(part in ("", ".", "..") or part.lower() == ".git" or "\0" in part for part in parts)
