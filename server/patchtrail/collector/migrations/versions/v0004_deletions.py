"""Tables of what was forgotten."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["downgrade", "upgrade"]

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "deletions",
        sa.Column("trace_id", sa.String(length=64), nullable=False),
        sa.Column("request_sha256", sa.String(length=64), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("forgotten_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["trace_id"], ["traces.trace_id"]),
        sa.PrimaryKeyConstraint("trace_id", "request_sha256"),
        comment="Signed deletion requests, and the signed receipts that answer them.",
    )
    op.create_table(
        "forgotten_chunks",
        sa.Column("trace_id", sa.String(length=64), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["trace_id"], ["traces.trace_id"]),
        sa.PrimaryKeyConstraint("trace_id", "n"),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("forgotten_chunks")
    op.drop_table("deletions")
