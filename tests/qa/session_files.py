"""Sessions written by hand for what judges them: files, acts on them and test runs become events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import TypeAdapter

from patchtrail.contract.document import TraceDocument
from patchtrail.contract.event_lines import EVENT_TYPES, Event, EventData
from patchtrail.contract.events import SessionEnd, SessionStart, TestCase, TestRun
from patchtrail.contract.files import FileCreate, FileDelete, FileEdit, FileRename
from patchtrail.integrity import digest
from patchtrail.qa.case import Case
from patchtrail.text import diff
from patchtrail.trace.base_snapshot import write_base
from patchtrail.trace.file_tree import FileTree

EVENT: TypeAdapter[Event] = TypeAdapter(Event)
TRACE_ID = f"trace-{'0' * 32}"
COMMAND = "pytest -q"


@dataclass
class Recorded:
    """A session as it is recorded, act by act; `files` are the texts as they stand."""

    start: Mapping[str, str]
    files: dict[str, str] = field(init=False)
    events: list[Event] = field(default_factory=list)
    now_ms: int = 0
    title: str = "Fix it"

    def __post_init__(self) -> None:
        self.files = dict(self.start)
        told = dict.fromkeys(("os", "python_version", "sidecar_version", "client_name", "client_version"), "x")
        self.add(
            SessionStart(
                kind="online",
                participant_id="p-1",
                task_id="T-1",
                task_title=self.title,
                task_description="It is broken.",
                repo_origin="https://git.example/shop.git",
                start_commit="1" * 40,
                consent=None,
                **told,
            )
        )

    def add(self, data: EventData, *, after_ms: int = 1000) -> int:
        """Add an event and return its number."""
        self.now_ms += after_ms
        seq = len(self.events)
        line = {"v": 1, "trace_id": TRACE_ID, "seq": seq, "prev": "0" * 64, "ts_ms": self.now_ms}
        line |= {"mono_ms": self.now_ms, "type": EVENT_TYPES[type(data)], "data": data.model_dump()}
        self.events.append(EVENT.validate_python(line))
        return seq

    def save(self, path: str, text: str, **changes: object) -> int:
        """Save a file; `changes` are made to what the event says."""
        is_new = path not in self.files
        told = content_fields(path, self.files.get(path, ""), text) | changes
        self.files[path] = text
        return self.add(FileCreate.model_validate(told) if is_new else FileEdit.model_validate(told))

    def delete(self, path: str) -> int:
        """Delete a file."""
        del self.files[path]
        return self.add(FileDelete(file_path=path, evidence="manual"))

    def rename(self, path: str, new_path: str) -> int:
        """Rename a file."""
        self.files[new_path] = self.files.pop(path)
        return self.add(FileRename(file_path=path, new_path=new_path, evidence="manual"))

    def run(self, outcomes: Mapping[str, str], *, command_line: str = COMMAND, duration_ms: int = 100) -> int:
        """Run tests, with these outcomes."""
        return self.add(run_of(outcomes, command_line=command_line, duration_ms=duration_ms))

    def case(self, **changes: object) -> Case:
        """End the session and return it as a case, with a snapshot of its start."""
        self.add(SessionEnd(reason="participant"))
        told = {
            "trace_id": TRACE_ID,
            "events": self.events,
            "repo_origin": "https://git.example/shop.git",
            "start_commit": "1" * 40,
            "snapshot": write_base(tree_of(self.start)),
            "task_title": self.title,
            "task_description": "It is broken.",
        }
        return Case(**(told | changes))


def tree_of(files: Mapping[str, str]) -> FileTree:
    """Return texts as a tree."""
    return FileTree({path: text.encode() for path, text in files.items()})


def content_fields(path: str, before: str, after: str) -> dict[str, object]:
    """Return what an edit says of a text that became another."""
    return {
        "file_path": path,
        "diff_unified": diff(before, after, path),
        "diff_artifact": None,
        "base_artifact": None,
        "buffer_hash_after": digest.sha256(after.encode()),
        "is_replayable": True,
        "withheld": None,
        "size_bytes": len(after.encode()),
        "evidence": "manual",
    }


def run_of(outcomes: Mapping[str, str], *, command_line: str = COMMAND, duration_ms: int = 100) -> TestRun:
    """Return a recorded run with these outcomes."""
    cases = [case_of(test, outcome) for test, outcome in outcomes.items()]
    return TestRun(
        command_line=command_line,
        evidence="plugin",
        exit_code=int(any(outcome in ("failed", "error") for outcome in outcomes.values())),
        duration_ms=duration_ms,
        totals=None,
        cases=cases,
        cases_artifact=None,
        framework="pytest",
    )


def case_of(test_id: str, outcome: str) -> TestCase:
    """Return one test's outcome."""
    return TestCase.model_validate({"test_id": test_id, "outcome": outcome, "duration_ms": 1, "message": ""})


def unsigned_document(edits: Sequence[tuple[str, str]], *, start_commit: str = "", origin: str = "") -> TraceDocument:
    """Return the document of a trace that nobody signed: edits, each a path and a diff."""
    events = [
        {"id": f"e{n}", "seq": n, "ts_client_s": float(n), "ts_server_s": None, "type": "file_edit"}
        | {"file_path": path, "diff_unified": one}
        for n, (path, one) in enumerate(edits)
    ]
    counts = ("num_events", "num_file_edits", "num_commands", "num_test_runs", "num_commits", "num_notes")
    return TraceDocument.model_validate(
        {
            "trace_version": "1.0",
            "trace_id": TRACE_ID,
            "session": {"participant_id": "p-1", "consent": None},
            "task": {"id": "T-1", "title": "Fix it", "description": "It is broken."},
            "repo": {"origin": origin, "start_commit": start_commit},
            "environment": {"os": "linux", "python_version": "3.11"},
            "events": events,
            "artifacts": {},
            "metrics": {"duration_s": 1.0} | dict.fromkeys(counts, 0),
            "qa": {"validation": None, "judge": None},
            "integrity": {"event_hash_chain": [], "assurance": {"level": "L0", "reasons": []}},
        }
    )
