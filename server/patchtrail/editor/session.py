"""patchtrail/session/*: start, pause, resume, end, status; and the facts that the gate decides from."""

from __future__ import annotations

import asyncio

from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.lsp import ConsentText, Facts, GateDecision, NoParams, SessionState, StartSession
from patchtrail.editor.from_lsp import file_path
from patchtrail.editor.sidecar import Sidecar
from patchtrail.study import CONSENT_TEXT, current_consent

__all__ = ["end", "pause", "read_consent", "report_facts", "resume", "start", "status"]


async def read_consent(_sidecar: Sidecar, _params: NoParams) -> ConsentText:
    """Give the client the consent text to show."""
    return ConsentText(consent=current_consent(), text=CONSENT_TEXT)


async def report_facts(sidecar: Sidecar, facts: Facts) -> GateDecision:
    """Take the client's facts and answer what the gate makes of them."""
    return await asyncio.wrap_future(sidecar.recorder.report_facts(facts))


async def start(sidecar: Sidecar, request: StartSession) -> SessionState:
    """Start a session in a folder."""
    folder = file_path(request.root_uri)
    if folder is None or not folder.is_dir():
        raise InvalidInput("root_uri: a session needs the file URI of a folder.", code="invalid_params")
    await asyncio.wrap_future(sidecar.recorder.start(request, folder))
    return sidecar.session_state()


async def pause(sidecar: Sidecar, _params: NoParams) -> SessionState:
    """Pause capturing and sending."""
    await asyncio.wrap_future(sidecar.recorder.pause())
    return sidecar.session_state()


async def resume(sidecar: Sidecar, _params: NoParams) -> SessionState:
    """Go on."""
    await asyncio.wrap_future(sidecar.recorder.resume())
    return sidecar.session_state()


async def end(sidecar: Sidecar, _params: NoParams) -> SessionState:
    """End the session; its chunks go out at once."""
    await asyncio.wrap_future(sidecar.recorder.end())
    return sidecar.session_state()


async def status(sidecar: Sidecar, _params: NoParams) -> SessionState:
    """Say how things stand, after everything asked before is recorded."""
    await asyncio.wrap_future(sidecar.recorder.settle())
    return sidecar.session_state()
