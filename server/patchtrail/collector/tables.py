"""The collector's tables. Signed bytes are kept as received; tokens and codes only as SHA-256."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

__all__ = ["artifacts", "chunks", "devices", "forks", "invitations", "metadata", "traces", "upload_tokens"]

metadata = MetaData()

invitations = Table(
    "invitations",
    metadata,
    Column("code_hash", String(64), primary_key=True),
    Column("participant_id", String(200), nullable=False),
    Column("study_id", String(64), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("used_ms", BigInteger),
)

devices = Table(
    "devices",
    metadata,
    Column("device_id", String(64), primary_key=True),
    Column("participant_id", String(200), nullable=False),
    Column("study_id", String(64), nullable=False),
    Column("jkt", String(43), nullable=False),
    Column("public_x", String(43), nullable=False),
    Column("host_hint", String(200), nullable=False),
    Column("code_hash", String(64), ForeignKey("invitations.code_hash"), nullable=False),
    Column("challenge", String(64), nullable=False),
    Column("challenge_expires_ms", BigInteger, nullable=False),
    Column("token_hash", String(64), unique=True),
    Column("enrolled_ms", BigInteger),
    Column("revoked_ms", BigInteger),
    Index("one_enrolment_per_key", "jkt", unique=True, sqlite_where=Column("enrolled_ms").is_not(None)),
)

traces = Table(
    "traces",
    metadata,
    Column("trace_id", String(64), primary_key=True),
    Column("device_id", String(64), ForeignKey("devices.device_id"), nullable=False),
    Column("participant_id", String(200), nullable=False),
    Column("study_id", String(64), nullable=False),
    Column("task_id", String(200), nullable=False),
    Column("task_title", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("completed_ms", BigInteger),
    Column("opening", LargeBinary, nullable=False),
    Column("opening_sha256", String(64), nullable=False, unique=True),
    Column("grant_envelope", LargeBinary, nullable=False),
    Column("next_n", Integer, nullable=False),
    Column("prev_chunk", String(64), nullable=False),
    Column("head", String(64), nullable=False),
    Column("next_seq", Integer, nullable=False),
    Column("mono_ms", BigInteger, nullable=False),
    Column("is_ended", Boolean, nullable=False),
    Column("is_forked", Boolean, nullable=False),
    Column("late_chunks", Integer, nullable=False),
    Column("assurance", Text, comment="What was found at completion, as JSON."),
    Index("traces_newest", "created_ms", "trace_id"),
)

upload_tokens = Table(
    "upload_tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("trace_id", String(64), ForeignKey("traces.trace_id"), nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
)

chunks = Table(
    "chunks",
    metadata,
    Column("trace_id", String(64), ForeignKey("traces.trace_id"), nullable=False),
    Column("n", Integer, nullable=False),
    Column("chunk_id", String(64), nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("receipt", LargeBinary, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("trace_id", "n"),
)

forks = Table(
    "forks",
    metadata,
    Column("trace_id", String(64), ForeignKey("traces.trace_id"), nullable=False),
    Column("n", Integer, nullable=False),
    Column("chunk_id", String(64), nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("trace_id", "n", "chunk_id"),
    comment="Chunks that claim a number which another chunk has: evidence of two histories.",
)

artifacts = Table(
    "artifacts",
    metadata,
    Column("trace_id", String(64), ForeignKey("traces.trace_id"), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("trace_id", "sha256"),
)
