"""Natural pauses at which a note would cost little: a third red run, a revert, a long stop. Suggested, never asked.

At most one suggestion in ten minutes; one that is not taken goes away by itself. Nothing of this is recorded, save in
the note that a suggestion led to.
"""

from __future__ import annotations

from collections import defaultdict

from patchtrail.contract.event_lines import EventData
from patchtrail.contract.events import Commit, NoteHint, RationaleNote, TestRun
from patchtrail.contract.files import FileContent
from patchtrail.contract.lsp import EditTexts
from patchtrail.contract.lsp_notes import NoteSuggestion
from patchtrail.integrity import digest
from patchtrail.trace import Episodes

__all__ = ["HINT_EVERY_MS", "LONG_STOP_MS", "Hints"]

HINT_EVERY_MS = 10 * 60_000
SHOWN_MS = 5 * 60_000
LONG_STOP_MS = 60_000
THIRD = 3
MAX_STATES = 50


class Hints:
    """What is suggested in one session, on the session's clock."""

    def __init__(self, episodes: Episodes) -> None:
        self._episodes = episodes
        self._states: dict[str, list[str]] = defaultdict(list)
        self._counted: dict[str, int] = {}
        self._offered_ms: int | None = None
        self._offer: NoteSuggestion | None = None

    def offer(self, now_ms: int) -> NoteSuggestion | None:
        """Return what is suggested now."""
        if self._offered_ms is None or now_ms - self._offered_ms > SHOWN_MS:
            self._offer = None
        return self._offer

    def dismiss(self) -> None:
        """Suggest nothing more for now."""
        self._offer = None

    def take(self, seq: int, now_ms: int, data: EventData) -> None:
        """Look at an event that was recorded; its episodes are joined already."""
        match data:
            case TestRun():
                self._look_at_red(seq, now_ms)
            case Commit(kind="revert"):
                self._suggest("revert", seq, now_ms, "You reverted a commit: what did you learn?")
            case RationaleNote() if data.author == "participant":
                self.dismiss()
            case _:
                return

    def edited(self, seq: int, now_ms: int, event: FileContent, texts: EditTexts) -> None:
        """Look at an edit: one that leads back to an earlier text of its file is a revert."""
        states = self._states[f"{event.root}:{event.file_path}#{event.cell.cell_id if event.cell else ''}"]
        before, after = _hash(texts.before), _hash(texts.after)
        if not states or states[-1] != before:
            states.append(before)
        if after in states[:-1]:
            self._suggest("revert", seq, now_ms, f"{event.file_path} is as it was before: what did you learn?")
        states.append(after)
        del states[:-MAX_STATES]

    def stands(self, seq: int, now_ms: int, duration_ms: int) -> None:
        """Learn that a debugged program has stood for a while; `seq` is the last event."""
        if duration_ms >= LONG_STOP_MS:
            self._suggest("long_stop", seq, now_ms, "A long stop in the debugger: what do you see?")

    def _look_at_red(self, seq: int, now_ms: int) -> None:
        counts = self._episodes.red_runs()
        for key, (name, runs) in counts.items():
            if runs >= THIRD and self._counted.get(key, 0) < THIRD:
                self._suggest("third_red_run", seq, now_ms, f"Red for the third time: {name}. What is probably wrong?")
        self._counted = {key: runs for key, (_, runs) in counts.items()}

    def _suggest(self, hint: NoteHint, seq: int, now_ms: int, text: str) -> None:
        if self._offered_ms is not None and now_ms - self._offered_ms < HINT_EVERY_MS:
            return
        self._offered_ms, self._offer = now_ms, NoteSuggestion(hint=hint, seq=seq, text=text)


def _hash(text: str) -> str:
    return digest.sha256(text.encode("utf-8", "replace"))
