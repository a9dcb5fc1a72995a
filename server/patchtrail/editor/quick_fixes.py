"""Quick fixes: the menu at once, the patch on a thread, applied only to the text that it was made and checked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from lsprotocol import types as lsp

from patchtrail.contract.errors import InvalidInput, PatchtrailError
from patchtrail.contract.lsp_fixes import FixDone, FixTarget
from patchtrail.contract.settings import Settings
from patchtrail.editor import code_actions, from_lsp
from patchtrail.editor.client_powers import ClientPowers
from patchtrail.editor.fix_cache import FixCache, key_of
from patchtrail.editor.fix_offer import FixOffer, draw_fix_id
from patchtrail.editor.fix_places import Place, Places
from patchtrail.editor.fix_progress import FixProgress
from patchtrail.editor.fix_targets import KnownDiagnostics, finding_of
from patchtrail.editor.fix_thread import FixThreads
from patchtrail.editor.fixing import Fixing, Outcome
from patchtrail.editor.server import SidecarServer
from patchtrail.llm import Cancellation
from patchtrail.patching import Finding
from patchtrail.patching.fixer import FixRequest, FixResult

__all__ = ["QuickFixes"]

OFF = "Fixes are switched off (patchtrail.fixes.enabled)."
UNTRUSTED = "Patches are made in trusted folders only: trust this folder first."
OUTSIDE = "Patches are made for files of an open folder only."
MOVED_ON = "The file changed since this fix was offered. Open the menu again; nothing was changed."
CHANGED = "The file changed while the patch was made, so it was not applied. Ask again."
CHANGED_MEANWHILE = "The file changed while the patch was shown, so it was not applied. Ask again."
CANCELLED = "Cancelled; nothing was changed."
GONE = "There is no such finding here any more; nothing was changed."


@dataclass(frozen=True)
class Asked:
    """A command's target, where it is, and what is to be found there."""

    target: FixTarget
    place: Place
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """What is being done, as progress and undo name it."""
        one = self.findings[0]
        return f"Fix {one.rule_id or one.tool}" if len(self.findings) == 1 else f"Fix {len(self.findings)} findings"


