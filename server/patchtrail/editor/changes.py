"""patchtrail/changes/report: what the client saw of a document's changes, right before it tells of the save."""

from __future__ import annotations

from patchtrail.contract.lsp_changes import ChangesReport, ChangesTaken
from patchtrail.editor.from_lsp import file_path
from patchtrail.editor.sidecar import Sidecar

__all__ = ["report"]


def report(sidecar: Sidecar, told: ChangesReport) -> ChangesTaken:
    """Hand the facts to the recorder; they count only while it records."""
    path = file_path(told.uri)
    if path is None:
        return ChangesTaken(is_taken=False)
    sidecar.recorder.changed(path, told.groups, is_whole=told.is_whole)
    return ChangesTaken(is_taken=sidecar.recorder.state.state == "recording")
