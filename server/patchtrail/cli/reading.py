"""What a reader names: a bundle or a trace at a collector, with its evidence; or a trace that nobody signed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from patchtrail.cli.client import CollectorClient
from patchtrail.contract.document import TraceDocument
from patchtrail.contract.errors import InvalidInput, NotFound, StateConflict
from patchtrail.integrity.verify import TraceEvidence, TraceVerdict, verify_trace
from patchtrail.trace import check_coverage, document_in_bundle, read_bundle
from patchtrail.trace.base_snapshot import read_base
from patchtrail.trace.file_tree import FileTree

__all__ = ["Signed", "Source", "Unsigned", "base_at", "read_trace"]


@dataclass(frozen=True)
class Signed:
    """A trace's evidence, and the bundle that holds it."""

    evidence: TraceEvidence
    bundle: bytes

    def told_document(self) -> TraceDocument | None:
        """Return the document that came along in the bundle; it is not signed, and proves nothing."""
        try:
            return TraceDocument.model_validate_json(document_in_bundle(self.bundle))
        except (ValidationError, InvalidInput):
            return None

    def verdict(self, server_key: str | None) -> TraceVerdict:
        """Verify the trace, its coverage ledger included."""
        verdict = verify_trace(self.evidence, pinned_jkt=server_key)
        verdict.findings.extend(check_coverage([held.event for held in verdict.events]))
        return verdict


@dataclass(frozen=True)
class Unsigned:
    """A trace document by itself: whatever it says of its own assurance, it proves nothing."""

    document: TraceDocument


@dataclass(frozen=True)
class Source:
    """Where a trace is: at a collector, by its id, or in a file."""

    collector: str
    name: str
    token: str | None

    @classmethod
    def of(cls, trace: str, collector: str, token: str | None) -> Source:
        """Return what a reader's words name; an address says its collector itself."""
        address = re.fullmatch(r"(https?://.+?)/v1/traces/(trace-[0-9a-f]{32})(?:/bundle)?/?", trace)
        return cls(address[1], address[2], token) if address else cls(collector, trace, token)

    @property
    def is_file(self) -> bool:
        """Whether it is on this machine."""
        return Path(self.name).is_file()


def read_trace(source: Source) -> Signed | Unsigned:
    """Return a trace, unverified; one that came unsigned is its document.

    Raises `NotFound` for what is neither a file nor a trace id, `InvalidInput` for a file that is neither a bundle nor
    a trace document.
    """
    if source.is_file:
        content = Path(source.name).read_bytes()
        return _document(content) if content.lstrip()[:1] == b"{" else Signed(read_bundle(content), content)
    if not re.fullmatch("trace-[0-9a-f]{32}", source.name):
        raise NotFound(f"{source.name} is neither a file nor a trace id.")
    client = CollectorClient(source.collector, source.token)
    try:
        content = client.get_bytes(f"/v1/traces/{source.name}/bundle")
    except StateConflict as error:
        if error.code != "open_trace":
            raise
        return _document(client.get_bytes(f"/v1/traces/{source.name}"))
    return Signed(read_bundle(content), content)


def base_at(source: Source) -> FileTree | None:
    """Return the files that an unsigned trace started from, as its collector keeps them; None where there are none.

    Raises `InvalidInput` for a snapshot that cannot be read.
    """
    if source.is_file:
        return None
    client = CollectorClient(source.collector, source.token)
    try:
        return read_base(client.get_bytes(f"/v1/traces/{source.name}/base"))
    except NotFound:
        return None


def _document(content: bytes) -> Unsigned:
    try:
        return Unsigned(TraceDocument.model_validate_json(content))
    except ValidationError as error:
        message = f"This is no trace document: {error.error_count()} faults."
        raise InvalidInput(message, code="bad_document") from error
