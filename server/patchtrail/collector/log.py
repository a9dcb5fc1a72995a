"""The transparency log: leaves are appended with what they are about, and tree heads are signed as checkpoints.

The one writing thread keeps the tree's right edge in memory; a transaction that is rolled back forgets it, and it is
read anew. Nothing is ever signed that a tree head signed before does not lead to: the newest checkpoint also stands in
a file beside the database, so that a database restored from a backup is noticed. Then the collector still gives back
what it has, but signs nothing and takes nothing in.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, insert, select

from patchtrail.collector.database import Database
from patchtrail.collector.identity import ReceiptKey
from patchtrail.collector.log_tables import log_checkpoints, log_leaves, log_salts
from patchtrail.contract.errors import PatchtrailError, StateConflict
from patchtrail.delivery.durable import write_whole
from patchtrail.integrity import checkpoint, entry, merkle
from patchtrail.integrity.checkpoint import TreeHead
from patchtrail.integrity.entry import EntryType
from patchtrail.integrity.merkle import HASH_BYTES, Node
from patchtrail.integrity.receipt import Logged

__all__ = ["CHECKPOINT", "Log", "LogInconsistent", "root_at", "salt_of", "size_of", "subtrees"]

CHECKPOINT = "log_checkpoint"
"""The file beside the database that holds the newest checkpoint."""
MIN_INTERVAL_S = 1.0
QUERY_ROWS = 500

APPEND = insert(log_leaves)
LAST = select(func.max(log_leaves.c.leaf_index))
HASHES = select(log_leaves.c.leaf_index, log_leaves.c.hashes)

logger = logging.getLogger(__name__)


class LogInconsistent(StateConflict):
    """The database does not hold the log that was signed before."""

    code = "log_inconsistent"


@dataclass(frozen=True)
class _Signed:
    """A checkpoint, and when it was made by the process's own clock."""

    head: TreeHead
    note: str
    made_s: float


