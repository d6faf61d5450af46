"""Add support codes.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

from portal.db import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "support_code",
        sa.Column("id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("contact_id", BIG, nullable=True),
        sa.Column("event_id", BIG, nullable=True),
        sa.Column("flow_digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("subject", sa.LargeBinary(length=32), nullable=False),
        sa.Column("code", sa.String(length=6), nullable=False),
        sa.Column("page", sa.String(length=20), nullable=False),
        sa.Column("browser", sa.String(length=60), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name="fk_support_code_account_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["contact.id"],
            name="fk_support_code_contact_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_support_code"),
        sa.UniqueConstraint("account_id", "code", name="uq_support_code_account_id_code"),
    )
    op.create_index("ix_support_code_contact_id", "support_code", ["contact_id"])
    op.create_index("ix_support_code_subject", "support_code", ["subject"])
    op.create_index("ix_support_code_expires_at", "support_code", ["expires_at"])


def downgrade() -> None:
    op.drop_table("support_code")
