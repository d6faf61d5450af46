"""Give a portal its own domain.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

from portal.db import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "account_domain",
        sa.Column("id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("host", sa.String(length=253), nullable=False),
        sa.Column("held_host", sa.String(length=253), nullable=True),
        sa.Column("proof", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("is_proxied", sa.Boolean(), nullable=False),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.Column("misses", BIG, nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("checked_at", UtcDateTime(), nullable=True),
        sa.Column("changed_at", UtcDateTime(), nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_account_domain_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_account_domain"),
        sa.UniqueConstraint("account_id", name="uq_account_domain_account_id"),
        sa.UniqueConstraint("held_host", name="uq_account_domain_held_host"),
    )
    op.create_index("ix_account_domain_due_at", "account_domain", ["due_at"])
    op.add_column(
        "account", sa.Column("domain", sa.String(length=253), nullable=False, server_default="")
    )
    op.add_column("account", sa.Column("domain_since", UtcDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("account", "domain_since")
    op.drop_column("account", "domain")
    op.drop_table("account_domain")