class QuickFixes:
    """The quick fixes of one editor; everything but the work on threads happens on the event loop."""

    def __init__(self, server: SidecarServer, fixing: Fixing, powers: ClientPowers) -> None:
        self._server, self._fixing, self._powers = server, fixing, powers
        self.places = Places(server.workspace)
        self.known = KnownDiagnostics()
        self.cache = FixCache()
        self.threads = FixThreads()
        self.settings = Settings()
        self.is_trusted = False
        self.more_of: Callable[[Finding, Place], Finding] = lambda finding, _place: finding
        self._offer = FixOffer(server, self.places, powers)
        self._running = dict[str, asyncio.Task[FixDone]]()

    # --- the menu

    def code_actions(self, params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        """Answer from what is known, without waiting for anything."""
        uri = params.text_document.uri
        document, place = self._server.workspace.text_documents.get(uri), self.places.of(uri)
        wanted = params.context.diagnostics and from_lsp.wants_quick_fixes(params.context.only)
        if not (wanted and self._is_on) or document is None or place is None:
            return []
        diagnostics = from_lsp.diagnostics_of(params.context.diagnostics, document)
        self.known.seen(uri, document.version or 0, diagnostics)
        return code_actions.offers(uri, document.version, place, diagnostics, self.known, self._fixing)

    def resolve(self, action: lsp.CodeAction) -> lsp.CodeAction:
        """Add the edit where a patch that needs no preview was checked for this very version; else nothing."""
        try:
            target = _target((action.command and action.command.arguments) or ())
        except InvalidInput:
            return action
        document, place = self._server.workspace.text_documents.get(target.uri), self.places.of(target.uri)
        found = self.cache.find(target)
        if self._offer.shows_diffs:
            # What that client applies for a command it tells from other edits, and notices when it is undone.
            return action
        is_current = document is not None and document.version == target.version
        if place is None or found is None or found.patch is None or not is_current or self._is_shown(found):
            return action
        if self._offer.why_not(found.patch) or not self._offer.is_fresh(place.root, found.patch):
            return action
        action.edit = self._offer.edit(
            place.root, found.patch, label=action.title, fix_id=self._begin(place.root, found), is_asked=False
        )
        return action

    # --- the commands

    async def fix(self, arguments: Sequence[object]) -> FixDone:
        """Find a patch and apply it; equal requests share one."""
        target = _target(arguments)
        key = key_of(target)
        running = self._running.get(key)
        if running is None:
            running = self._running[key] = asyncio.ensure_future(self._fix(target))
            running.add_done_callback(lambda _done: self._running.pop(key, None))
        return await asyncio.shield(running)

    async def explain(self, arguments: Sequence[object]) -> FixDone:
        """Say what a finding means."""
        asked = self._asked(_target(arguments))
        if isinstance(asked, str):
            return self._offer.tell(asked)
        texts, cancellation = self.places.texts(asked.place.root), Cancellation()
        title = f"Explain {asked.findings[0].rule_id or asked.findings[0].tool}"
        async with FixProgress(self._server, title, cancellation, is_shown=self._powers.can_show_progress):
            try:
                said = await self.threads.run(
                    partial(self._fixing.fixes_of(asked.place.root).explain, asked.findings[0], texts), cancellation
                )
            except PatchtrailError as error:
                return self._offer.tell(error.message)
        if cancellation.is_cancelled:
            return self._offer.tell(CANCELLED, lsp.MessageType.Info)
        told = self._offer.tell(said, lsp.MessageType.Info)
        return told.model_copy(update={"explanation": said})

    async def settle(self, fix_id: str, outcome: Outcome) -> bool:
        """Record what a person did with a fix; False when it is not remembered."""
        root, attempts = self.cache.attempts(fix_id)
        if root is None:
            return False
        fixes = self._fixing.fixes_of(root)

        def work(_never: Cancellation) -> None:
            for attempt_id in attempts:
                fixes.outcome(attempt_id, outcome)

        await self.threads.run(work, Cancellation())
        return True

    def close(self) -> None:
        """Stop what is running."""
        self.threads.close()

    # --- one fix

    async def _fix(self, target: FixTarget) -> FixDone:
        asked = self._asked(target)
        if isinstance(asked, str):
            return await self._applied_already(target) or self._offer.tell(asked)
        cancellation = Cancellation()
        async with FixProgress(
            self._server, asked.title, cancellation, is_shown=self._powers.can_show_progress
        ) as progress:
            try:
                result = self.cache.find(target) or await self._find(asked, cancellation, progress.report)
                result = await self._made_fresh(asked, result, cancellation)
            except PatchtrailError as error:
                return self._offer.tell(CANCELLED if cancellation.is_cancelled else error.message)
        if cancellation.is_cancelled:
            return self._offer.tell(CANCELLED, lsp.MessageType.Info)
        if result.patch is None:
            return self._offer.tell(result.message or CHANGED)
        return self._offer.tell(why) if (why := self._offer.why_not(result.patch)) else await self._hand(asked, result)

    async def _find(self, asked: Asked, cancellation: Cancellation, report: Callable[[str], None]) -> FixResult:
        texts = self.places.texts(asked.place.root)
        request = FixRequest(asked.findings)

        def work(token: Cancellation) -> FixResult:
            return self._fixing.fixes_of(asked.place.root).fix(request, texts, token, report)

        result = await self.threads.run(work, cancellation)
        self.cache.keep(asked.target, result)
        return result

    async def _made_fresh(self, asked: Asked, result: FixResult, cancellation: Cancellation) -> FixResult:
        """Return the result for the texts as they are now, or one without a patch that says why."""
        root = asked.place.root
        if result.patch is None or cancellation.is_cancelled or self._offer.is_fresh(root, result.patch):
            return result
        texts = self.places.texts(root)
        again = await self.threads.run(partial(self._fixing.fixes_of(root).revalidate, result, texts), cancellation)
        if again.patch is not None and not self._offer.is_fresh(root, again.patch):
            return replace(again, patch=None, message=CHANGED)
        return again

    async def _hand(self, asked: Asked, result: FixResult) -> FixDone:
        """Show the patch where it must be, apply it, and record what became of it."""
        patch, root = result.patch, asked.place.root
        fix_id = self._begin(root, result)
        if patch is None:
            return self._offer.tell(result.message)
        is_shown = self._is_shown(result)
        if is_shown and not self._offer.asks_by_itself:
            is_wanted = await self._offer.is_wanted(
                root, patch, title=asked.title, fix_id=fix_id, is_rechecked=result.is_rechecked
            )
            if not is_wanted:
                await self._refused(asked, fix_id)
                return FixDone(is_applied=False, message="Discarded; nothing was changed.", fix_id=fix_id)
        if not self._offer.is_fresh(root, patch):
            return self._offer.tell(CHANGED_MEANWHILE)
        is_asked = is_shown and self._offer.asks_by_itself
        why = await self._offer.apply(root, patch, label=asked.title, fix_id=fix_id, is_asked=is_asked)
        if why is not None:
            if is_asked:
                await self._refused(asked, fix_id)
            return self._offer.tell(f"The patch was not applied: {why}.")
        await self.settle(fix_id, "accepted")
        if result.unfixed and result.message:
            self._offer.tell(result.message, lsp.MessageType.Info)
        return FixDone(is_applied=True, message=result.message, fix_id=fix_id)

    async def _refused(self, asked: Asked, fix_id: str) -> None:
        self.cache.forget(asked.target)
        await self.settle(fix_id, "rejected")

    async def _applied_already(self, target: FixTarget) -> FixDone | None:
        """Where the editor applied a resolved action's edit, its command comes after it: there is nothing to do."""
        found, place = self.cache.find(target), self.places.of(target.uri)
        if found is None or found.patch is None or place is None or not self._offer.is_done(place.root, found.patch):
            return None
        fix_id = self._begin(place.root, found)
        await self.settle(fix_id, "accepted")
        return FixDone(is_applied=True, message="", fix_id=fix_id)

    # --- what is asked for

    def _asked(self, target: FixTarget) -> Asked | str:
        """Return what a command is about, or why it cannot be done."""
        document, place = self._server.workspace.text_documents.get(target.uri), self.places.of(target.uri)
        if not self.settings.fixes_enabled:
            return OFF
        if not self.is_trusted:
            return UNTRUSTED
        if place is None or document is None:
            return OUTSIDE
        if target.version is not None and document.version != target.version:
            return MOVED_ON
        whole = self.known.whole(target)
        diagnostics = [whole.diagnostic] if whole.diagnostic else self.known.of(target.uri, target.version)
        found = [self.more_of(finding_of(one, place.file_path), place) for one in diagnostics]
        findings = tuple(
            dict.fromkeys(one for one in found if target.diagnostic or self._fixing.can_fix(place.root, one))
        )
        return Asked(target, place, findings) if findings else GONE

    @property
    def _is_on(self) -> bool:
        return self.settings.fixes_enabled and self.is_trusted

    def _is_shown(self, result: FixResult) -> bool:
        if result.needs_preview or not result.is_rechecked:
            return True
        return self.settings.fixes_preview == "always"

    def _begin(self, root: Path, result: FixResult) -> str:
        fix_id = draw_fix_id()
        self.cache.remember_attempts(fix_id, root, result)
        return fix_id


def _target(arguments: Sequence[object]) -> FixTarget:
    return from_lsp.params_of(FixTarget, arguments[0] if arguments else None)
