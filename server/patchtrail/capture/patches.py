"""Patches of one session: attempts at them, what became of them, and whether they survived. Knows no model.

A diff is made of redacted texts, as an edit's is. Prompt and response are kept as redacted artifacts where the consent
covers them; else only their sizes and keyed hashes are told.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from patchtrail.capture.edits import MAX_INLINE_DIFF_CHARS, TEXT_TYPE, EditRecorder
from patchtrail.capture.files import Files
from patchtrail.capture.roots import Place
from patchtrail.capture.snapshots import read_text
from patchtrail.capture.survival import Survivals, Traced
from patchtrail.contract.attempt import AttemptRecord, FindingRecord
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.event_lines import EventData
from patchtrail.contract.lsp import EditTexts
from patchtrail.contract.patch_events import (
    MAX_FINDINGS,
    AttemptedFinding,
    OutcomeEvidence,
    PatchAttempt,
    PatchOutcome,
    PatchOutcomeKind,
    fields_of_record,
)
from patchtrail.text import diff, diff_of_names

__all__ = ["PatchedFile", "Patches"]

MAX_MESSAGE_CHARS = 2_000
MAX_PATHS = 100
ENDS = frozenset({"undone", "rejected"})


class PatchedFile(Protocol):
    """One file of a patch, by its path relative to the root that was asked in; `before` is None for a new file."""

    @property
    def file_path(self) -> str:
        """POSIX, relative."""

    @property
    def before(self) -> str | None:
        """The text before."""

    @property
    def after(self) -> str:
        """The text after."""


class Patches:
    """Turns what is told of patches into events. Runs on the worker's thread."""

    def __init__(
        self,
        edits: EditRecorder,
        files: Files,
        append: Callable[[EventData], int],
        remember_texts: Callable[[int, EditTexts], None],
        *,
        has_texts: bool,
    ) -> None:
        self._edits = edits
        self._files = files
        self._append = append
        self._remember_texts = remember_texts
        self._has_texts = has_texts
        self._survivals = Survivals()

    def attempt(self, record: AttemptRecord, root: Path, files: Sequence[PatchedFile]) -> int | None:
        """Record an attempt; None when each of its findings is in a file that is left out of the recording.

        Paths of the record and of `files` are relative to `root`. Raises `InvalidInput` when the record does not
        make an event.
        """
        asked = record.findings or [record.finding]
        findings = [*self._findings(asked, root)]
        if not findings:
            return None
        places = [(self._place(root, one.file_path), one) for one in files]
        shown = [(place, one) for place, one in places if place is not None and self._is_shown(place)]
        texts = [self._texts(place, one) for place, one in shown]
        told = "".join(_diff_of(one) for one in texts)
        # A text about a file that is never captured, or is hidden, may quote it.
        is_kept = self._has_texts and len(shown) == len(files) and len(findings) == len(asked)
        is_kept = is_kept and all(one.message for one in findings)
        is_long = len(told) > MAX_INLINE_DIFF_CHARS
        fields: dict[str, Any] = {
            **fields_of_record(record),
            **self._said("prompt", record.prompt, is_kept=is_kept),
            **self._said("response", record.llm_response, is_kept=is_kept),
            "findings": findings[:MAX_FINDINGS],
            "findings_omitted": len(asked) - len(findings[:MAX_FINDINGS]),
            "diff_unified": "" if is_long else told,
            "diff_artifact": self._edits.store(told, "text/x-diff") if is_long else None,
            "files_withheld": len(files) - len(shown),
        }
        seq = self._append(_event(fields))
        if len(texts) == 1:
            name, before, after = texts[0]
            self._remember_texts(seq, EditTexts(file_path=name, before=before or "", after=after))
        if record.status in ("offered", "accepted") and shown:
            self._offer(record, shown)
        return seq

    def outcome(
        self,
        attempt_id: str,
        outcome: PatchOutcomeKind,
        root: Path,
        file_paths: Sequence[str],
        *,
        after_ms: int,
        evidence: OutcomeEvidence,
    ) -> int | None:
        """Record what became of a patch; None when all of its files are left out of the recording."""
        places = [place for path in file_paths if (place := self._place(root, path)) is not None]
        if file_paths and not places:
            return None
        seq = self._append(
            PatchOutcome(
                attempt_id=attempt_id,
                outcome=outcome,
                file_paths=[place.relative for place in places][:MAX_PATHS],
                after_ms=max(0, after_ms),
                evidence=evidence,
                root=places[0].root.name if places else "",
            )
        )
        if outcome == "accepted":
            self._survivals.accepted(attempt_id, self._now_ms)
        elif outcome in ENDS:
            self._survivals.dropped(attempt_id)
        return seq

    def saved(self, path: Path) -> None:
        """Count a save that was recorded, and tell of the patches that have seen enough of them."""
        for attempt_id in self._survivals.saved(path):
            self._tell(attempt_id)

    def settle(self) -> None:
        """Tell of every accepted patch as it stands: the session ends."""
        for attempt_id in self._survivals.followed:
            self._tell(attempt_id)

    def moved(self, old: Path, new: Path) -> None:
        """Follow files to their new paths."""
        self._survivals.moved(old, new)

    def forget(self, since_ms: int) -> None:
        """Tell nothing more of patches whose events are forgotten."""
        self._survivals.forget(since_ms)

    @property
    def _now_ms(self) -> int:
        return self._edits.log.mono_ms()

    def _tell(self, attempt_id: str) -> None:
        saved = self._edits.snapshots.saved
        paths = list(self._survivals.paths(attempt_id))
        texts = {path: _text_now(path, saved.get(path)) for path in paths}
        one = self._survivals.take(attempt_id, texts)
        self._append(
            PatchOutcome(
                attempt_id=one.attempt_id,
                outcome=one.standing.outcome,
                file_paths=one.file_paths[:MAX_PATHS],
                after_ms=max(0, self._now_ms - one.accepted_ms),
                evidence="saves",
                lines_changed=one.standing.changed,
                lines_standing=one.standing.standing,
                root=one.root,
            )
        )

    def _offer(self, record: AttemptRecord, shown: Sequence[tuple[Place, PatchedFile]]) -> None:
        key = self._edits.key
        traced = [(place.relative, Traced(place.path, one.before, one.after, key)) for place, one in shown]
        self._survivals.offered(record.attempt_id, shown[0][0].root.name, traced, self._now_ms)

    def _place(self, root: Path, relative: str) -> Place | None:
        """Return where a file of a report is; None when nothing of it is recorded."""
        try:
            path = (root / relative).resolve()
        except (OSError, ValueError):
            return None
        return None if self._files.is_left_out(path) else self._files.roots.place_of(path)

    def _is_shown(self, place: Place) -> bool:
        is_hidden = self._edits.snapshots.hides(place.path, self._edits.key_of(place))
        return not is_hidden and not self._edits.redactor.denies(place.relative)

    def _findings(self, records: Sequence[FindingRecord], root: Path) -> Iterator[AttemptedFinding]:
        for one in records:
            place = self._place(root, one.file_path)
            if place is None:
                continue
            # What a tool says of a file that is never captured may quote it.
            message = one.message if self._is_shown(place) else ""
            yield AttemptedFinding(
                tool=one.tool,
                rule_id=one.rule_id,
                file_path=place.relative,
                line=one.line,
                message=self._edits.redactor.text(message)[:MAX_MESSAGE_CHARS],
                root=place.root.name,
            )

    def _texts(self, place: Place, one: PatchedFile) -> tuple[str, str | None, str]:
        redact = self._edits.redactor.text
        return redact(place.relative), None if one.before is None else redact(one.before), redact(one.after)

    def _said(self, name: str, text: str, *, is_kept: bool) -> dict[str, Any]:
        """Return what is told of a prompt or a response."""
        redacted = self._edits.redactor.text(text)
        content = redacted.encode("utf-8", "replace")
        return {
            f"{name}_artifact": self._edits.store(redacted, TEXT_TYPE) if is_kept and content else None,
            f"{name}_size_bytes": len(content),
            f"{name}_hash": hmac.new(self._edits.key, content, hashlib.sha256).hexdigest() if content else None,
        }


def _diff_of(texts: tuple[str, str | None, str]) -> str:
    name, before, after = texts
    return diff_of_names("", after, "/dev/null", f"b/{name}") if before is None else diff(before, after, name)


def _event(fields: dict[str, Any]) -> PatchAttempt:
    try:
        return PatchAttempt.model_validate(fields)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False)
        )
        raise InvalidInput(f"The attempt makes no event: {faults}", code="bad_attempt") from None


def _text_now(path: Path, saved: str | None) -> str | None:
    """Return what a file holds; of an open document what was saved last, where the disk has it too."""
    if not path.is_file():
        return None
    on_disk = read_text(path)
    return saved if on_disk is None else on_disk
