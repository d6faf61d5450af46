"""Find those whose access ends, and what accounts no longer keep.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ENDS = sa.text("ends_at IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ix_portal_access_ends_at",
        "portal_access",
        ["account_id", "ends_at"],
        sqlite_where=ENDS,
        postgresql_where=ENDS,
    )
    op.create_index(
        "ix_client_session_account_id_expires_at", "client_session", ["account_id", "expires_at"]
    )


def downgrade() -> None:
    op.drop_index("ix_client_session_account_id_expires_at", "client_session")
    op.drop_index("ix_portal_access_ends_at", "portal_access")
