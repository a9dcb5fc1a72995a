"""Quick fixes wired to one client: its settings and facts, what it forwards and tells, and failing tests."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from lsprotocol import types as lsp

from patchtrail.contract.lsp import Facts, InitializationOptions, SessionState
from patchtrail.contract.lsp_fixes import (
    MODEL_ASK,
    DiagnosticsTaken,
    DocumentDiagnostics,
    FixDone,
    FixOutcome,
    ModelKey,
    ModelKeyTaken,
    OutcomeTaken,
)
from patchtrail.contract.settings import Settings
from patchtrail.editor import from_lsp
from patchtrail.editor.editor_model import editor_asker
from patchtrail.editor.failing_tests import FailingTests
from patchtrail.editor.fix_targets import KnownDiagnostics
from patchtrail.editor.fixing import Fixing
from patchtrail.editor.model_choice import ChosenModel
from patchtrail.editor.quick_fixes import QuickFixes
from patchtrail.editor.server import SidecarServer
from patchtrail.editor.sidecar import Sidecar

__all__ = ["FixDoor"]


class FixDoor:
    """What the client's messages mean for quick fixes; made once the sidecar is connected, on the event loop."""

    def __init__(
        self,
        server: SidecarServer,
        sidecar: Sidecar,
        fixing: Fixing,
        params: lsp.InitializeParams,
        options: InitializationOptions,
    ) -> None:
        loop = asyncio.get_running_loop()
        powers = from_lsp.client_powers(params, options.abilities)
        self._fixes = QuickFixes(server, fixing, powers)
        can_ask = MODEL_ASK in powers.abilities
        self._model = ChosenModel(fixing.use, partial(editor_asker, server, loop) if can_ask else None)
        self._tests = FailingTests(server, self._fixes.places, sidecar.recorder.last_test_run)
        self._fixes.more_of = self._tests.more_of
        self.configure(options.settings)
        if options.facts is not None:
            self.take_facts(options.facts)
        server.quick_fixes = self._fixes

    async def fix(self, arguments: Sequence[object]) -> FixDone:
        """Find a patch and apply it."""
        return await self._fixes.fix(arguments)

    async def explain(self, arguments: Sequence[object]) -> FixDone:
        """Say what a finding means."""
        return await self._fixes.explain(arguments)

    @property
    def known(self) -> KnownDiagnostics:
        """What is known of the documents' diagnostics."""
        return self._fixes.known

    def configure(self, settings: Settings) -> None:
        """Take changed settings."""
        self._fixes.settings = settings
        self._fixes.places.denied = tuple(settings.redaction_denied_paths)
        self._model.configure(settings)

    def take_facts(self, facts: Facts) -> None:
        """Take what the client knows: in a folder that is not trusted nothing is offered and no model asked."""
        self._fixes.is_trusted = facts.is_workspace_trusted

    def follow(self, state: SessionState) -> None:
        """Follow the session for its test runs."""
        if self._fixes.settings.fixes_enabled:
            self._tests.follow(state.next_seq, has_session=state.trace_id is not None)

    def take_diagnostics(self, _sidecar: Sidecar, report: DocumentDiagnostics) -> DiagnosticsTaken:
        """Keep a document's diagnostics, before fixes are asked for in it."""
        self._fixes.known.forwarded(report)
        return DiagnosticsTaken(is_taken=True)

    async def take_outcome(self, _sidecar: Sidecar, told: FixOutcome) -> OutcomeTaken:
        """Record what a person did with a fix that was applied."""
        return OutcomeTaken(is_taken=await self._fixes.settle(told.fix_id, told.outcome))

    async def take_key(self, _sidecar: Sidecar, key: ModelKey) -> ModelKeyTaken:
        """Take a model's key."""
        return ModelKeyTaken(is_taken=self._model.take_key(key))
