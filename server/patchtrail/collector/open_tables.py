"""Tables of traces that came unsigned, over either open protocol. What they hold was redacted before."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from patchtrail.collector.tables import metadata

__all__ = ["open_chunks", "open_events", "open_leaves", "open_traces", "open_upload_tokens"]

open_traces = Table(
    "open_traces",
    metadata,
    Column("trace_id", String(64), primary_key=True),
    Column("protocol", String(16), nullable=False),
    Column("participant_id", String(200), nullable=False),
    Column("study_id", String(64), nullable=False),
    Column("task_id", String(200), nullable=False),
    Column("task_title", Text, nullable=False),
    Column("task_description", Text, nullable=False),
    Column("repo_origin", Text, nullable=False),
    Column("start_commit", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Column("next_n", Integer, nullable=False),
    Column("next_seq", Integer, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("opening_sha256", String(64), nullable=False),
    Column("redaction_key", LargeBinary, comment="Of its placeholders; wiped when the trace is complete."),
    Column("log_salt", String(64), comment="Opens the commitments in its leaves; none before the log covered it."),
    Index("open_traces_newest", "created_ms", "trace_id"),
)

open_upload_tokens = Table(
    "open_upload_tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("trace_id", String(64), ForeignKey("open_traces.trace_id"), nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
)

open_chunks = Table(
    "open_chunks",
    metadata,
    Column("trace_id", String(64), ForeignKey("open_traces.trace_id"), nullable=False),
    Column("n", Integer, nullable=False),
    Column("key_sha256", String(64), nullable=False),
    Column("body_sha256", String(64), nullable=False),
    Column("events", Integer, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("size_bytes", BigInteger, comment="As it came; unknown before the log covered it."),
    PrimaryKeyConstraint("trace_id", "n"),
    UniqueConstraint("trace_id", "key_sha256"),
)

open_events = Table(
    "open_events",
    metadata,
    Column("trace_id", String(64), ForeignKey("open_traces.trace_id"), nullable=False),
    Column("event_n", Integer, nullable=False),
    Column("part", Integer, nullable=False),
    Column("event_id", String(200), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("ts_us", BigInteger, nullable=False),
    Column("told_at", Text, comment="The time as the client wrote it, where that is text."),
    Column("received_ms", BigInteger, nullable=False),
    Column("type", String(16), nullable=False),
    Column("kind", String(16), comment="The kind of a note: a published note that holds several is several rows."),
    Column("fields", LargeBinary, nullable=False, comment="The client's own fields, redacted, as JSON."),
    PrimaryKeyConstraint("trace_id", "event_n", "part"),
)

open_leaves = Table(
    "open_leaves",
    metadata,
    Column("trace_id", String(64), ForeignKey("open_traces.trace_id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("n", Integer, nullable=False),
    Column("leaf_index", Integer, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("trace_id", "kind", "n"),
    comment="Which leaf of the log is about a trace's opening, one of its chunks, and its completion.",
)
