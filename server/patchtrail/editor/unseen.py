"""patchtrail/session/offRecord, session/forget and pending/read: what is not recorded, forgotten, or to be sent."""

from __future__ import annotations

import asyncio

from patchtrail.contract.lsp import SessionState
from patchtrail.contract.lsp_forgetting import (
    ForgetMinutes,
    ForgottenHere,
    OffRecord,
    PendingChunks,
    PendingRequest,
)
from patchtrail.editor.sidecar import Sidecar

__all__ = ["forget", "go_off_record", "read_pending"]


async def go_off_record(sidecar: Sidecar, request: OffRecord) -> SessionState:
    """Record and send nothing for a while."""
    await asyncio.wrap_future(sidecar.recorder.go_off_record(request.minutes))
    return sidecar.session_state()


async def forget(sidecar: Sidecar, request: ForgetMinutes) -> ForgottenHere:
    """Forget the last minutes."""
    return await asyncio.wrap_future(sidecar.recorder.forget(request.minutes))


async def read_pending(sidecar: Sidecar, request: PendingRequest) -> PendingChunks:
    """Return what waits in the spool, after everything asked before is recorded."""
    await asyncio.wrap_future(sidecar.recorder.settle())
    return await asyncio.to_thread(sidecar.pending, request)
