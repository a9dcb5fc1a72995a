"""The transparency log: its leaves, the traces' salts, and the checkpoints that were signed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["downgrade", "upgrade"]

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "log_leaves",
        sa.Column("leaf_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
        comment="Leaves in order; `hashes` are those of the perfect subtrees that the leaf completes, itself first.",
    )
    op.create_table(
        "log_salts",
        sa.Column("trace_id", sa.String(length=64), nullable=False),
        sa.Column("salt", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["trace_id"],
            ["traces.trace_id"],
        ),
        sa.PrimaryKeyConstraint("trace_id"),
        comment="What opens the commitments in a trace's leaves; destroyed with the trace.",
    )
    op.create_table(
        "log_checkpoints",
        sa.Column("size", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("signed_ms", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("size"),
        comment="Every tree head that was ever signed, one per size.",
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("log_checkpoints")
    op.drop_table("log_salts")
    op.drop_table("log_leaves")
