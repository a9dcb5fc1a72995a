"""Saves become `file_edit` events: the diff from what the trace recorded before to what was saved now."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from patchtrail.capture.log import TraceLog
from patchtrail.capture.repository import Repository
from patchtrail.capture.snapshots import BOM, Snapshots
from patchtrail.capture.terminal import sound_text
from patchtrail.contract.artifact import ArtifactRef
from patchtrail.contract.files import FileEdit, SaveReason
from patchtrail.contract.lsp import EditTexts
from patchtrail.integrity import digest
from patchtrail.redaction import Redactor
from patchtrail.text import diff

__all__ = ["MAX_INLINE_DIFF_CHARS", "Edit", "EditRecorder"]

MAX_INLINE_DIFF_CHARS = 64_000
MAX_FILE_CHARS = 8_000_000


@dataclass(frozen=True)
class Edit:
    """A save as an event, and the redacted texts that it leads from and to; without them it was withheld."""

    event: FileEdit
    texts: EditTexts | None


class EditRecorder:
    """Turns saves into edits that replay, from the start commit or from a stored base, to the same bytes."""

    def __init__(self, log: TraceLog, redactor: Redactor, repository: Repository, snapshots: Snapshots) -> None:
        self._log = log
        self.redactor = redactor
        self._repository = repository
        self.snapshots = snapshots

    def edit_of(self, path: Path, text: str, *, before: str | None, reason: SaveReason = "unknown") -> Edit | None:
        """Return the edit of a save, or None when nothing changed.

        `before` is the text that was saved last, as far as anybody knows; it only counts on a file's first edit.
        """
        raw_path = path.relative_to(self._repository.root).as_posix()
        if self.redactor.denies(raw_path):
            return Edit(self._withheld(raw_path, "denied_path", path, reason), None)
        text = _as_on_disk(path, sound_text(text))
        if len(text) > MAX_FILE_CHARS:
            return Edit(self._withheld(raw_path, "too_large", path, reason), None)
        shown_path, after = self.redactor.text(raw_path), self.redactor.text(text)
        is_hidden = self.snapshots.reveal(path, raw_path)
        shown_before = before and _as_on_disk(path, sound_text(before))
        # Of what a hidden file held before nothing is recorded: it begins with this very text.
        hidden_base = (after, self._stored_base(after)) if is_hidden else None
        base_text, base_artifact = hidden_base or self._base(raw_path, shown_path, shown_before)
        if base_text == after and not is_hidden:
            return None
        self.snapshots.recorded[raw_path] = after
        event = self._edit(shown_path, base_text, after, base_artifact).model_copy(update={"save_reason": reason})
        return Edit(event, EditTexts(file_path=shown_path, before=base_text, after=after))

    def _base(self, raw_path: str, shown_path: str, before: str | None) -> tuple[str, ArtifactRef | None]:
        """Return the redacted text that the edit starts from, and the artifact that holds it if replay needs one."""
        recorded = self.snapshots.recorded.get(raw_path)
        if recorded is not None:
            return recorded, None
        start = self._repository.start_text(raw_path) or ""
        base_text = self.redactor.text(start if before is None else before)
        if base_text == start and shown_path == raw_path and not self.snapshots.needs_bases:
            return base_text, None
        return base_text, self._stored_base(base_text)

    def _stored_base(self, text: str) -> ArtifactRef:
        return self._log.store(text.encode("utf-8", "replace"), "text/plain; charset=utf-8")

    def _edit(self, shown_path: str, before: str, after: str, base_artifact: ArtifactRef | None) -> FileEdit:
        text = diff(before, after, shown_path)
        content = after.encode("utf-8", "replace")
        is_long = len(text) > MAX_INLINE_DIFF_CHARS
        return FileEdit(
            file_path=shown_path,
            diff_unified="" if is_long else text,
            diff_artifact=self._log.store(text.encode("utf-8", "replace"), "text/x-diff") if is_long else None,
            base_artifact=base_artifact,
            buffer_hash_after=digest.sha256(content),
            is_replayable=True,
            withheld=None,
            size_bytes=len(content),
            evidence="unknown",
        )

    def _withheld(self, raw_path: str, why: str, path: Path, reason: SaveReason) -> FileEdit:
        return FileEdit.model_validate(
            {
                "file_path": self.redactor.text(raw_path),
                "diff_unified": "",
                "diff_artifact": None,
                "base_artifact": None,
                "buffer_hash_after": None,
                "is_replayable": False,
                "withheld": why,
                "size_bytes": path.stat().st_size if path.exists() else 0,
                "evidence": "unknown",
                "save_reason": reason,
            }
        )


def _as_on_disk(path: Path, text: str) -> str:
    """Return a document's text with the byte order mark that editors hide, if its file starts with one."""
    if text.startswith(BOM):
        return text
    try:
        with path.open("rb") as file:
            return BOM + text if file.read(3) == BOM.encode() else text
    except OSError:
        return text