class Log:
    """The log of one collector. `append` and `head` belong to the database's writing thread."""

    def __init__(self, database: Database, keys: ReceiptKey, folder: Path) -> None:
        self._database = database
        self._keys = keys
        self._file = folder / CHECKPOINT
        self._size = 0
        self._edge: list[bytes] | None = None
        self._publishing = threading.Lock()
        self._newest: _Signed | None = None
        self.fault: str | None = None
        database.on_rollback(self._forget)
        self._recall()

    def append(self, connection: Connection, kind: EntryType, *, salt: str, subject: str, received_ms: int) -> Logged:
        """Append an entry about `subject`, a SHA-256 in hex, and return where it stands.

        Raises `LogInconsistent` while the log is not the one that was signed before.
        """
        edge = self._loaded(connection)
        leaf = entry.leaf_bytes(kind, entry.commitment(salt, subject), received_ms)
        index = self._size
        self._edge, completed = merkle.appended(index, edge, merkle.leaf_hash(leaf))
        self._size = index + 1
        connection.execute(APPEND, {"leaf_index": index, "leaf": leaf, "hashes": b"".join(completed)})
        return Logged(index, salt, index + 1, merkle.fold(self._edge).hex())

    def head(self, connection: Connection) -> TreeHead:
        """Return the tree as it stands in the transaction."""
        edge = self._loaded(connection)
        return TreeHead(self._size, merkle.fold(edge).hex())

    def publish(self) -> str:
        """Return the newest checkpoint; a log that has grown since the last is signed anew, once a second at most."""
        with self._publishing:
            newest = self._newest
            if newest is None or time.monotonic() - newest.made_s >= MIN_INTERVAL_S:
                newest = self._database.write(self._sign).result()
                if self._newest is None or newest.note != self._newest.note:
                    write_whole(self._file, newest.note.encode())
                self._newest = newest
            return newest.note

    def _sign(self, connection: Connection) -> _Signed:
        """Sign the tree as it is, unless a checkpoint of this size is there; never against an earlier one."""
        head, newest = self.head(connection), self._newest
        if newest is not None:
            self._check(connection, newest.head)
            if newest.head.size == head.size:
                return _Signed(newest.head, newest.note, time.monotonic())
        note = checkpoint.sign_checkpoint(head, self._keys.log_origin, self._keys.log)
        row = {"size": head.size, "root": head.root, "signed_ms": time.time_ns() // 1_000_000, "note": note}
        connection.execute(insert(log_checkpoints), row)
        return _Signed(head, note, time.monotonic())

    def _loaded(self, connection: Connection) -> list[bytes]:
        if self.fault is not None:
            raise LogInconsistent(self.fault)
        if self._edge is None:
            self._size = size_of(connection)
            nodes = merkle.edge_nodes(self._size)
            found = subtrees(connection, nodes)
            self._edge = [found[node] for node in nodes]
        return self._edge

    def _forget(self) -> None:
        self._edge = None

    def _check(self, connection: Connection, head: TreeHead) -> None:
        """Refuse to go on from a log that a signed tree head does not lead to."""
        size = size_of(connection)
        if size < head.size:
            self._refuse(f"A checkpoint of {head.size} leaves was signed, but the log has {size}.")
        if root_at(connection, head.size) != head.root:
            self._refuse(f"The log's first {head.size} leaves are not those of which a checkpoint was signed.")

    def _refuse(self, why: str) -> None:
        self.fault = (
            f"{why} The database was changed, or restored from a backup; nothing is signed or taken in. "
            "Restore the newest database."
        )
        logger.critical("%s", self.fault)
        raise LogInconsistent(self.fault)

    def _recall(self) -> None:
        """Take up the newest checkpoint, from the file and from the database, and hold the log to both."""
        try:
            signed = self._database.read(self._recalled)
        except PatchtrailError as error:
            self.fault = self.fault or error.message
            return
        if signed:
            self._newest = max(signed, key=lambda one: one.head.size)
            if not self._file.exists() or self._file.read_text() != self._newest.note:
                write_whole(self._file, self._newest.note.encode())

    def _recalled(self, connection: Connection) -> list[_Signed]:
        row = select(log_checkpoints.c.note).order_by(log_checkpoints.c.size.desc()).limit(1)
        notes = [self._file.read_text()] if self._file.exists() else []
        notes += connection.execute(row).scalars().all()
        long_ago_s = time.monotonic() - MIN_INTERVAL_S
        opened = [_Signed(self._opened(note.encode()), note, long_ago_s) for note in dict.fromkeys(notes)]
        for signed in opened:
            self._check(connection, signed.head)
        return opened

    def _opened(self, note: bytes) -> TreeHead:
        return checkpoint.open_checkpoint(note, self._keys.log_origin, self._keys.log_keys)


def size_of(connection: Connection) -> int:
    """Return how many leaves the log has."""
    last = connection.execute(LAST).scalar_one()
    return 0 if last is None else int(last) + 1


def subtrees(connection: Connection, nodes: Sequence[Node]) -> dict[Node, bytes]:
    """Return the hashes of perfect subtrees, each from the leaf that completed it.

    Raises `LogInconsistent` when such a leaf is gone.
    """
    wanted, hashes = sorted({((position + 1) << level) - 1 for level, position in nodes}), dict[int, bytes]()
    for start in range(0, len(wanted), QUERY_ROWS):
        query = HASHES.where(log_leaves.c.leaf_index.in_(wanted[start : start + QUERY_ROWS]))
        hashes |= {row.leaf_index: row.hashes for row in connection.execute(query)}
    found = dict[Node, bytes]()
    for level, position in nodes:
        stored = hashes.get(((position + 1) << level) - 1, b"")
        found[level, position] = stored[HASH_BYTES * level : HASH_BYTES * (level + 1)]
        if len(found[level, position]) != HASH_BYTES:
            raise LogInconsistent(f"The log's leaf {((position + 1) << level) - 1} is missing or damaged.")
    return found


def root_at(connection: Connection, size: int) -> str:
    """Return the root that the log had at a size."""
    nodes = merkle.edge_nodes(size)
    found = subtrees(connection, nodes)
    return merkle.fold([found[node] for node in nodes]).hex()


def salt_of(connection: Connection, trace_id: str) -> str:
    """Return a trace's salt, which is drawn with its first entry."""
    query = select(log_salts.c.salt).where(log_salts.c.trace_id == trace_id)
    salt = connection.execute(query).scalar_one_or_none()
    if salt is None:
        salt = secrets.token_hex(32)
        connection.execute(insert(log_salts).values(trace_id=trace_id, salt=salt))
    return str(salt)
