"""Connect a wired sidecar to the server: custom methods, the client's options, and news of its state.

This is a boundary: whatever a feature raises becomes the protocol's own error, with our problem as its data.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import count
from typing import Any, TypeVar

from lsprotocol import types as lsp
from pydantic import JsonValue

from patchtrail.contract import lsp as ours
from patchtrail.contract.errors import InvalidInput, PatchtrailError
from patchtrail.contract.lsp import Facts, GateDecision, InitializationOptions
from patchtrail.contract.lsp_changes import CHANGES_REPORT, ChangesReport
from patchtrail.contract.lsp_fixes import (
    EXPLAIN_COMMAND,
    FIX_COMMAND,
    FIX_DIAGNOSTICS,
    FIX_OUTCOME,
    MODEL_CONFIGURE,
    DiagnosticsTaken,
    DocumentDiagnostics,
    FixDone,
    FixOutcome,
    ModelKey,
)
from patchtrail.contract.settings import Settings
from patchtrail.contract.wire import WireModel
from patchtrail.editor import changes, files, from_lsp, notes, reports, session, to_lsp, unseen, view
from patchtrail.editor.documents import Documents
from patchtrail.editor.fix_door import FixDoor
from patchtrail.editor.fix_targets import KnownDiagnostics
from patchtrail.editor.pattern_hints import PatternHints
from patchtrail.editor.server import SidecarServer
from patchtrail.editor.sidecar import Sidecar

__all__ = ["connect"]

Params = TypeVar("Params", bound=WireModel)
Feature = Callable[[Sidecar, Params], Awaitable[WireModel]]


def connect(server: SidecarServer, sidecar: Sidecar, params: lsp.InitializeParams) -> None:
    """Register the custom methods, take the client's options, and start."""
    options = _options(server, params)
    door = None if sidecar.fixing is None else FixDoor(server, sidecar, sidecar.fixing, params, options)
    known = KnownDiagnostics() if door is None else door.known
    hints = server.pattern_hints = PatternHints(server, known, from_lsp.hint_powers(params))
    features: dict[str, Feature[Any]] = {
        ours.CONSENT_READ: session.read_consent,
        ours.FACTS_REPORT: _facts_for(door, hints),
        ours.SESSION_START: session.start,
        ours.SESSION_PAUSE: session.pause,
        ours.SESSION_RESUME: session.resume,
        ours.SESSION_END: session.end,
        ours.SESSION_STATUS: session.status,
        ours.COMMAND_REPORT: reports.report_command,
        ours.TESTS_PREPARE: reports.prepare_tests,
        ours.TESTS_REPORT: reports.report_tests,
        ours.NOTE_ADD: notes.add,
        ours.NOTE_DRAFT: notes.draft,
        ours.NOTE_CONFIRM: notes.confirm,
        ours.NOTE_DISCARD: notes.discard,
        ours.GAP_REPORT: reports.report_gap,
        ours.SESSION_ENTRIES: view.read_entries,
        ours.EDIT_READ: view.read_edit,
        ours.CELL_RAN: files.report_cell_ran,
        ours.DEBUG_REPORT: reports.report_debug,
        ours.HINT_DISMISS: notes.dismiss_hint,
        ours.SESSION_OFF_RECORD: unseen.go_off_record,
        ours.SESSION_FORGET: unseen.forget,
        ours.PENDING_READ: unseen.read_pending,
    }
    for method, feature in features.items():
        server.feature(method)(_handler(server, sidecar, ours.METHODS[method][0], feature))
    # A plain handler: it must be done before the save that follows it is taken.
    server.feature(CHANGES_REPORT)(_prompt_handler(sidecar, ChangesReport, changes.report))
    server.documents = Documents(sidecar.recorder, server.workspace)
    server.files = files.FileActs(sidecar.recorder, server.workspace)
    if door is not None:
        server.feature(FIX_DIAGNOSTICS)(_prompt_handler(sidecar, DocumentDiagnostics, _diagnostics_for(door, hints)))
        server.feature(FIX_OUTCOME)(_handler(server, sidecar, FixOutcome, door.take_outcome))
        server.feature(MODEL_CONFIGURE)(_handler(server, sidecar, ModelKey, door.take_key))
        server.commands[FIX_COMMAND] = _command(server, door.fix)
        server.commands[EXPLAIN_COMMAND] = _command(server, door.explain)
    server.configuration = _configuration(server, sidecar, door, hints)
    _follow(server, sidecar, files.Watching(server, params.capabilities), door)
    client = from_lsp.client_name(params)
    sidecar.recorder.meet(client, from_lsp.workspace_folders(params))
    server.folders_changed = lambda: sidecar.recorder.meet(client, from_lsp.open_folders(server.workspace))
    sidecar.start()
    sidecar.recorder.configure(options.settings)
    hints.configure(options.settings)
    if options.facts is not None:
        sidecar.recorder.report_facts(options.facts)
        hints.take_facts(options.facts)


