"""Let staff see a portal as a client does and how far contacts have come, and plan reminders.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

from portal.db import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
VIEWED = sa.text("kind = 'viewed'")
OPENED = sa.text("opened")


def upgrade() -> None:
    _create_views()
    op.create_index(
        "ix_event_viewed", "event", ["contact_id", "at", "id"],
        sqlite_where=VIEWED, postgresql_where=VIEWED,
    )  # fmt: skip
    op.add_column("portal_access", sa.Column("opened_at", UtcDateTime(), nullable=True))
    op.add_column("contact", sa.Column("opened", sa.Boolean(), nullable=False,
                                       server_default=sa.false()))  # fmt: skip
    op.create_index(
        "ix_contact_opened", "contact", ["account_id", "sort_key", "id"],
        sqlite_where=OPENED, postgresql_where=OPENED,
    )  # fmt: skip
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(_OPENINGS_ON_SQLITE if is_sqlite else _OPENINGS_ON_POSTGRESQL)
    op.execute(_OPENED_CONTACTS)
    _list_accesses(with_opened=True)
    op.add_column("magic_link", sa.Column("reminder", BIG, nullable=False, server_default="0"))
    _create_reminders()
    for statement in _ON_SQLITE if is_sqlite else _ON_POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _OFF_SQLITE if is_sqlite else _OFF_POSTGRESQL:
        op.execute(statement)
    op.drop_table("reminder")
    op.drop_column("magic_link", "reminder")
    _list_accesses(with_opened=False)
    op.drop_index("ix_contact_opened", "contact")
    op.drop_column("contact", "opened")
    op.drop_column("portal_access", "opened_at")
    op.drop_index("ix_event_viewed", "event")
    op.drop_table("client_view")


def _create_views() -> None:
    op.create_table(
        "client_view",
        sa.Column("id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("contact_id", BIG, nullable=False),
        sa.Column("staff_session_id", BIG, nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [f"{other}_id"], [f"{other}.id"], name=f"fk_client_view_{other}_id",
                ondelete="CASCADE",
            )
            for other in ("account", "contact", "staff_session")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_client_view"),
        sa.UniqueConstraint("digest", name="uq_client_view_digest"),
    )  # fmt: skip
    for column in ("staff_session_id", "contact_id", "expires_at"):
        op.create_index(f"ix_client_view_{column}", "client_view", [column])


def _create_reminders() -> None:
    op.create_table(
        "reminder",
        sa.Column("contact_id", BIG, autoincrement=False, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("staff_id", BIG, nullable=True),
        sa.Column("invited_at", UtcDateTime(), nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("reminded_at", UtcDateTime(), nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("ended", sa.String(length=12), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [f"{other}_id"], [f"{other}.id"], name=f"fk_reminder_{other}_id",
                ondelete="SET NULL" if other == "staff" else "CASCADE",
            )
            for other in ("account", "contact", "staff")
        ),
        sa.PrimaryKeyConstraint("contact_id", name="pk_reminder"),
    )  # fmt: skip
    due = sa.text("due_at IS NOT NULL")
    op.create_index(
        "ix_reminder_due_at", "reminder", ["due_at"], sqlite_where=due, postgresql_where=due
    )
    op.create_index("ix_reminder_staff_id", "reminder", ["staff_id"])


def _list_accesses(*, with_opened: bool) -> None:
    """Write the triggers of 0005 anew, which repeat on the contact what the list needs."""
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        for gap, words in _OPENED.items() if with_opened else ():
            statement = statement.replace(gap, words)
        op.execute(statement)


# Who has opened a link and was not a program.
_OPENINGS_ON_SQLITE = """
    UPDATE portal_access SET opened_at = (
        SELECT min(at) FROM event WHERE event.contact_id = portal_access.contact_id
            AND kind = 'opened' AND json_extract(detail, '$.is_program') IS NULL)
"""
_OPENINGS_ON_POSTGRESQL = """
    UPDATE portal_access SET opened_at = first.at FROM (
        SELECT event.contact_id, min(event.at) AS at FROM event
        WHERE kind = 'opened' AND detail ->> 'is_program' IS NULL GROUP BY event.contact_id
    ) AS first WHERE first.contact_id = portal_access.contact_id
"""
_OPENED_CONTACTS = """
    UPDATE contact SET opened = true FROM portal_access a WHERE a.contact_id = contact.id
        AND a.status = 'invited' AND NOT a.undelivered AND a.opened_at IS NOT NULL
