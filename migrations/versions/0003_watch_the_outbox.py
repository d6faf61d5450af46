"""Add signs of life of workers, and what the figures of the outbox are read from.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

from portal.db import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FINISHED = sa.text("finished_at IS NOT NULL")
TROUBLE = sa.text("status IN ('bounced', 'complained', 'failed', 'expired', 'unknown')")


def upgrade() -> None:
    op.create_table(
        "worker_sign",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("processes", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_worker_sign"),
    )
    op.create_index("ix_worker_sign_seen_at", "worker_sign", ["seen_at"])
    _index("ix_delivery_finished_at", ["finished_at", "status"], FINISHED)
    _index("ix_delivery_trouble_finished_at", ["finished_at", "status", "cause"], TROUBLE)


def downgrade() -> None:
    op.drop_index("ix_delivery_trouble_finished_at", "delivery")
    op.drop_index("ix_delivery_finished_at", "delivery")
    op.drop_table("worker_sign")


def _index(name: str, columns: list[str], where: sa.TextClause) -> None:
    op.create_index(name, "delivery", columns, sqlite_where=where, postgresql_where=where)