def _prompt_handler(
    sidecar: Sidecar, model: type[Params], feature: Callable[[Sidecar, Params], WireModel]
) -> Callable[[Any], JsonValue]:
    """Return a handler that copies what it needs and returns, in the order in which messages come."""

    def handle(params: Any = None) -> JsonValue:  # noqa: ANN401 -- whatever JSON the client sent
        try:
            return to_lsp.result(feature(sidecar, from_lsp.params_of(model, params)))
        except PatchtrailError as error:
            raise to_lsp.response_error(error) from None

    return handle


def _facts_for(door: FixDoor | None, hints: PatternHints) -> Feature[Facts]:
    """Let the gate, the hints and the quick fixes take the client's facts."""

    async def report(sidecar: Sidecar, facts: Facts) -> GateDecision:
        hints.take_facts(facts)
        if door is not None:
            door.take_facts(facts)
        return await session.report_facts(sidecar, facts)

    return report


def _diagnostics_for(door: FixDoor, hints: PatternHints) -> Callable[[Sidecar, DocumentDiagnostics], DiagnosticsTaken]:
    """Let the quick fixes and the hints take a document's diagnostics."""

    def take(sidecar: Sidecar, report: DocumentDiagnostics) -> DiagnosticsTaken:
        taken = door.take_diagnostics(sidecar, report)
        hints.reported(report.uri)
        return taken

    return take


def _configuration(
    server: SidecarServer, sidecar: Sidecar, door: FixDoor | None, hints: PatternHints
) -> Callable[[lsp.DidChangeConfigurationParams], None]:
    """Take changed settings; malformed ones allow nothing, and the client's log says why."""

    def take(settings: Settings) -> None:
        sidecar.recorder.configure(settings)
        hints.configure(settings)
        if door is not None:
            door.configure(settings)

    def configure(params: lsp.DidChangeConfigurationParams) -> None:
        try:
            take(from_lsp.changed_settings(params))
        except InvalidInput as error:
            take(Settings(fixes_enabled=False, patterns_hints=False))
            message = f"patchtrail: malformed settings allow nothing. {error.message}"
            server.window_log_message(lsp.LogMessageParams(lsp.MessageType.Warning, message))

    return configure


def _options(server: SidecarServer, params: lsp.InitializeParams) -> InitializationOptions:
    """Return the client's options; malformed ones allow nothing, and the client's log says why."""
    try:
        return from_lsp.initialization_options(params)
    except InvalidInput as error:
        message = f"patchtrail: initializationOptions are ignored. {error.message}"
        server.window_log_message(lsp.LogMessageParams(lsp.MessageType.Warning, message))
        return InitializationOptions()


def _follow(server: SidecarServer, sidecar: Sidecar, watching: files.Watching, door: FixDoor | None) -> None:
    """Tell the client of every change of state, from whatever thread it comes."""
    loop, tickets, newest = asyncio.get_running_loop(), count(), -1

    def tell() -> None:
        # Drawn before the state is read: a thread that was held up in between knows less than one that drew later.
        ticket = next(tickets)
        session = sidecar.session_state()
        state, is_recording = to_lsp.result(session), session.state == "recording"

        def show() -> None:
            nonlocal newest
            if ticket < newest:
                return
            newest = ticket
            watching.follow(is_recording=is_recording)
            server.protocol.notify(ours.SESSION_STATE, state)
            if door is not None:
                door.follow(session)

        loop.call_soon_threadsafe(show)

    sidecar.on_change(tell)


def _command(
    server: SidecarServer, command: Callable[[Sequence[object]], Awaitable[FixDone]]
) -> Callable[[Sequence[object]], Awaitable[JsonValue]]:
    """Return a command's handler, which fails as requests do."""

    async def handle(arguments: Sequence[object]) -> JsonValue:
        try:
            return to_lsp.result(await command(arguments))
        except PatchtrailError as error:
            raise to_lsp.response_error(error) from None
        except Exception as error:  # noqa: BLE001 -- as for requests
            server.report_server_error(error, command)
            raise to_lsp.response_error(PatchtrailError("The sidecar failed on this command.")) from None

    return handle


def _handler(
    server: SidecarServer, sidecar: Sidecar, model: type[WireModel], feature: Feature[Any]
) -> Callable[[Any], Awaitable[JsonValue]]:
    """Return a request handler: validate, delegate, answer with a result or with the protocol's own error."""

    async def handle(params: Any = None) -> JsonValue:  # noqa: ANN401 -- whatever JSON the client sent
        try:
            return to_lsp.result(await feature(sidecar, from_lsp.params_of(model, params)))
        except PatchtrailError as error:
            raise to_lsp.response_error(error) from None
        except Exception as error:  # noqa: BLE001 -- an answer without a traceback, which would quote what is edited
            server.report_server_error(error, feature)
            message = "The sidecar failed on this request; recording goes on."
            raise to_lsp.response_error(PatchtrailError(message)) from None

    return handle
