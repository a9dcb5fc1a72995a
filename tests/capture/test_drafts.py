"""Drafts of notes: 30 seconds, and exactly once whatever happens to the process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from patchtrail.capture.drafts import DRAFT_MS, Draft, Drafts
from patchtrail.contract.events import Heartbeat, RationaleNote
from patchtrail.delivery import SpoolStore, TraceSpool, open_local
from patchtrail.delivery.folder import TraceFolder
from tests.delivery.fakes import ManualClock

ID = "draft-0001"
NOTE = RationaleNote(kind="plan", text="Look at the discount.", confidence=None, links=[])


def new_trace(folder: Path, clock: ManualClock) -> TraceSpool:
    """Open a trace with an event in it."""
    trace = SpoolStore(folder, clock, None).create(open_local(), "/w/shop", b"k" * 32)
    trace.append(Heartbeat())
    return trace


def after_a_kill(trace: TraceSpool, clock: ManualClock) -> TraceSpool:
    """Open a trace again as the next sidecar does: settle the drafts, then say that it was killed."""
    trace._lock.release()
    again = TraceSpool(TraceFolder(trace.folder.path), clock, None)
    Drafts(again)
    again.resume()
    return again


def notes_in(trace: TraceSpool) -> int:
    """Count the notes on disk."""
    files = [*trace.folder.path.glob("*.seg"), trace.folder.active]
    return sum(path.read_bytes().count(b'"rationale_note"') for path in files if path.exists())


def record_all(trace: TraceSpool) -> None:
    """Record every draft that is left, as a session that goes on does."""
    drafts = Drafts(trace)
    for draft in drafts.all():
        drafts.record(draft, trace.append)


def test_thirty_seconds(tmp_path: Path) -> None:
    """A draft is due 30 seconds after it was changed last, and keeps when it was first written."""
    clock = ManualClock()
    drafts = Drafts(new_trace(tmp_path, clock))
    first = drafts.put(ID, NOTE)
    clock.advance(DRAFT_MS - 1)
    early = drafts.due()
    drafts.put(ID, NOTE.model_copy(update={"text": "Look at the tax."}))
    clock.advance(DRAFT_MS - 1)
    still_early = drafts.due()
    clock.advance(1)

    assert (early, still_early) == ([], [])
    assert [(one.note.text, one.drafted_ms) for one in drafts.due()] == [("Look at the tax.", first.drafted_ms)]


def killed_before(_trace: TraceSpool, _drafts: Drafts, _draft: Draft) -> None:
    """Die before anything is recorded."""


def killed_when_announced(trace: TraceSpool, drafts: Drafts, draft: Draft) -> None:
    """Die after the draft was announced, before its event was appended."""

    def die(_event: object) -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drafts.record(draft, die)


def killed_when_appended(trace: TraceSpool, drafts: Drafts, draft: Draft) -> None:
    """Die after the event was appended, before the draft was forgotten."""

    def append_and_die(event: object) -> int:
        trace.append(event)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drafts.record(draft, append_and_die)


def killed_after(trace: TraceSpool, drafts: Drafts, draft: Draft) -> None:
    """Die when all is done."""
    drafts.record(draft, trace.append)


@pytest.mark.parametrize("death", [killed_before, killed_when_announced, killed_when_appended, killed_after])
def test_exactly_once(tmp_path: Path, death: Callable[[TraceSpool, Drafts, Draft], None]) -> None:
    """Whenever the sidecar is killed, the note stands in the trace once after the next one has gone on."""
    clock = ManualClock()
    trace = new_trace(tmp_path, clock)
    drafts = Drafts(trace)
    death(trace, drafts, drafts.put(ID, NOTE))
    again = after_a_kill(trace, clock)
    record_all(again)
    once_more = after_a_kill(again, clock)
    record_all(once_more)

    assert notes_in(once_more) == 1
    assert not once_more.folder.drafts.exists()


def test_a_damaged_file_holds_no_drafts(tmp_path: Path) -> None:
    """What cannot be read as drafts never keeps a session from going on."""
    trace = new_trace(tmp_path, ManualClock())
    trace.keep_drafts(b"[{")

    assert Drafts(trace).all() == []
