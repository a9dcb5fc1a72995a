"""Tables of what was forgotten: the requests with their answers, and which chunks are without their bytes."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
)

from patchtrail.collector.tables import metadata

__all__ = ["deletions", "forgotten_chunks"]

deletions = Table(
    "deletions",
    metadata,
    Column("trace_id", String(64), ForeignKey("traces.trace_id"), nullable=False),
    Column("request_sha256", String(64), nullable=False),
    Column("request", LargeBinary, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("forgotten_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("trace_id", "request_sha256"),
    comment="Signed deletion requests, and the signed receipts that answer them.",
)

forgotten_chunks = Table(
    "forgotten_chunks",
    metadata,
    Column("trace_id", String(64), ForeignKey("traces.trace_id"), nullable=False),
    Column("n", Integer, nullable=False),
    PrimaryKeyConstraint("trace_id", "n"),
)
