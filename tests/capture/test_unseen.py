"""Off the record and forgotten, as the recorder has it: it goes on by itself, and nothing of that time comes back."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from patchtrail.cli.sidecar import build_sidecar
from patchtrail.contract.errors import StateConflict
from patchtrail.contract.lsp import Facts, NoteAdd, NoteDraft, StartSession
from patchtrail.contract.settings import Settings
from patchtrail.editor.sidecar import Sidecar
from patchtrail.study import current_consent
from tests.editor.spooled import events_of

FACTS = Facts(is_telemetry_enabled=True, is_workspace_trusted=True, consent=current_consent())
CANARY = "canary-77aa"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a repository."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "shop.py").write_text("x = 1\n")
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=T", "-c", "user.email=t@t", "commit", "-qm", "x"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


@pytest.fixture
def sidecar(tmp_path: Path, folder: Path) -> Iterator[Sidecar]:
    """Record a session that stays on this machine."""
    sidecar = build_sidecar(tmp_path / "spool", None)
    sidecar.start()
    sidecar.recorder.configure(Settings(folders_allowed=[str(folder)]))
    sidecar.recorder.report_facts(FACTS).result()
    sidecar.recorder.start(StartSession(root_uri=folder.as_uri(), task_id="T"), folder).result()
    yield sidecar
    sidecar.close()


def state_of(sidecar: Sidecar, wanted: str) -> str:
    """Wait until the recorder is in a state, and return it."""
    for _ in range(400):
        if sidecar.recorder.state.state == wanted:
            break
        time.sleep(0.05)
    return sidecar.recorder.state.state


def types(tmp_path: Path) -> list[str]:
    """Return the types of what is recorded, without the quiet ones."""
    return [event["type"] for event in events_of(tmp_path / "spool") if event["type"] not in ("heartbeat", "redactor")]


def test_recording_goes_on_when_the_time_is_over(sidecar: Sidecar, tmp_path: Path) -> None:
    """Nobody has to resume."""
    sidecar.recorder.go_off_record(0).result()

    assert state_of(sidecar, "recording") == "recording"
    assert types(tmp_path) == ["session_start", "pause", "resume"]


def test_a_gate_that_closed_meanwhile_keeps_it_paused(sidecar: Sidecar, tmp_path: Path) -> None:
    """When the time is over and the gate is closed, the gate's pause goes on; when it opens, recording does."""
    sidecar.recorder.go_off_record(5).result()
    sidecar.recorder.report_facts(FACTS.model_copy(update={"is_telemetry_enabled": False})).result()
    sidecar.recorder.go_off_record(0).result()
    for _ in range(400):
        if sidecar.recorder.state.off_record_until_ms is None:
            break
        time.sleep(0.05)
    closed = sidecar.recorder.state
    sidecar.recorder.report_facts(FACTS).result()

    assert (closed.state, closed.may_send) == ("paused", False)
    assert state_of(sidecar, "recording") == "recording"
    assert types(tmp_path) == ["session_start", "pause", "resume"]


def test_another_pause_has_no_end_of_its_own(sidecar: Sidecar) -> None:
    """During the participant's own pause one cannot go off the record: it would end the pause."""
    sidecar.recorder.pause().result()

    with pytest.raises(StateConflict):
        sidecar.recorder.go_off_record(10).result()


def test_forgetting_reaches_the_view_the_drafts_and_the_next_base(
    sidecar: Sidecar, tmp_path: Path, folder: Path
) -> None:
    """Entries, texts and drafts are gone, the view reads anew, and the next save of the file starts from itself."""
    recorder, path = sidecar.recorder, folder / "shop.py"
    recorder.opened(path, "x = 1\n")
    recorder.saved(path, f"x = '{CANARY}'\n")
    recorder.note(NoteAdd(kind="plan", text=CANARY)).result()
    recorder.draft(NoteDraft(draft_id="draft-7-canary", kind="plan", text=CANARY, links=[2])).result()
    told = recorder.forget(1).result()
    shown = recorder.entries(0).result()
    recorder.saved(path, "x = 2\n")
    recorder.saved(path, "x = 3\n")
    recorder.settle().result()
    edits = [event["data"] for event in events_of(tmp_path / "spool") if event["type"] == "file_edit"]

    assert told.events >= 2
    assert (shown.generation, shown.drafts) == (1, [])
    assert CANARY not in shown.model_dump_json()
    assert [gap.reason for gap in shown.coverage.gaps] == ["forgotten"]
    assert [(bool(edit["base_artifact"]), bool(edit["diff_unified"])) for edit in edits] == [
        (True, False),
        (False, True),
    ]
    assert [
        one for one in (tmp_path / "spool").rglob("*") if one.is_file() and CANARY in one.read_text("latin-1")
    ] == []


def test_forgetting_while_paused_stays_paused(sidecar: Sidecar, tmp_path: Path) -> None:
    """What was recorded before a pause can be forgotten during it, and the trace says that it is still paused."""
    sidecar.recorder.note(NoteAdd(kind="plan", text=CANARY)).result()
    sidecar.recorder.pause().result()
    sidecar.recorder.forget(1).result()

    assert sidecar.recorder.state.state == "paused"
    assert types(tmp_path) == ["session_start", "gap", "pause"]
