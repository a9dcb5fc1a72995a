"""Offering a patch that was found: still fresh, shown where it must be, applied in the version that it was made for."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

from lsprotocol import types as lsp
from pydantic import ValidationError
from pygls.exceptions import JsonRpcException

from patchtrail.contract.lsp_fixes import FIX_PREVIEW, FixChoice, FixDone, FixPreview, PreviewFile
from patchtrail.editor import to_lsp
from patchtrail.editor.client_powers import ClientPowers
from patchtrail.editor.fix_places import Place, Places
from patchtrail.editor.patch_edits import PlacedPatch
from patchtrail.editor.server import SidecarServer
from patchtrail.patching import Patch

__all__ = ["APPLY", "FixOffer", "draw_fix_id"]

APPLY, DISCARD = "Apply", "Discard"
MOST_SHOWN = 1_500


class FixOffer:
    """The ways in which one client shows and takes patches."""

    def __init__(self, server: SidecarServer, places: Places, powers: ClientPowers) -> None:
        self._server, self._places, self._powers = server, places, powers

    def is_fresh(self, root: Path, patch: Patch) -> bool:
        """Return whether every file holds what the patch was made for."""
        texts = self._places.texts(root)
        return all(texts.read(one.file_path) == one.before for one in patch.files)

    def is_done(self, root: Path, patch: Patch) -> bool:
        """Return whether every file holds what the patch makes of it."""
        texts = self._places.texts(root)
        return all(texts.read(one.file_path) == one.after for one in patch.files)

    def edit(self, root: Path, patch: Patch, *, label: str, fix_id: str, is_asked: bool) -> lsp.WorkspaceEdit:
        """Return the patch as an edit of the documents as they are now."""
        files = [self._placed(root, one.file_path, one.before, one.after) for one in patch.files]
        return to_lsp.workspace_edit(files, self._powers, label=label, fix_id=fix_id, needs_confirmation=is_asked)

    def why_not(self, patch: Patch) -> str | None:
        """Return why this client cannot take the patch; None when it can."""
        if any(one.before is None for one in patch.files) and not (
            self._powers.can_version and self._powers.can_create
        ):
            return "The patch adds a file, and this editor takes no new files from a language server."
        return None

    @property
    def shows_diffs(self) -> bool:
        """Whether the client shows a diff for our own request."""
        return FIX_PREVIEW in self._powers.abilities

    @property
    def asks_by_itself(self) -> bool:
        """Whether the client shows the edit and asks, before it applies it."""
        return not self.shows_diffs and self._powers.can_annotate and self._powers.can_version

    async def is_wanted(self, root: Path, patch: Patch, *, title: str, fix_id: str, is_rechecked: bool) -> bool:
        """Show the patch and return whether it may be applied."""
        if not self.shows_diffs:
            return await self._is_confirmed(patch, title)
        files = [
            PreviewFile(
                uri=self._places.uri(Place(root, one.file_path)),
                file_path=one.file_path,
                before=one.before,
                after=one.after,
            )
            for one in patch.files
        ]
        shown = FixPreview(fix_id=fix_id, title=title, is_rechecked=is_rechecked, files=files)
        try:
            answer = await self._server.protocol.send_request_async(FIX_PREVIEW, shown.model_dump(mode="json"))
            return FixChoice.model_validate(answer).is_applied
        except (JsonRpcException, ValidationError):
            return False

    async def apply(self, root: Path, patch: Patch, *, label: str, fix_id: str, is_asked: bool) -> str | None:
        """Apply it; return why the client did not, or None."""
        edit = self.edit(root, patch, label=label, fix_id=fix_id, is_asked=is_asked)
        try:
            answer = await self._server.workspace_apply_edit_async(lsp.ApplyWorkspaceEditParams(edit, label=label))
        except JsonRpcException as error:
            return error.message
        return None if answer.applied else (answer.failure_reason or "the editor refused the edit")

    def tell(self, message: str, kind: lsp.MessageType = lsp.MessageType.Warning) -> FixDone:
        """Say something to the person whose command it answers."""
        self._server.window_show_message(lsp.ShowMessageParams(kind, f"Patchtrail: {message}"))
        return FixDone(is_applied=False, message=message)

    async def _is_confirmed(self, patch: Patch, title: str) -> bool:
        diff = patch.diff_unified
        cut = diff if len(diff) <= MOST_SHOWN else f"{diff[:MOST_SHOWN]}\n…"
        actions = [lsp.MessageActionItem(APPLY), lsp.MessageActionItem(DISCARD)]
        asked = lsp.ShowMessageRequestParams(lsp.MessageType.Info, f"Patchtrail: {title}\n{cut}", actions)
        try:
            chosen = await self._server.window_show_message_request_async(asked)
        except JsonRpcException:
            return False
        return chosen is not None and chosen.title == APPLY

    def _placed(self, root: Path, file_path: str, before: str | None, after: str) -> PlacedPatch:
        place = Place(root, file_path)
        document = self._places.document(place)
        codec = self._server.workspace.position_codec
        units: Callable[[str], int] = codec.client_num_units
        version = document.version if document else None
        return PlacedPatch(self._places.uri(place), version, before, after, units)


def draw_fix_id() -> str:
    """Return a new fix's id."""
    return uuid.uuid4().hex[:16]
