"""One trace's folder in the spool. The directory is the state: what a file is called says what happened to it.

::

    <trace_id>/
      opening.json      how the trace opened: envelopes, genesis, clock base
      redact.key        the session's redaction key; never leaves the machine
      lock              held by the one process that owns the trace
      wanted            another sidecar asks the owner to give it up
      active.jsonl      event lines being appended
      000000.seg        a sealed segment: the same lines, renamed
      000000.env        the signed manifest of that segment
      000000.rcpt       manifest and receipt, after which .seg and .env are unlinked
      artifacts/        blobs by SHA-256
      quarantine/       what the collector will never take, or what was damaged; kept
      drafts.json       notes that are not confirmed yet, redacted
      complete.json     the collector's last word
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from pydantic import ValidationError

from patchtrail.contract.collection import TraceRequest
from patchtrail.contract.errors import SpoolUnavailable
from patchtrail.contract.events import StartKind
from patchtrail.contract.wire import JwkThumbprint, Millis, Sha256, TraceId, WireModel
from patchtrail.delivery.durable import FILE_MODE, make_folder, write_whole

__all__ = ["FolderLock", "TraceFolder", "TraceOpening"]


class TraceOpening(WireModel):
    """`opening.json`: what a sidecar that comes later needs to go on with the trace."""

    spool_version: int = 1
    trace_id: TraceId
    kind: StartKind
    genesis: Sha256
    request: TraceRequest | None
    grant: str | None
    jkt: JwkThumbprint | None
    root_digest: Sha256
    opened_wall_ms: Millis
    opened_boot_ms: Millis
    boot_id: str


class TraceFolder:
    """The paths of one trace, and what their presence says."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.trace_id = path.name

    @property
    def active(self) -> Path:
        """The segment being appended to."""
        return self.path / "active.jsonl"

    @property
    def complete(self) -> Path:
        """Present once the collector has said that the trace is whole."""
        return self.path / "complete.json"

    @property
    def redact_key(self) -> Path:
        """The session's redaction key."""
        return self.path / "redact.key"

    @property
    def drafts(self) -> Path:
        """Notes that are not confirmed yet."""
        return self.path / "drafts.json"

    @property
    def wanted(self) -> Path:
        """Present while another sidecar waits for the trace."""
        return self.path / "wanted"

    @property
    def quarantine(self) -> Path:
        """What can never be delivered, kept for the participant."""
        return self.path / "quarantine"

    def segment(self, n: int) -> Path:
        """Return the path of a sealed segment."""
        return self.path / f"{n:06d}.seg"

    def envelope(self, n: int) -> Path:
        """Return the path of a segment's signed manifest."""
        return self.path / f"{n:06d}.env"

    def receipt(self, n: int) -> Path:
        """Return the path of a chunk's manifest and receipt."""
        return self.path / f"{n:06d}.rcpt"

    def artifact(self, sha256: str) -> Path:
        """Return the path of a blob."""
        return self.path / "artifacts" / sha256

    def numbers(self, suffix: str) -> list[int]:
        """Return the chunk numbers that have a file with this suffix, in order."""
        return sorted(int(path.stem) for path in self.path.glob(f"*{suffix}") if path.stem.isdigit())

    def create(self, opening: TraceOpening, redact_key: bytes) -> None:
        """Lay down a new trace's folder."""
        make_folder(self.path)
        make_folder(self.path / "artifacts")
        write_whole(self.redact_key, redact_key)
        write_whole(self.path / "opening.json", opening.model_dump_json().encode())

    def opening(self) -> TraceOpening:
        """Read how the trace opened.

        Raises `SpoolUnavailable` when the file is missing, damaged or of a later version.
        """
        try:
            content = (self.path / "opening.json").read_bytes()
            return TraceOpening.model_validate_json(content)
        except (OSError, ValidationError) as error:
            raise SpoolUnavailable(
                f"{self.trace_id}/opening.json cannot be read; the trace is left as it is.", code="spool_damaged"
            ) from error


class FolderLock:
    """The mark that one process owns a trace; the system drops it when the process dies."""

    def __init__(self, folder: TraceFolder) -> None:
        self._descriptor = os.open(folder.path / "lock", os.O_RDWR | os.O_CREAT, FILE_MODE)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._descriptor)
            raise SpoolUnavailable(
                f"{folder.trace_id} belongs to another running sidecar.", code="trace_locked"
            ) from error

    def release(self) -> None:
        """Give the trace up."""
        os.close(self._descriptor)
