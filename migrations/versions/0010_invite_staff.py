"""Invite staff, and find contacts by their phone.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

HAS_PHONE = sa.text("phone <> ''")


def upgrade() -> None:
    op.create_index(
        "ix_contact_account_id_phone",
        "contact",
        ["account_id", "phone"],
        sqlite_where=HAS_PHONE,
        postgresql_where=HAS_PHONE,
    )


def downgrade() -> None:
    op.drop_index("ix_contact_account_id_phone", "contact")
