"""One trace's folder in the spool. The directory is the state: what a file is called says what happened to it.

::

    <trace_id>/
      opening.json      how the trace opened: envelopes, genesis, clock base
      redact.key        the session's redaction key; never leaves the machine
      lock              held by the one process that owns the trace; what is written in it means nothing
      wanted            another sidecar asks the owner to give it up
      active.jsonl      event lines being appended
      000000.seg        a sealed segment: the same lines, renamed
      000000.env        the signed manifest of that segment
      000000.begun      its upload began: it may have left this machine
      000000.rcpt       manifest and receipt, after which .seg and .env are unlinked
      000000.gone       the manifest of a chunk that was forgotten on its way, until the collector has answered
      000000.forget     a signed deletion request that waits for its answer
      000000.forgotten  a deletion request and its signed answer; the participant's proof
      forgetting.json   a forgetting that is not carried out yet; it is done again until it is
      coverage.jsonl    the events that the coverage ledger is made of
      off_record.json   until when nothing is recorded
      hidden            something was forgotten or off the record: texts of that time must not become bases
      base.json         which of the artifacts is the base snapshot, until the end names it
      artifacts/        blobs by SHA-256
      quarantine/       what was damaged (.damaged), and why the collector will never take a chunk (.why)
      drafts.json       notes that are not confirmed yet, redacted
      complete.json     the collector's last word
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError

from patchtrail.contract.collection import TraceRequest
from patchtrail.contract.errors import SpoolUnavailable
from patchtrail.contract.events import StartKind
from patchtrail.contract.wire import JwkThumbprint, Millis, Sha256, TraceId, WireModel
from patchtrail.delivery.disk import SYSTEM_DISK, Disk
from patchtrail.delivery.durable import make_folder, write_whole

__all__ = ["SPOOL_VERSION", "FolderLock", "TraceFolder", "TraceOpening"]

SPOOL_VERSION = 1


class _Version(WireModel):
    """What every version of `opening.json` says, whatever else it does."""

    spool_version: int = Field(default=SPOOL_VERSION, ge=1)


class TraceOpening(WireModel):
    """`opening.json`: what a sidecar that comes later needs to go on with the trace."""

    spool_version: int = SPOOL_VERSION
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

    def __init__(self, path: Path, disk: Disk = SYSTEM_DISK) -> None:
        self.path = path
        self.disk = disk
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

    @property
    def forgetting(self) -> Path:
        """Present while events are being forgotten."""
        return self.path / "forgetting.json"

    @property
    def coverage(self) -> Path:
        """The events that the coverage ledger is made of."""
        return self.path / "coverage.jsonl"

    @property
    def off_record(self) -> Path:
        """Until when nothing is recorded."""
        return self.path / "off_record.json"

    @property
    def hidden(self) -> Path:
        """Present once something was forgotten or off the record."""
        return self.path / "hidden"

    @property
    def base(self) -> Path:
        """What is told of the base snapshot, until the end names it."""
        return self.path / "base.json"

    def begun(self, n: int) -> Path:
        """Return the path of the mark that a chunk's upload began."""
        return self.path / f"{n:06d}.begun"

    def gone(self, n: int) -> Path:
        """Return the path of the manifest of a chunk that was forgotten on its way."""
        return self.path / f"{n:06d}.gone"

    def request(self, k: int) -> Path:
        """Return the path of a deletion request that waits."""
        return self.path / f"{k:06d}.forget"

    def deletion(self, k: int) -> Path:
        """Return the path of a deletion request with its answer."""
        return self.path / f"{k:06d}.forgotten"

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
        stems = [name.removesuffix(suffix) for name in self.disk.names(self.path) if name.endswith(suffix)]
        return sorted(int(stem) for stem in stems if stem.isascii() and stem.isdigit())

    def create(self, opening: TraceOpening, redact_key: bytes) -> None:
        """Lay down a new trace's folder; with its last file, the opening, it is there."""
        make_folder(self.path, self.disk)
        make_folder(self.path / "artifacts", self.disk)
        write_whole(self.redact_key, redact_key, self.disk)
        write_whole(self.path / "opening.json", opening.model_dump_json().encode(), self.disk)

    @property
    def is_half_made(self) -> bool:
        """Whether it was left before it had an opening: nothing was ever recorded in it."""
        made_first = {"artifacts", "lock", "redact.key", ".redact.key.tmp", ".opening.json.tmp"}
        return set(self.disk.names(self.path)) <= made_first and not self.disk.names(self.path / "artifacts")

    def opening(self) -> TraceOpening:
        """Read how the trace opened.

        Raises `SpoolUnavailable` when the file is missing, damaged, of a later version, or another trace's.
        """
        try:
            content = self.disk.read(self.path / "opening.json")
            if _Version.model_validate_json(content).spool_version > SPOOL_VERSION:
                raise SpoolUnavailable(
                    "a later version of Patchtrail wrote it; it is left as it is, for that version",
                    code="later_version",
                )
            opening = TraceOpening.model_validate_json(content)
        except (OSError, ValidationError) as error:
            raise SpoolUnavailable(
                f"{self.trace_id}/opening.json cannot be read; the trace is left as it is.", code="spool_damaged"
            ) from error
        if opening.trace_id != self.trace_id:
            raise SpoolUnavailable(
                f"it is a copy of {opening.trace_id} under another name; it is left as it is", code="copied_trace"
            )
        return opening


class FolderLock:
    """The mark that one process owns a trace; the system drops it when the process dies."""

    def __init__(self, folder: TraceFolder) -> None:
        self._disk = folder.disk
        try:
            self._descriptor = folder.disk.lock(folder.path / "lock")
        except BlockingIOError as error:
            raise SpoolUnavailable(
                f"{folder.trace_id} belongs to another running sidecar.", code="trace_locked"
            ) from error
        except OSError as error:
            raise SpoolUnavailable(
                f"{folder.trace_id} cannot be locked ({error.strerror}): the spool must lie on a local disk that "
                "supports locks, and be yours.",
                code="cannot_lock",
            ) from error

    def release(self) -> None:
        """Give the trace up."""
        self._disk.close(self._descriptor)
