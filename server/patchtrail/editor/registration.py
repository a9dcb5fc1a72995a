"""Every handler of the sidecar, registered in one place: method, parameters, feature."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from lsprotocol import types as lsp
from pydantic import JsonValue

from patchtrail.contract import lsp as ours
from patchtrail.contract.errors import PatchtrailError
from patchtrail.contract.wire import WireModel
from patchtrail.editor import documents, from_lsp, reports, session, to_lsp
from patchtrail.editor.server import SidecarServer
from patchtrail.editor.sidecar import Sidecar

__all__ = ["register"]

Params = TypeVar("Params", bound=WireModel)
Feature = Callable[[Sidecar, Params], Awaitable[WireModel]]


def register(server: SidecarServer, sidecar: Sidecar) -> None:
    """Register the standard and the custom methods."""
    recorder = sidecar.recorder
    features: dict[str, Feature[Any]] = {
        ours.CONSENT_READ: session.read_consent,
        ours.FACTS_REPORT: session.report_facts,
        ours.SESSION_START: session.start,
        ours.SESSION_PAUSE: session.pause,
        ours.SESSION_RESUME: session.resume,
        ours.SESSION_END: session.end,
        ours.SESSION_STATUS: session.status,
        ours.COMMAND_REPORT: reports.report_command,
        ours.TESTS_PREPARE: reports.prepare_tests,
        ours.TESTS_REPORT: reports.report_tests,
        ours.NOTE_ADD: reports.add_note,
    }
    for method, feature in features.items():
        server.feature(method)(_handler(sidecar, ours.METHODS[method][0], feature))

    @server.feature(lsp.INITIALIZE)
    def initialize(params: lsp.InitializeParams) -> None:
        _initialize(server, sidecar, params)

    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: lsp.DidOpenTextDocumentParams) -> None:
        documents.did_open(recorder, params)

    @server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    def did_save(params: lsp.DidSaveTextDocumentParams) -> None:
        documents.did_save(server, recorder, params)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: lsp.DidCloseTextDocumentParams) -> None:
        documents.did_close(recorder, params)

    @server.feature(lsp.SHUTDOWN)
    def shutdown(_params: None = None) -> None:
        sidecar.close()


def _handler(sidecar: Sidecar, model: type[WireModel], feature: Feature[Any]) -> Callable[[Any], Awaitable[JsonValue]]:
    """Return a request handler: validate, delegate, answer with a result or with the protocol's own error."""

    async def handle(params: Any = None) -> JsonValue:  # noqa: ANN401 -- whatever JSON the client sent
        try:
            return to_lsp.result(await feature(sidecar, from_lsp.params_of(model, params)))
        except PatchtrailError as error:
            raise to_lsp.response_error(error) from None

    return handle


def _initialize(server: SidecarServer, sidecar: Sidecar, params: lsp.InitializeParams) -> None:
    options = from_lsp.initialization_options(params)
    sidecar.recorder.client = from_lsp.client_name(params)
    loop = asyncio.get_running_loop()

    def tell() -> None:
        state = to_lsp.result(sidecar.session_state())
        loop.call_soon_threadsafe(server.protocol.notify, ours.SESSION_STATE, state)

    sidecar.on_change(tell)
    sidecar.start()
    sidecar.recorder.configure(options.settings)
    if options.facts is not None:
        sidecar.recorder.report_facts(options.facts)
