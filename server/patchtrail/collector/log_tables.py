"""The tables of the transparency log."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, String, Table, Text

from patchtrail.collector.tables import metadata

__all__ = ["log_checkpoints", "log_leaves", "log_salts"]

log_leaves = Table(
    "log_leaves",
    metadata,
    Column("leaf_index", Integer, primary_key=True, autoincrement=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("hashes", LargeBinary, nullable=False),
    comment="Leaves in order; `hashes` are those of the perfect subtrees that the leaf completes, itself first.",
)

log_salts = Table(
    "log_salts",
    metadata,
    Column("trace_id", String(64), ForeignKey("traces.trace_id"), primary_key=True),
    Column("salt", String(64), nullable=False),
    comment="What opens the commitments in a trace's leaves; destroyed with the trace.",
)

log_checkpoints = Table(
    "log_checkpoints",
    metadata,
    Column("size", Integer, primary_key=True, autoincrement=False),
    Column("root", String(64), nullable=False),
    Column("signed_ms", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
    comment="Every tree head that was ever signed, one per size.",
)
