"""Tables of what the collector finds out by itself. Nothing here is signed; it can be found out again.

`trace_id` may be of a signed trace or of an open one, so it refers to neither table.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from patchtrail.collector.tables import metadata

__all__ = ["open_bases", "qa_jobs", "qa_judgements", "qa_validations", "webhook_deliveries"]

qa_jobs = Table(
    "qa_jobs",
    metadata,
    Column("trace_id", String(64), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("is_judge_only", Boolean, nullable=False),
    Column("claim", String(32), comment="Drawn at each start; results of any other claim are thrown away."),
    Column("tries", Integer, nullable=False),
    Column("queued_ms", BigInteger, nullable=False),
    Column("due_ms", BigInteger, nullable=False),
    Column("started_ms", BigInteger),
    Column("ended_ms", BigInteger),
    Column("problem", Text, nullable=False),
    Index("qa_jobs_due", "state", "due_ms"),
    Index("qa_jobs_started", "started_ms"),
)

qa_validations = Table(
    "qa_validations",
    metadata,
    Column("trace_id", String(64), nullable=False),
    Column("n", Integer, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("unreplayed", Text, nullable=False, comment="What keeps the trace from L4; empty when its replay agrees."),
    Column("result", LargeBinary, nullable=False),
    PrimaryKeyConstraint("trace_id", "n"),
)

qa_judgements = Table(
    "qa_judgements",
    metadata,
    Column("trace_id", String(64), nullable=False),
    Column("n", Integer, nullable=False),
    Column("validation_n", Integer, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("rubric_version", String(32), nullable=False),
    Column("result", LargeBinary, nullable=False),
    PrimaryKeyConstraint("trace_id", "n"),
    comment="Every judgement there was; the newest counts.",
)

open_bases = Table(
    "open_bases",
    metadata,
    Column("trace_id", String(64), ForeignKey("open_traces.trace_id"), primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("files", Integer, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Index("open_bases_blob", "sha256"),
    comment="Base snapshots of open traces; a signed trace's is one of its artifacts.",
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("message_id", String(64), nullable=False),
    Column("url", Text, nullable=False),
    Column("type", String(32), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("state", String(16), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("due_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    Column("problem", Text, nullable=False),
    PrimaryKeyConstraint("message_id", "url"),
    Index("webhook_deliveries_due", "state", "due_ms"),
    Index("webhook_deliveries_newest", "created_ms"),
)
