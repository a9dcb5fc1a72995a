"""One signed session in which nearly everything happens, for the formats that a trace is exported to."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter

from patchtrail.contract.collection import KeySet, ServerKey
from patchtrail.contract.event_lines import Event, EventData
from patchtrail.contract.events import CmdRun, Gap, SessionEnd, TestRun
from patchtrail.contract.files import EditEvidence, FileCreate, FileDelete, FileEdit, FileRename
from patchtrail.integrity import digest
from patchtrail.text import diff
from patchtrail.trace import write_bundle
from tests.contract.event_data import LATER_EVENTS
from tests.integrity.honest import Honest, acts, honest, lines_of, seal_runs, server_key

BEFORE = "def total(items):\n    return sum(items) + 1\n"
FIXED = "def total(items):\n    return sum(items)\n"
DOCUMENTED = 'def total(items):\n    """Add up."""\n    return sum(items)\n'
Kind = type[FileEdit] | type[FileCreate]
CASE = {"test_id": "test_shop.py::test_total[=1+1]", "outcome": "failed", "duration_ms": 3, "message": "assert 4 == 3"}
PASSED = {**CASE, "outcome": "passed", "message": "", "retries": 1, "is_flaky": True, "suite": "shop", "line": 4}
SKIPPED = {**CASE, "test_id": "test_shop.py::test_later", "outcome": "skipped", "message": ""}


def edit(
    before: str,
    after: str,
    evidence: EditEvidence,
    path: str = "shop.py",
    kind: type[FileEdit] | type[FileCreate] = FileEdit,
) -> FileEdit | FileCreate:
    """Return a save, or a creation."""
    return kind(
        file_path=path,
        diff_unified=diff(before, after, path),
        diff_artifact=None,
        base_artifact=None,
        buffer_hash_after=digest.sha256(after.encode()),
        is_replayable=True,
        withheld=None,
        size_bytes=len(after.encode()),
        evidence=evidence,
    )


def tests_run(*cases: dict[str, object], exit_code: int) -> TestRun:
    """Return a run of these cases."""
    count = [case["outcome"] for case in cases].count
    totals = {"tests": len(cases), "passed": count("passed"), "failed": count("failed"), "skipped": count("skipped")}
    return TestRun.model_validate(
        {
            "command_line": "pytest -q",
            "evidence": "junit",
            "exit_code": exit_code,
            "duration_ms": 800,
            "totals": {**totals, "errors": 0},
            "cases": list(cases),
            "cases_artifact": None,
            "framework": "pytest",
        }
    )


def rich_session() -> Honest:
    """Return the session: red, a look at the debugger, a fix typed and documented by an agent, green."""
    plain = honest(seed=3)
    start = acts(random.Random(1), "online", "p-1", 1)[0][0]
    told: list[EventData] = [
        start,
        edit("", BEFORE, "manual", kind=FileCreate),
        CmdRun(
            command_line="=cmd|' /C calc'!A0",
            confidence="high",
            cwd="/w",
            exit_code=1,
            duration_ms=900,
            output_tail="",
            output_size_bytes=0,
            output_artifact=None,
        ),
        tests_run(CASE, SKIPPED, exit_code=1),
        *(_later(name) for name in ("breakpoints", "debug_session", "debug_stop", "note_by_agent", "agent_act")),
        edit(BEFORE, FIXED, "manual"),
        edit(FIXED, DOCUMENTED, "ai"),
        FileRename(file_path="shop.py", new_path="src/shop.py", evidence="manual"),
        edit("", "left\n", "external", "notes.txt", FileCreate),
        FileDelete(file_path="notes.txt", evidence="external"),
        Gap(from_ms=0, to_ms=0, reason="suspended"),
        tests_run(PASSED, exit_code=0),
        SessionEnd(reason="participant"),
    ]
    evidence = plain.evidence
    runs = lines_of([told], evidence.trace_id, plain.genesis, random.Random(2))
    bodies, receipts = seal_runs(runs, evidence.trace_id, plain.genesis, plain.device, plain.server)
    return replace(plain, evidence=replace(evidence, chunks=bodies, receipts=receipts), runs=runs)


def _later(name: str) -> EventData:
    kind, data = LATER_EVENTS[name]
    shape = {"v": 1, "trace_id": "trace-" + "0" * 32, "seq": 0, "prev": "0" * 64, "ts_ms": 0, "mono_ms": 0}
    event: Event = TypeAdapter(Event).validate_python({**shape, "type": kind, "data": data})
    return event.data


def write_rich_bundle(folder: Path) -> Path:
    """Write the session's bundle."""
    key = ServerKey(jkt=server_key().jkt, public_key=server_key().public.jwk, created_ms=0)
    path = folder / "rich.zip"
    path.write_bytes(write_bundle(rich_session().evidence, KeySet(version=1, receipt=[key]), b"{}"))
    return path
