"""Let staff choose the language of their desk.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "staff", sa.Column("locale", sa.String(length=12), nullable=False, server_default="")
    )


def downgrade() -> None:
    op.drop_column("staff", "locale")
