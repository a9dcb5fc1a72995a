"""The self-contained bundle of a trace: a ZIP file that anyone can verify without a network.

::

    bundle.json                 version, trace id, device key, the collector's keys, number of chunks
    opening.json  grant.json    DSSE envelopes
    chunks/000000.chunk         request bodies as received: envelope line, LF, payload
    receipts/000000.json        DSSE envelopes
    deletions/000000.json       a signed deletion request and its signed answer; their chunks have no payload
    artifacts/<sha256>          blobs
    trace.json                  the trace document v1.0, for convenience: not signed, not trusted

Members are read by name and counted before they are read; nothing is ever unpacked to a path.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from patchtrail.contract.collection import KeySet
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.evidence import PublicKey
from patchtrail.contract.forgetting import Deletion
from patchtrail.contract.wire import Count, TraceId, WireModel
from patchtrail.integrity.verify import TraceEvidence

__all__ = ["BUNDLE_MEDIA_TYPE", "MAX_BUNDLE_BYTES", "document_in_bundle", "read_bundle", "write_bundle"]

BUNDLE_MEDIA_TYPE = "application/vnd.patchtrail.bundle.v1+zip"
MAX_BUNDLE_BYTES = 1024 * 1024 * 1024
MAX_MEMBERS = 100_000
DAMAGE = (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, RuntimeError, EOFError, OSError)
"""What `zipfile` raises for bytes that are no archive."""
EPOCH = (1980, 1, 1, 0, 0, 0)


class BundleIndex(WireModel):
    """`bundle.json`."""

    bundle_version: Literal[1]
    trace_id: TraceId
    device_key: PublicKey
    keys: KeySet
    chunks: Annotated[Count, Field(le=MAX_MEMBERS)]
    receipts: Annotated[Count, Field(le=MAX_MEMBERS)]
    deletions: Annotated[Count, Field(le=MAX_MEMBERS)] = 0


def write_bundle(evidence: TraceEvidence, keys: KeySet, document_json: bytes) -> bytes:
    """Return the bundle's bytes; the same evidence always gives the same bytes."""
    index = BundleIndex(
        bundle_version=1,
        trace_id=evidence.trace_id,
        device_key=evidence.device_key,
        keys=keys,
        chunks=len(evidence.chunks),
        receipts=len(evidence.receipts),
        deletions=len(evidence.deletions),
    )
    members = {"bundle.json": index.model_dump_json(indent=2).encode(), "trace.json": document_json}
    members |= {"opening.json": evidence.opening, "grant.json": evidence.grant}
    members |= {f"chunks/{n:06d}.chunk": body for n, body in enumerate(evidence.chunks)}
    members |= {f"receipts/{n:06d}.json": line for n, line in enumerate(evidence.receipts)}
    members |= {f"deletions/{k:06d}.json": one.model_dump_json().encode() for k, one in enumerate(evidence.deletions)}
    members |= {f"artifacts/{sha256}": content for sha256, content in sorted((evidence.artifacts or {}).items())}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def read_bundle(content: bytes) -> TraceEvidence:
    """Return what a bundle holds, unverified.

    Raises `InvalidInput` naming the member that is missing, malformed or too large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _read(archive)
    except DAMAGE as error:
        raise InvalidInput(f"This is not a sound bundle: {error}", code="bad_bundle") from error


def document_in_bundle(content: bytes) -> bytes:
    """Return the trace document's JSON that a bundle holds for convenience; it is not to be trusted.

    Raises `InvalidInput` when there is none.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_sizes(archive)
            return _member(archive, "trace.json")
    except DAMAGE as error:
        raise InvalidInput(f"This is not a sound bundle: {error}", code="bad_bundle") from error


def _read(archive: zipfile.ZipFile) -> TraceEvidence:
    _check_sizes(archive)
    try:
        index = BundleIndex.model_validate_json(_member(archive, "bundle.json"))
    except ValidationError as error:
        raise InvalidInput(f"bundle.json is malformed: {error.error_count()} faults.", code="bad_bundle") from error
    return TraceEvidence(
        trace_id=index.trace_id,
        device_key=index.device_key,
        server_keys=tuple(key.public_key for key in index.keys.receipt),
        opening=_member(archive, "opening.json"),
        grant=_member(archive, "grant.json"),
        chunks=tuple(_member(archive, f"chunks/{n:06d}.chunk") for n in range(index.chunks)),
        receipts=tuple(_member(archive, f"receipts/{n:06d}.json") for n in range(index.receipts)),
        artifacts={name.removeprefix("artifacts/"): _member(archive, name) for name in _artifact_names(archive)},
        key_set=None if index.keys.signed is None else index.keys,
        deletions=tuple(_deletion(archive, f"deletions/{k:06d}.json") for k in range(index.deletions)),
    )


def _check_sizes(archive: zipfile.ZipFile) -> None:
    infos = archive.infolist()
    if len(infos) > MAX_MEMBERS:
        raise InvalidInput(f"A bundle may hold {MAX_MEMBERS} members.", code="bad_bundle")
    if sum(info.file_size for info in infos) > MAX_BUNDLE_BYTES:
        raise InvalidInput(f"A bundle may unpack to {MAX_BUNDLE_BYTES} bytes.", code="bad_bundle")


def _artifact_names(archive: zipfile.ZipFile) -> Iterator[str]:
    return (name for name in archive.namelist() if name.startswith("artifacts/"))


def _deletion(archive: zipfile.ZipFile, name: str) -> Deletion:
    try:
        return Deletion.model_validate_json(_member(archive, name))
    except ValidationError as error:
        raise InvalidInput(f"{name} is malformed: {error.error_count()} faults.", code="bad_bundle") from error


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        return archive.read(name)
    except KeyError as error:
        raise InvalidInput(f"The bundle's member {name} is missing.", code="bad_bundle") from error
