"""patchtrail/note/*: rationale, at once or as a draft that can still be changed."""

from __future__ import annotations

import asyncio

from patchtrail.contract.lsp import Drafted, DraftRef, NoParams, NoteAdd, NoteDraft, Recorded, SessionState
from patchtrail.editor.sidecar import Sidecar

__all__ = ["add", "confirm", "discard", "dismiss_hint", "draft"]


async def add(sidecar: Sidecar, note: NoteAdd) -> Recorded:
    """Record a note at once."""
    return await asyncio.wrap_future(sidecar.recorder.note(note))


async def draft(sidecar: Sidecar, note: NoteDraft) -> Drafted:
    """Keep a note for 30 seconds, or until it is confirmed."""
    return await asyncio.wrap_future(sidecar.recorder.draft(note))


async def confirm(sidecar: Sidecar, draft: DraftRef) -> Recorded:
    """Record a draft now."""
    return await asyncio.wrap_future(sidecar.recorder.confirm(draft.draft_id))


async def discard(sidecar: Sidecar, draft: DraftRef) -> Drafted:
    """Forget a draft."""
    return await asyncio.wrap_future(sidecar.recorder.discard(draft.draft_id))


async def dismiss_hint(sidecar: Sidecar, _params: NoParams) -> SessionState:
    """Suggest no note any more."""
    await asyncio.wrap_future(sidecar.recorder.dismiss_hint())
    return sidecar.session_state()
