"""What the session view shows of the running session: a line per event, the texts of edits, failing tests.

Everything here is redacted; it lives in memory only, and only as long as its session.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from patchtrail.contract.debugging import DebugStop
from patchtrail.contract.errors import NotFound
from patchtrail.contract.event_lines import EVENT_TYPES, EventData
from patchtrail.contract.events import CmdRun, Heartbeat, RationaleNote, TestCase, TestRun
from patchtrail.contract.events import Redactor as RedactorFacts
from patchtrail.contract.files import FileCreate, FileEdit
from patchtrail.contract.lsp import EditTexts, Entry, FailedTest, NoteLink, ShownFrame
from patchtrail.contract.patch_events import PatchAttempt
from patchtrail.trace import told

__all__ = ["Entries", "LastTestRun"]

MAX_ENTRIES = 5_000
MAX_TEXT_CHARS = 32_000_000
MAX_FAILED_TESTS = 100
MAX_SUMMARY_CHARS = 300
QUIET = (Heartbeat, RedactorFacts)


@dataclass(frozen=True)
class LastTestRun:
    """The newest run of tests as it was recorded, where its failed tests stand here, and the end of what it printed."""

    seq: int
    run: TestRun
    failed: tuple[FailedTest, ...]
    output: str


class Entries:
    """The events of one session that this sidecar appended, oldest first."""

    def __init__(self, root: Path, folder: Path, first_seq: int) -> None:
        self._root = root
        self._folder = folder
        self.roots: dict[str, Path] = {"": root}
        self.first_seq = first_seq
        self._entries: OrderedDict[int, Entry] = OrderedDict()
        self._texts: OrderedDict[int, EditTexts] = OrderedDict()
        self._text_chars = 0
        self.note_link: NoteLink | None = None
        self.last_test_run: LastTestRun | None = None
        self._output: tuple[int, str] = (-1, "")

    def remember(self, seq: int, ts_ms: int, data: EventData) -> None:
        """Take an event that was appended."""
        if isinstance(data, QUIET):
            return
        summary, details = told(data)
        summary = summary if len(summary) <= MAX_SUMMARY_CHARS else f"{summary[:MAX_SUMMARY_CHARS]}…"
        failed = _failed(data, [self._folder, self._root])
        if isinstance(data, TestRun):
            output = self._output[1] if self._output[0] == data.command_seq else ""
            self.last_test_run = LastTestRun(seq, data, tuple(failed), output)
        elif isinstance(data, CmdRun):
            self._output = (seq, data.output_tail)
        edited = data if isinstance(data, FileEdit | FileCreate) else None
        note = data if isinstance(data, RationaleNote) else None
        found = data.findings[0] if isinstance(data, PatchAttempt) and data.findings else None
        placed = edited or found or (note.location if note else None)
        self._entries[seq] = Entry(
            seq=seq,
            ts_ms=ts_ms,
            type=EVENT_TYPES[type(data)],
            summary=summary,
            details=details,
            path=None if placed is None else _existing(placed.file_path, self._of(placed.root)),
            has_diff=False,
            failed_tests=failed,
            frames=self._frames(data),
            note_kind=note.kind if note else None,
            is_agent=note is not None and note.author == "agent",
        )
        if failed or edited is not None:
            self.note_link = NoteLink(seq=seq, summary=summary)
        while len(self._entries) > MAX_ENTRIES:
            self._entries.popitem(last=False)
            self.first_seq = next(iter(self._entries))

    def _of(self, root: str) -> list[Path]:
        return [self.roots[root]] if root in self.roots else []

    def _frames(self, data: EventData) -> list[ShownFrame]:
        return [
            ShownFrame(name=one.name, path=_existing(one.file_path or "", self._of(one.root)), line=one.line)
            for one in (data.frames if isinstance(data, DebugStop) else [])
        ]

    def remember_texts(self, seq: int, texts: EditTexts) -> None:
        """Keep an edit's texts, so that its diff can be opened; the oldest make room."""
        self._texts[seq] = texts
        self._text_chars += _size(texts)
        self._entries[seq] = self._entries[seq].model_copy(update={"has_diff": True})
        while self._text_chars > MAX_TEXT_CHARS and self._texts:
            old, dropped = self._texts.popitem(last=False)
            self._text_chars -= _size(dropped)
            if old in self._entries:
                self._entries[old] = self._entries[old].model_copy(update={"has_diff": False})

    def since(self, seq: int) -> list[Entry]:
        """Return the entries from `seq` on."""
        newest: list[Entry] = []
        for entry in reversed(self._entries.values()):
            if entry.seq < seq:
                break
            newest.append(entry)
        return newest[::-1]

    def forget(self, from_seq: int) -> None:
        """Forget every event from one on, its texts too."""
        for seq in [seq for seq in self._entries if seq >= from_seq]:
            del self._entries[seq]
        for seq in [seq for seq in self._texts if seq >= from_seq]:
            self._text_chars -= _size(self._texts.pop(seq))
        if self.note_link is not None and self.note_link.seq >= from_seq:
            self.note_link = None
        if self.last_test_run is not None and self.last_test_run.seq >= from_seq:
            self.last_test_run = None

    def texts(self, seq: int) -> EditTexts:
        """Return an edit's texts; raises `NotFound` when they are not held (any more)."""
        if seq not in self._texts:
            raise NotFound(f"The texts of event {seq} are no longer held here.", code="no_texts")
        return self._texts[seq]


def _failed(data: EventData, roots: list[Path]) -> list[FailedTest]:
    if not isinstance(data, TestRun):
        return []
    broken = [case for case in data.cases if case.outcome in ("failed", "error")]
    places = [*roots, *_subfolders(roots[0])] if broken else []
    return [_failed_test(case, places) for case in broken[:MAX_FAILED_TESTS]]


def _failed_test(case: TestCase, roots: list[Path]) -> FailedTest:
    named = case.file_path or case.test_id.partition("::")[0]
    return FailedTest(
        test_id=case.test_id,
        message=case.message.partition("\n")[0],
        path=_existing(named, roots),
        line=case.line,
    )


def _subfolders(folder: Path) -> list[Path]:
    """Return where a run's root directory may be when it is not the session's folder."""
    try:
        return [path for path in sorted(folder.iterdir())[:50] if path.is_dir() and not path.name.startswith(".")]
    except OSError:
        return []


def _existing(relative: str, roots: list[Path]) -> str | None:
    for root in roots:
        path = root / relative
        try:
            if relative and path.is_file():
                return str(path)
        except (OSError, ValueError):
            return None
    return None


def _size(texts: EditTexts) -> int:
    return len(texts.before) + len(texts.after)
