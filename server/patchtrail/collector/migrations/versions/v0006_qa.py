"""Tables of jobs, results, base snapshots and webhooks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["downgrade", "upgrade"]

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward. Traces that were complete before are assessed when somebody asks for it."""
    op.create_table(
        "qa_jobs",
        sa.Column("trace_id", sa.String(length=64), primary_key=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("is_judge_only", sa.Boolean(), nullable=False),
        sa.Column(
            "claim",
            sa.String(length=32),
            comment="Drawn at each start; results of any other claim are thrown away.",
        ),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("queued_ms", sa.BigInteger(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("started_ms", sa.BigInteger()),
        sa.Column("ended_ms", sa.BigInteger()),
        sa.Column("problem", sa.Text(), nullable=False),
    )
    op.create_index("qa_jobs_due", "qa_jobs", ["state", "due_ms"])
    op.create_index("qa_jobs_started", "qa_jobs", ["started_ms"])
    op.create_table(
        "qa_validations",
        sa.Column("trace_id", sa.String(length=64), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column(
            "unreplayed",
            sa.Text(),
            nullable=False,
            comment="What keeps the trace from L4; empty when its replay agrees.",
        ),
        sa.Column("result", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("trace_id", "n"),
    )
    op.create_table(
        "qa_judgements",
        sa.Column("trace_id", sa.String(length=64), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("validation_n", sa.Integer(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("rubric_version", sa.String(length=32), nullable=False),
        sa.Column("result", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("trace_id", "n"),
        comment="Every judgement there was; the newest counts.",
    )
    op.create_table(
        "open_bases",
        sa.Column("trace_id", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["trace_id"], ["open_traces.trace_id"]),
        sa.PrimaryKeyConstraint("trace_id"),
        comment="Base snapshots of open traces; a signed trace's is one of its artifacts.",
    )
    op.create_index("open_bases_blob", "open_bases", ["sha256"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("message_id", sa.String(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger()),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", "url"),
    )
    op.create_index("webhook_deliveries_due", "webhook_deliveries", ["state", "due_ms"])
    op.create_index("webhook_deliveries_newest", "webhook_deliveries", ["created_ms"])


def downgrade() -> None:
    """Go back."""
    for table in ("webhook_deliveries", "open_bases", "qa_judgements", "qa_validations", "qa_jobs"):
        op.drop_table(table)
