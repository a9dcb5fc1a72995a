"""Notes that can still be changed: redacted, on disk, and recorded exactly once when their time is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from patchtrail.capture.log import TraceLog
from patchtrail.contract.errors import StateConflict
from patchtrail.contract.events import RationaleNote
from patchtrail.contract.wire import Count, WireModel

__all__ = ["DRAFT_MS", "Draft", "Drafts"]

DRAFT_MS = 30_000


class KeptDraft(WireModel):
    """A draft as it lies on disk; `recording_seq` is the number under which it was about to be recorded."""

    draft_id: str
    note: RationaleNote
    recording_seq: Count | None = None


KEPT: TypeAdapter[list[KeptDraft]] = TypeAdapter(list[KeptDraft])


@dataclass(frozen=True)
class Draft:
    """A redacted note, with when it was first written, and since when it stands as it is, on the session's clock."""

    draft_id: str
    note: RationaleNote
    changed_ms: int

    @property
    def drafted_ms(self) -> int:
        """When it was first written."""
        return self.note.drafted_ms or 0

    def confirms_in_ms(self, now_ms: int) -> int:
        """Return how long the draft can still be changed."""
        return max(0, self.changed_ms + DRAFT_MS - now_ms)


class Drafts:
    """The drafts of one session. What a killed sidecar left is taken up again."""

    def __init__(self, log: TraceLog) -> None:
        self._log = log
        kept = _left_behind(log)
        waiting = [one for one in kept if one.recording_seq is None or one.recording_seq >= log.next_seq]
        # They have waited long enough: the session was interrupted since.
        drafts = [Draft(one.draft_id, one.note, (one.note.drafted_ms or 0) - DRAFT_MS) for one in waiting]
        self._drafts = {draft.draft_id: draft for draft in drafts}
        self._recorded = {one.draft_id for one in kept} - set(self._drafts)
        if kept:
            self._keep()

    def put(self, draft_id: str, note: RationaleNote) -> Draft:
        """Keep a redacted note, or replace one of the same id; its 30 seconds begin now.

        Raises `StateConflict` when the one of that id was recorded already.
        """
        if draft_id in self._recorded:
            raise StateConflict("This note was recorded already.", code="draft_recorded")
        now_ms = self._log.mono_ms()
        known = self._drafts.get(draft_id)
        drafted_ms = now_ms if known is None else known.drafted_ms
        draft = Draft(draft_id, note.model_copy(update={"drafted_ms": drafted_ms}), now_ms)
        self._drafts[draft_id] = draft
        self._keep()
        return draft

    def all(self) -> list[Draft]:
        """Return the drafts, oldest first."""
        return sorted(self._drafts.values(), key=lambda draft: draft.drafted_ms)

    def due(self) -> list[Draft]:
        """Return the drafts whose time is over."""
        now_ms = self._log.mono_ms()
        return [draft for draft in self.all() if draft.confirms_in_ms(now_ms) == 0]

    def find(self, draft_id: str) -> Draft | None:
        """Return a draft."""
        return self._drafts.get(draft_id)

    def discard(self, draft_id: str) -> bool:
        """Forget a draft; false when there is none."""
        is_known = self._drafts.pop(draft_id, None) is not None
        if is_known:
            self._keep()
        return is_known

    def record(self, draft: Draft, append: Callable[[RationaleNote], int]) -> int:
        """Record a draft through `append`; a kill in the middle neither loses nor doubles it."""
        self._keep(recording=draft)
        seq = append(draft.note)
        self._recorded.add(draft.draft_id)
        self.discard(draft.draft_id)
        return seq

    def kept_before(self, since_ms: int, next_seq: int) -> tuple[list[Draft], bytes]:
        """Return the drafts that stay when everything since an instant is forgotten, and how they lie on disk.

        They let go of links to events that are gone: other events will take those numbers.
        """
        kept = [
            Draft(draft.draft_id, _linked_below(draft.note, next_seq), draft.changed_ms)
            for draft in self.all()
            if draft.changed_ms < since_ms
        ]
        return kept, _dumped(kept)

    def replace(self, drafts: list[Draft]) -> None:
        """Hold these drafts alone; on disk they are already."""
        self._drafts = {draft.draft_id: draft for draft in drafts}

    def _keep(self, recording: Draft | None = None) -> None:
        self._log.keep_drafts(_dumped(self.all(), recording, self._log.next_seq))


def _dumped(drafts: list[Draft], recording: Draft | None = None, next_seq: int = 0) -> bytes:
    kept = [
        KeptDraft(
            draft_id=draft.draft_id,
            note=draft.note,
            recording_seq=next_seq if draft is recording else None,
        )
        for draft in drafts
    ]
    return KEPT.dump_json(kept) if kept else b""


def _linked_below(note: RationaleNote, next_seq: int) -> RationaleNote:
    return note.model_copy(update={"links": [seq for seq in note.links if seq < next_seq]})


def _left_behind(log: TraceLog) -> list[KeptDraft]:
    """Return the drafts on disk; a damaged file holds none."""
    try:
        return KEPT.validate_json(log.kept_drafts() or b"[]")
    except ValidationError:
        return []
