"""Invite staff, and find contacts by their phone.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

from portal.db import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
HAS_PHONE = sa.text("phone <> ''")


def upgrade() -> None:
    op.create_index(
        "ix_contact_account_id_phone",
        "contact",
        ["account_id", "phone"],
        sqlite_where=HAS_PHONE,
        postgresql_where=HAS_PHONE,
    )
    op.add_column("staff", sa.Column("last_seen_at", UtcDateTime(), nullable=True))
    op.create_table(
        "staff_invitation",
        sa.Column("id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_norm", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("token_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("invited_by", BIG, nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name="fk_staff_invitation_account_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["invited_by"], ["staff.id"], name="fk_staff_invitation_invited_by", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_staff_invitation"),
        sa.UniqueConstraint(
            "account_id", "email_norm", name="uq_staff_invitation_account_id_email_norm"
        ),
        sa.UniqueConstraint("token_digest", name="uq_staff_invitation_token_digest"),
    )


def downgrade() -> None:
    op.drop_table("staff_invitation")
    op.drop_column("staff", "last_seen_at")
    op.drop_index("ix_contact_account_id_phone", "contact")
