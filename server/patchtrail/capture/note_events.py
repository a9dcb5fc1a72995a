"""Notes as clients send them become `rationale_note` events; where a draft comes from stays as it was first said."""

from __future__ import annotations

from patchtrail.capture.places import Places
from patchtrail.contract.events import NoteLocation, RationaleNote
from patchtrail.contract.lsp import NoteAdd
from patchtrail.contract.lsp_notes import NotePlace

__all__ = ["event_of_note", "with_origin_of"]

ORIGIN = ("author", "agent", "source", "hint", "location", "draft_text")


def event_of_note(note: NoteAdd, places: Places) -> RationaleNote:
    """Return a note's event; lines outside of the session's roots are not told."""
    return RationaleNote(
        kind=note.kind,
        text=note.text,
        confidence=note.confidence,
        links=note.links,
        author=note.author,
        agent=note.agent,
        source=note.source,
        hint=note.hint,
        location=None if note.place is None else _location(note.place, places),
        draft_text=note.draft_text,
    )


def with_origin_of(known: RationaleNote, note: RationaleNote) -> RationaleNote:
    """Return a changed draft with the origin of the one that it replaces."""
    return note.model_copy(update={name: getattr(known, name) for name in ORIGIN})


def _location(place: NotePlace, places: Places) -> NoteLocation | None:
    rooted = places.rooted(place.path)
    if rooted is None:
        return None
    return NoteLocation(
        file_path=rooted.file_path, root=rooted.root, start_line=place.start_line, end_line=place.end_line
    )
