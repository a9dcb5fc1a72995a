"""The table of shared libraries of patterns: every version that was ever accepted."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, PrimaryKeyConstraint, String, Table

from patchtrail.collector.tables import metadata

__all__ = ["pattern_revisions"]

pattern_revisions = Table(
    "pattern_revisions",
    metadata,
    Column("library", String(64), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("written_by", String(64), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("patterns", Integer, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),
    PrimaryKeyConstraint("library", "revision"),
    comment="The newest revision counts; none is ever changed.",
)
