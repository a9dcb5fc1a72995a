"""What the session view reads: the running session's entries, and the texts of an edit."""

from __future__ import annotations

import asyncio

from patchtrail.contract.lsp import EditRequest, EditTexts, EntriesRequest, SessionEntries
from patchtrail.editor.sidecar import Sidecar

__all__ = ["read_edit", "read_entries"]


async def read_entries(sidecar: Sidecar, request: EntriesRequest) -> SessionEntries:
    """Return the entries from one event on, and the drafts."""
    return await asyncio.wrap_future(sidecar.recorder.entries(request.since_seq))


async def read_edit(sidecar: Sidecar, request: EditRequest) -> EditTexts:
    """Return the recorded texts of an edit."""
    return await asyncio.wrap_future(sidecar.recorder.texts(request.seq))
