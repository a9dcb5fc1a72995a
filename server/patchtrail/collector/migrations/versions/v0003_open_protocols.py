"""The tables of traces that came unsigned."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["downgrade", "upgrade"]

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "open_traces",
        sa.Column("trace_id", sa.String(length=64), nullable=False),
        sa.Column("protocol", sa.String(length=16), nullable=False),
        sa.Column("participant_id", sa.String(length=200), nullable=False),
        sa.Column("study_id", sa.String(length=64), nullable=False),
        sa.Column("task_id", sa.String(length=200), nullable=False),
        sa.Column("task_title", sa.Text(), nullable=False),
        sa.Column("task_description", sa.Text(), nullable=False),
        sa.Column("repo_origin", sa.Text(), nullable=False),
        sa.Column("start_commit", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        sa.Column("next_n", sa.Integer(), nullable=False),
        sa.Column("next_seq", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("opening_sha256", sa.String(length=64), nullable=False),
        sa.Column("redaction_key", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("trace_id"),
    )
    op.create_index("open_traces_newest", "open_traces", ["created_ms", "trace_id"])
    op.create_table(
        "open_upload_tokens",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("trace_id", sa.String(length=64), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["trace_id"], ["open_traces.trace_id"]),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_table(
        "open_chunks",
        sa.Column("trace_id", sa.String(length=64), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("key_sha256", sa.String(length=64), nullable=False),
        sa.Column("body_sha256", sa.String(length=64), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["trace_id"], ["open_traces.trace_id"]),
        sa.PrimaryKeyConstraint("trace_id", "n"),
        sa.UniqueConstraint("trace_id", "key_sha256"),
    )
    op.create_table(
        "open_events",
        sa.Column("trace_id", sa.String(length=64), nullable=False),
        sa.Column("event_n", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.String(length=200), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("ts_us", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.Text(), nullable=True),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=True),
        sa.Column("fields", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["trace_id"], ["open_traces.trace_id"]),
        sa.PrimaryKeyConstraint("trace_id", "event_n", "part"),
    )


def downgrade() -> None:
    """Go back."""
    for table in ("open_events", "open_chunks", "open_upload_tokens", "open_traces"):
        op.drop_table(table)
