"""Leaves of the log about traces that nobody signed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["downgrade", "upgrade"]

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward. What was stored before has no leaf, and none is made for it: it could have been changed by now."""
    op.create_table(
        "open_leaves",
        sa.Column("trace_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("leaf_index", sa.Integer(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["trace_id"], ["open_traces.trace_id"]),
        sa.PrimaryKeyConstraint("trace_id", "kind", "n"),
        comment="Which leaf of the log is about a trace's opening, one of its chunks, and its completion.",
    )
    op.add_column("open_traces", sa.Column("log_salt", sa.String(length=64), nullable=True))
    op.add_column("open_chunks", sa.Column("size_bytes", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Go back."""
    op.drop_column("open_chunks", "size_bytes")
    op.drop_column("open_traces", "log_salt")
    op.drop_table("open_leaves")
