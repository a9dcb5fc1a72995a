"""Base snapshots of traces that nobody signed: the files of the start commit, redacted here, kept as blobs."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from patchtrail.capture.content import MAX_FILE_BYTES
from patchtrail.capture.encodings import is_binary
from patchtrail.capture.start_files import redacted_content
from patchtrail.collector.blobs import Blobs
from patchtrail.collector.open_traces import open_row
from patchtrail.collector.qa_tables import open_bases
from patchtrail.collector.tables import artifacts
from patchtrail.contract.base_snapshot import BaseStored
from patchtrail.contract.errors import NotFound, StateConflict
from patchtrail.integrity import digest
from patchtrail.redaction import Redactor
from patchtrail.trace.base_snapshot import read_base, write_base
from patchtrail.trace.file_tree import FileTree

__all__ = ["Snapshot", "base_of", "drop_unused", "is_used", "redacted_base", "store_base"]


@dataclass(frozen=True)
class Snapshot:
    """A redacted snapshot, ready to be stored."""

    content: bytes
    sha256: str
    tree: FileTree


def redacted_base(content: bytes, key: bytes) -> Snapshot:
    """Return a client's snapshot without secrets, by the key of its trace, so that its edits still apply to it.

    Files that are never captured are left out, and named. Raises `InvalidInput` when it is no snapshot, or too large.
    """
    tree, redactor = read_base(content), Redactor(key, ())
    files, redacted, left_out = dict[str, bytes](), set(tree.redacted), list(tree.left_out)
    for path, before in tree.files.items():
        shown = redactor.text(path)
        after = redacted_content(before, redactor) if shown == path and _is_captured(path, before, redactor) else None
        if after is None:
            left_out.append(shown)
            continue
        files[path] = after
        if after != before:
            redacted.add(path)
    kept = FileTree(files, tree.executable & files.keys(), tuple(left_out), frozenset(redacted & files.keys()))
    packed = write_base(kept)
    return Snapshot(packed, digest.sha256(packed), kept)


def _is_captured(path: str, content: bytes, redactor: Redactor) -> bool:
    """Return whether a file may be kept, by the rules of a recorder: large texts have no edits to be replayed."""
    return not redactor.denies(path) and (len(content) <= MAX_FILE_BYTES or is_binary(content))


def store_base(
    connection: Connection, blobs: Blobs, trace_id: str, snapshot: Snapshot, now_ms: int
) -> tuple[BaseStored, int]:
    """Keep a trace's snapshot, in place of the one before; return also how large that was.

    Raises `StateConflict` once the trace is complete: what is assessed must not change any more.
    """
    row = open_row(connection, trace_id)
    if row is None:
        raise NotFound(f"There is no open trace {trace_id}.")
    if row.status == "complete":
        raise StateConflict("The trace is complete; nothing can be added to it.", code="trace_complete")
    before = connection.execute(select(open_bases).where(open_bases.c.trace_id == trace_id)).one_or_none()
    connection.execute(delete(open_bases).where(open_bases.c.trace_id == trace_id))
    stored = {"sha256": snapshot.sha256, "files": len(snapshot.tree.files), "size_bytes": len(snapshot.content)}
    connection.execute(insert(open_bases).values(trace_id=trace_id, received_ms=now_ms, **stored))
    blobs.put(snapshot.sha256, snapshot.content)
    if before is not None:
        drop_unused(connection, blobs, before.sha256)
    told = BaseStored(
        trace_id=trace_id,
        sha256=snapshot.sha256,
        files=len(snapshot.tree.files),
        size_bytes=len(snapshot.content),
        redacted=sorted(snapshot.tree.redacted),
        left_out=sorted(snapshot.tree.left_out),
    )
    return told, 0 if before is None else before.size_bytes


def base_of(connection: Connection, blobs: Blobs, trace_id: str) -> bytes | None:
    """Return an open trace's snapshot, if it has one."""
    sha256 = connection.execute(select(open_bases.c.sha256).where(open_bases.c.trace_id == trace_id)).scalar()
    return None if sha256 is None else blobs.get(sha256)


def drop_unused(connection: Connection, blobs: Blobs, sha256: str) -> None:
    """Drop a blob that nothing refers to any more."""
    if not is_used(connection, sha256):
        blobs.drop(sha256)


def is_used(connection: Connection, sha256: str) -> bool:
    """Return whether a trace has this blob, as an artifact or as its base snapshot."""
    queries = (select(table.c.trace_id).where(table.c.sha256 == sha256).limit(1) for table in (artifacts, open_bases))
    return any(connection.execute(query).first() is not None for query in queries)
