"""Merge SQLite's text index less often.

FTS5 writes each commit's words as a piece of their own, and begins to merge when there are four of
one size. In a file of hundreds of thousands an import wrote more pages for that than for all else.
Sixteen are merged at once, less than half as often: a search looks at a few pieces more, which
costs nothing that can be measured.

Revision ID: 0017
Revises: 0016
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# It is kept in the index itself.
OF_SIXTEEN = "INSERT INTO contact_search (contact_search, rank) VALUES ('automerge', 16)"
OF_FOUR = "INSERT INTO contact_search (contact_search, rank) VALUES ('automerge', 4)"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(OF_SIXTEEN)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(OF_FOUR)
