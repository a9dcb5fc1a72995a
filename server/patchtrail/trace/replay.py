"""Replay a trace's edits on its start commit, and compare each content hash on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from patchtrail.contract.artifact import ArtifactRef
from patchtrail.contract.errors import PatchtrailError
from patchtrail.contract.event_lines import Event, FileEditEvent
from patchtrail.contract.files import FileEdit
from patchtrail.integrity import digest
from patchtrail.integrity.verify import Finding
from patchtrail.text import apply

__all__ = ["Replay", "replay"]


@dataclass
class Replay:
    """The texts that the edits lead to, by path, and where the replay did not agree."""

    texts: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    edits: int = 0

    @property
    def errors(self) -> list[Finding]:
        """The places where the replay does not agree; content that was withheld is none."""
        return [finding for finding in self.findings if finding.weight == "error"]

    @property
    def disagreement(self) -> str | None:
        """What keeps the replay from agreeing, as one sentence; None when it agrees."""
        if self.errors:
            return f"The replay does not agree: {self.errors[0]}"
        if self.findings:
            return f"{len(self.findings)} files were saved whose content is not recorded, so they cannot be replayed."
        return None


def replay(
    events: Iterable[Event], *, start_text: Callable[[str], str | None], artifacts: Mapping[str, bytes]
) -> Replay:
    """Apply every `file_edit` in order.

    `start_text` reads a path at the start commit (None when it is not there); a file whose first edit names a
    base artifact starts at that instead. A file stops at its first disagreement, the others go on.
    """
    result, stopped = Replay(), set[str]()
    for event in events:
        if not isinstance(event, FileEditEvent) or event.data.file_path in stopped:
            continue
        finding = _step(event.seq, event.data, result, start_text, artifacts)
        if finding:
            result.findings.append(finding)
            stopped.add(event.data.file_path)
        else:
            result.edits += 1
    return result


def _step(
    seq: int,
    edit: FileEdit,
    result: Replay,
    start_text: Callable[[str], str | None],
    artifacts: Mapping[str, bytes],
) -> Finding | None:
    where = f"event {seq}, {edit.file_path}"
    if not edit.is_replayable:
        return Finding("replay.withheld", where, f"The content was not captured ({edit.withheld}).", "remark")
    try:
        before = _before(edit, result, start_text, artifacts)
        diff = _text(artifacts, edit.diff_artifact) if edit.diff_artifact else edit.diff_unified
        after = apply(diff, before)
    except PatchtrailError as error:
        return Finding(f"replay.{error.code}", where, error.message)
    except KeyError as error:
        return Finding("replay.artifact_missing", where, f"The artifact {error} is not there.")
    if digest.sha256(after.encode()) != edit.buffer_hash_after:
        return Finding("replay.content_hash", where, "The replayed text is not the one that was saved.")
    result.texts[edit.file_path] = after
    return None


def _before(
    edit: FileEdit,
    result: Replay,
    start_text: Callable[[str], str | None],
    artifacts: Mapping[str, bytes],
) -> str:
    if edit.base_artifact:
        return _text(artifacts, edit.base_artifact)
    if edit.file_path in result.texts:
        return result.texts[edit.file_path]
    return start_text(edit.file_path) or ""


def _text(artifacts: Mapping[str, bytes], ref: ArtifactRef) -> str:
    return artifacts[ref.sha256].decode()
