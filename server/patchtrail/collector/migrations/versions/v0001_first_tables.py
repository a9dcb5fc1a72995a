"""The tables of the first version."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["downgrade", "upgrade"]

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "invitations",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("participant_id", sa.String(length=200), nullable=False),
        sa.Column("study_id", sa.String(length=64), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("code_hash"),
    )
    op.create_table(
        "devices",
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("participant_id", sa.String(length=200), nullable=False),
        sa.Column("study_id", sa.String(length=64), nullable=False),
        sa.Column("jkt", sa.String(length=43), nullable=False),
        sa.Column("public_x", sa.String(length=43), nullable=False),
        sa.Column("host_hint", sa.String(length=200), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("challenge", sa.String(length=64), nullable=False),
        sa.Column("challenge_expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=True),
        sa.Column("enrolled_ms", sa.BigInteger(), nullable=True),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["code_hash"],
            ["invitations.code_hash"],
        ),
        sa.PrimaryKeyConstraint("device_id"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_index(
        "one_enrolment_per_key", "devices", ["jkt"], unique=True, sqlite_where=sa.text("enrolled_ms IS NOT NULL")
    )
    op.create_table(
        "traces",
        sa.Column("trace_id", sa.String(length=64), nullable=False),
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("participant_id", sa.String(length=200), nullable=False),
        sa.Column("study_id", sa.String(length=64), nullable=False),
        sa.Column("task_id", sa.String(length=200), nullable=False),
        sa.Column("task_title", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("completed_ms", sa.BigInteger(), nullable=True),
        sa.Column("opening", sa.LargeBinary(), nullable=False),
        sa.Column("opening_sha256", sa.String(length=64), nullable=False),
        sa.Column("grant_envelope", sa.LargeBinary(), nullable=False),
        sa.Column("next_n", sa.Integer(), nullable=False),
        sa.Column("prev_chunk", sa.String(length=64), nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.Column("next_seq", sa.Integer(), nullable=False),
        sa.Column("mono_ms", sa.BigInteger(), nullable=False),
        sa.Column("is_ended", sa.Boolean(), nullable=False),
        sa.Column("is_forked", sa.Boolean(), nullable=False),
        sa.Column("late_chunks", sa.Integer(), nullable=False),
        sa.Column("assurance", sa.Text(), nullable=True, comment="What was found at completion, as JSON."),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["devices.device_id"],
        ),
        sa.PrimaryKeyConstraint("trace_id"),
        sa.UniqueConstraint("opening_sha256"),
    )
    op.create_index("traces_newest", "traces", ["created_ms", "trace_id"], unique=False)
    op.create_table(
        "artifacts",
        sa.Column("trace_id", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["trace_id"],
            ["traces.trace_id"],
        ),
        sa.PrimaryKeyConstraint("trace_id", "sha256"),
    )
    op.create_table(
        "chunks",
        sa.Column("trace_id", sa.String(length=64), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("chunk_id", sa.String(length=64), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("receipt", sa.LargeBinary(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["trace_id"],
            ["traces.trace_id"],
        ),
        sa.PrimaryKeyConstraint("trace_id", "n"),
    )
    op.create_table(
        "forks",
        sa.Column("trace_id", sa.String(length=64), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("chunk_id", sa.String(length=64), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["trace_id"],
            ["traces.trace_id"],
        ),
        sa.PrimaryKeyConstraint("trace_id", "n", "chunk_id"),
        comment="Chunks that claim a number which another chunk has: evidence of two histories.",
    )
    op.create_table(
        "upload_tokens",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("trace_id", sa.String(length=64), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["trace_id"],
            ["traces.trace_id"],
        ),
        sa.PrimaryKeyConstraint("token_hash"),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("upload_tokens")
    op.drop_table("forks")
    op.drop_table("chunks")
    op.drop_table("artifacts")
    op.drop_index("traces_newest", table_name="traces")
    op.drop_table("traces")
    op.drop_index("one_enrolment_per_key", table_name="devices", sqlite_where=sa.text("enrolled_ms IS NOT NULL"))
    op.drop_table("devices")
    op.drop_table("invitations")
