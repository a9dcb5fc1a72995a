"""Files become events: the diff from what the trace recorded before to what was saved, or found on disk, now."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from patchtrail.capture.content import Content, content_saved
from patchtrail.capture.log import TraceLog
from patchtrail.capture.roots import Place, Roots
from patchtrail.capture.snapshots import Snapshots
from patchtrail.capture.terminal import sound_text
from patchtrail.contract.artifact import ArtifactRef
from patchtrail.contract.files import (
    AuthorShare,
    EditEvidence,
    FileCreate,
    FileEdit,
    NotebookCell,
    SaveReason,
    SeenBy,
    Withheld,
)
from patchtrail.contract.lsp import EditTexts
from patchtrail.integrity import digest
from patchtrail.redaction import Redactor
from patchtrail.text import diff
from patchtrail.trace.tree import Key, TreeFile

__all__ = ["MAX_INLINE_DIFF_CHARS", "Edit", "EditRecorder", "Source"]

MAX_INLINE_DIFF_CHARS = 64_000
TEXT_TYPE = "text/plain; charset=utf-8"
CHANGED_LINE = re.compile(r"^[+-](?!\+\+ |-- )(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Edit:
    """A save or a creation as an event, and the redacted texts that it leads from and to, unless it was withheld."""

    event: FileEdit | FileCreate
    texts: EditTexts | None


@dataclass(frozen=True)
class Source:
    """How a change became known, and what is known of who made it."""

    seen_by: SeenBy = "save"
    evidence: EditEvidence = "unknown"
    reason: SaveReason = "unknown"
    authorship: Sequence[AuthorShare] = ()
    cause: Sequence[str] = ()
    """Why it is taken for an external change: the reasons of its one share of authorship."""
    certainty_milli: int = 0


@dataclass(frozen=True)
class _Ground:
    """The redacted text that an edit starts from; `is_brought` when replay cannot have it, `encoding` where known."""

    text: str
    encoding: str | None = None
    is_brought: bool = False
    is_itself: bool = False


class EditRecorder:
    """Turns contents into edits that replay, from the start commit or from a stored base, to the same bytes."""

    def __init__(self, log: TraceLog, redactor: Redactor, roots: Roots, snapshots: Snapshots, key: bytes) -> None:
        self.log = log
        self.redactor = redactor
        self.roots = roots
        self.snapshots = snapshots
        self.key = key
        self.from_start = set[str]()
        """Files of the first root that the trace takes to be what the start commit holds."""

    def edit_of(
        self,
        path: Path,
        text: str,
        *,
        before: str | None,
        reason: SaveReason = "unknown",
        evidence: EditEvidence = "unknown",
        authorship: Sequence[AuthorShare] = (),
    ) -> Edit | None:
        """Return the edit of a save, or None when nothing changed.

        `before` is the text that was saved last, as far as anybody knows; it only counts on a file's first edit.
        """
        place = self.roots.place_of(path)
        if place is None:
            return None
        source = Source("save", evidence, reason, authorship)
        if self.redactor.denies(place.relative):
            return self.denied(place, source)
        content = content_saved(path, text, self.key, self.known_encoding(place))
        if before is not None and content.text is not None:
            before = _marked_alike(sound_text(before), content.text)
        return self.change(place, content, before=before, source=source)

    def change(
        self, place: Place, content: Content, *, before: str | None, source: Source, is_new: bool = False
    ) -> Edit | None:
        """Return the edit (or the creation, where the file `is_new`) that leads to `content`; None when it is there."""
        key = self.key_of(place)
        if content.text is None:
            return self._withheld(place, content, source, is_new=is_new)
        after = self.redactor.text(content.text)
        # Of what a hidden file held before nothing is recorded: it begins with this very text.
        is_hidden = self.snapshots.reveal(place.path, key)
        # An empty file that the trace does not have would make no difference that an edit could tell.
        is_new = not is_hidden and (is_new or (not after and not self.snapshots.tree.has(key)))
        ground = _Ground("") if is_new else self._ground(place, key, before, after, is_hidden=is_hidden)
        is_same_encoding = ground.encoding is None or ground.encoding == content.encoding
        if ground.text == after and is_same_encoding and not ground.is_itself and not is_new:
            return None
        base = self.log.store(ground.text.encode("utf-8", "replace"), TEXT_TYPE) if ground.is_brought else None
        told = self.content_fields(key, ground.text, after, source) | {"base_artifact": base}
        self.snapshots.record(key, TreeFile(after, content.encoding))
        event = (FileCreate if is_new else FileEdit).model_validate(told | {"encoding": content.encoding})
        return Edit(event, EditTexts(file_path=key[1], before=ground.text, after=after))

    def denied(self, place: Place, source: Source, *, is_new: bool = False) -> Edit | None:
        """Return the edit of a file whose content is never read."""
        try:
            size = place.path.stat().st_size
        except OSError:
            size = 0
        return self._withheld(place, Content(None, "utf-8", "denied_path", size, None), source, is_new=is_new)

    def key_of(self, place: Place) -> Key:
        """Return how the trace names a file: its root, and its path, redacted."""
        return place.root.name, self.redactor.text(place.relative)

    def known_encoding(self, place: Place) -> str | None:
        """Return the encoding that a file was recorded in last."""
        recorded = self.snapshots.tree.files.get(self.key_of(place))
        return None if recorded is None else recorded.encoding

    def is_trusted(self, place: Place, key: Key) -> bool:
        """Return whether replay can start a file at the start commit."""
        is_known = not self.snapshots.needs_bases and key not in self.snapshots.tree.unknown
        return is_known and place.root.is_declared

    def note_start(self, key: Key) -> None:
        """Note that a file is told of as the start commit holds it: no base is brought along."""
        first = self.snapshots.tree.started_as(key)
        if first is not None and not first[0] and self.snapshots.tree.starts(key):
            self.from_start.add(first[1])

    def content_fields(
        self, key: Key, before: str, after: str, source: Source, cell: NotebookCell | None = None
    ) -> dict[str, Any]:
        """Return the fields that tell how a text became another."""
        text = diff(before, after, key[1])
        content = after.encode("utf-8", "replace")
        is_long = len(text) > MAX_INLINE_DIFF_CHARS
        fields = {
            "diff_unified": "" if is_long else text,
            "diff_artifact": self.log.store(text.encode("utf-8", "replace"), "text/x-diff") if is_long else None,
            "base_artifact": None,
            "buffer_hash_after": digest.sha256(content),
            "is_replayable": True,
            "withheld": None,
            "size_bytes": len(content),
            "cell": cell,
            "authorship": list(source.authorship) or _external(source, text),
        }
        return self._shared(key, source) | fields

    def store(self, text: str, media_type: str) -> ArtifactRef:
        """Keep a redacted text beside the events."""
        return self.log.store(text.encode("utf-8", "replace"), media_type)

    def _ground(self, place: Place, key: Key, before: str | None, after: str, *, is_hidden: bool) -> _Ground:
        if is_hidden:
            return _Ground(after, is_brought=True, is_itself=True)
        recorded = self.snapshots.tree.files.get(key)
        if recorded is not None:
            return _Ground(recorded.text, recorded.encoding)
        is_trusted = self.is_trusted(place, key)
        start = self.snapshots.tree.find(key) if is_trusted else None
        # What stood there and is no text in UTF-8 is no ground to start from.
        is_trusted = is_trusted and (start is not None or not self.snapshots.tree.starts(key))
        if before is None:
            before = start.text if start is not None else self.roots.nested_text(place)
        if before is None:
            # Where replay has nothing it starts from nothing; what it has and nobody knows is replaced whole.
            return _Ground("") if is_trusted else _Ground(after, is_brought=True, is_itself=True)
        base = self.redactor.text(before)
        if is_trusted and base == ("" if start is None else start.text):
            self.note_start(key)
            return _Ground(base, None if start is None else start.encoding)
        return _Ground(base, is_brought=True)

    def _withheld(self, place: Place, content: Content, source: Source, *, is_new: bool) -> Edit | None:
        key, why = self.key_of(place), content.withheld or "denied_path"
        if content.keyed_hash is not None and self.snapshots.hashes.get(key) == content.keyed_hash:
            return None
        self.snapshots.hashes[key] = content.keyed_hash
        self.snapshots.tree.forget(key)
        self.snapshots.recount()
        event = self.withheld_fields(key, why, content, source)
        return Edit((FileCreate if is_new else FileEdit).model_validate(event), None)

    def withheld_fields(self, key: Key, why: Withheld, content: Content, source: Source) -> dict[str, Any]:
        """Return the fields that tell that a content is withheld."""
        fields = {
            "diff_unified": "",
            "diff_artifact": None,
            "base_artifact": None,
            "buffer_hash_after": None,
            "is_replayable": False,
            "withheld": why,
            "size_bytes": content.size_bytes,
            "keyed_hash": content.keyed_hash,
            "authorship": list(source.authorship) or _external(source, ""),
        }
        return self._shared(key, source) | fields

    def _shared(self, key: Key, source: Source) -> dict[str, Any]:
        shared = {"file_path": key[1], "root": key[0], "seen_by": source.seen_by, "evidence": source.evidence}
        return shared | {"save_reason": source.reason}


def _external(source: Source, text: str) -> list[AuthorShare]:
    """Return the one share of a change that no editor made."""
    if source.evidence != "external":
        return []
    chars = sum(len(line) for line in CHANGED_LINE.findall(text))
    return [
        AuthorShare(
            source="external", chars=chars, probability_milli=source.certainty_milli, reasons=list(source.cause)
        )
    ]


def _marked_alike(before: str, after: str) -> str:
    """Return the text before with the byte order mark that editors hide, if the file has one now."""
    mark = "\ufeff"
    return mark + before if after.startswith(mark) and not before.startswith(mark) else before
