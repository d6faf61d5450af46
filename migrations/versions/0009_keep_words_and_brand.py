"""Keep words and brand.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

from portal.db import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("account", sa.Column("brand", sa.JSON(), server_default="{}", nullable=False))
    op.create_table(
        "brand_image",
        sa.Column("id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("what", sa.String(length=4), nullable=False),
        sa.Column("digest", sa.String(length=20), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_brand_image_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_brand_image"),
        sa.UniqueConstraint("account_id", "what", name="uq_brand_image_account_id_what"),
    )


def downgrade() -> None:
    op.drop_table("brand_image")
    op.drop_column("account", "brand")