"""
_OPENED = {
    "/* of */": ", opened_at",
    "/* old */": ", OLD.opened_at",
    "/* new */": ", NEW.opened_at",
    "/* is new */": "OR OLD.opened_at IS NOT NEW.opened_at",
    "/* none */": ", opened = false",
    "/* opened */": ", opened ="
    " (NEW.status = 'invited' AND NOT NEW.undelivered AND NEW.opened_at IS NOT NULL)",
}
_SQLITE = (
    "DROP TRIGGER portal_access_listed",
    "DROP TRIGGER portal_access_relisted",
    "DROP TRIGGER portal_access_unlisted",
    """
    CREATE TRIGGER portal_access_listed AFTER INSERT ON portal_access BEGIN
        UPDATE contact SET standing = NEW.status, undelivered = NEW.undelivered,
            seen_key = coalesce(NEW.last_seen_at, 0) /* opened */ WHERE id = NEW.contact_id;
    END
    """,
    """
    CREATE TRIGGER portal_access_relisted
    AFTER UPDATE OF status, undelivered, last_seen_at /* of */ ON portal_access
    WHEN OLD.status <> NEW.status OR OLD.undelivered <> NEW.undelivered
        OR OLD.last_seen_at IS NOT NEW.last_seen_at /* is new */ BEGIN
        UPDATE contact SET standing = NEW.status, undelivered = NEW.undelivered,
            seen_key = coalesce(NEW.last_seen_at, 0) /* opened */ WHERE id = NEW.contact_id;
    END
    """,
    """
    CREATE TRIGGER portal_access_unlisted AFTER DELETE ON portal_access BEGIN
        UPDATE contact SET standing = '', undelivered = 0, seen_key = 0 /* none */
        WHERE id = OLD.contact_id;
    END
    """,
)
_POSTGRESQL = (
    "DROP TRIGGER portal_access_listed ON portal_access",
    """
    CREATE OR REPLACE FUNCTION list_portal_access() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            UPDATE contact SET standing = '', undelivered = false, seen_key = 'epoch' /* none */
            WHERE id = OLD.contact_id;
        ELSIF TG_OP = 'INSERT' OR (OLD.status, OLD.undelivered, OLD.last_seen_at /* old */)
                IS DISTINCT FROM (NEW.status, NEW.undelivered, NEW.last_seen_at /* new */) THEN
            UPDATE contact SET standing = NEW.status, undelivered = NEW.undelivered,
                seen_key = coalesce(NEW.last_seen_at, 'epoch') /* opened */
            WHERE id = NEW.contact_id;
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER portal_access_listed
    AFTER INSERT OR DELETE OR UPDATE OF status, undelivered, last_seen_at /* of */ ON portal_access
    FOR EACH ROW EXECUTE FUNCTION list_portal_access()
    """,
)

# Whatever ends an invitation ends its reminders, wherever in the program that is done.
_ON_SQLITE = (
    """
    CREATE TRIGGER portal_access_reminded
    AFTER UPDATE OF status, undelivered, auth_epoch ON portal_access
    WHEN OLD.status <> NEW.status OR OLD.undelivered < NEW.undelivered
        OR OLD.auth_epoch <> NEW.auth_epoch BEGIN
        UPDATE reminder SET due_at = NULL, ended = CASE
            WHEN NEW.status <> 'invited' THEN NEW.status
            WHEN NEW.undelivered THEN 'undelivered' ELSE 'cut' END
        WHERE contact_id = NEW.contact_id AND due_at IS NOT NULL;
    END
    """,
)
_OFF_SQLITE = ("DROP TRIGGER portal_access_reminded",)
_ON_POSTGRESQL = (
    """
    CREATE FUNCTION end_reminders() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE reminder SET due_at = NULL, ended = CASE
            WHEN NEW.status <> 'invited' THEN NEW.status
            WHEN NEW.undelivered THEN 'undelivered' ELSE 'cut' END
        WHERE contact_id = NEW.contact_id AND due_at IS NOT NULL;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER portal_access_reminded
    AFTER UPDATE OF status, undelivered, auth_epoch ON portal_access
    FOR EACH ROW WHEN (OLD.status <> NEW.status OR OLD.undelivered < NEW.undelivered
        OR OLD.auth_epoch <> NEW.auth_epoch)
    EXECUTE FUNCTION end_reminders()
    """,
)
_OFF_POSTGRESQL = (
    "DROP TRIGGER portal_access_reminded ON portal_access",
    "DROP FUNCTION end_reminders",
)
