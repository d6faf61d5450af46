"""Let contacts be searched by any part, filtered, tagged, and listed as a view that was saved.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

from portal.db import UtcDateTime
from portal.errors import SettingsError
from portal.models.search_words import search_key

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BATCH = 1000
COLUMNS = ("standing", "seen_key", "undelivered")
ORDERS = {
    "ix_contact_account_id_standing": ["account_id", "standing", "sort_key", "id"],
    "ix_contact_account_id_seen_key": ["account_id", "seen_key", "id"],
    "ix_contact_account_id_created_at": ["account_id", "created_at", "id"],
}
PARTIAL = {
    "ix_contact_undelivered": sa.text("undelivered"),
    "ix_contact_phone": sa.text("phone <> ''"),
}


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    operators = "" if is_sqlite else _trigram_operators()
    never = sa.text("0") if is_sqlite else sa.text("'epoch'")
    op.add_column("contact", sa.Column("standing", sa.String(12), nullable=False,
                                       server_default=""))  # fmt: skip
    op.add_column("contact", sa.Column("seen_key", UtcDateTime(), nullable=False,
                                       server_default=never))  # fmt: skip
    op.add_column("contact", sa.Column("undelivered", sa.Boolean(), nullable=False,
                                       server_default=sa.false()))  # fmt: skip
    op.execute(_STANDINGS)
    _write_search_keys()
    for name, columns in ORDERS.items():
        op.create_index(name, "contact", columns)
    for name, where in PARTIAL.items():
        op.create_index(name, "contact", ["account_id", "sort_key", "id"],
                        sqlite_where=where, postgresql_where=where)  # fmt: skip
    _create_tags()
    _create_views()
    for statement in _ON_SQLITE if is_sqlite else _ON_POSTGRESQL:
        op.execute(statement.replace("gin_trgm_ops", f"{operators}gin_trgm_ops"))


def downgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _OFF_SQLITE if is_sqlite else _OFF_POSTGRESQL:
        op.execute(statement)
    for table in ("saved_view", "contact_tag", "tag"):
        op.drop_table(table)
    for name in (*PARTIAL, *ORDERS):
        op.drop_index(name, "contact")
    for name in COLUMNS:
        op.drop_column("contact", name)


def _trigram_operators() -> str:
    """Return the schema of pg_trgm with a dot, after making sure that the database has it."""
    schema = _schema_of_trigrams()
    if schema is None:
        _add_trigrams()
        schema = _schema_of_trigrams()
    return f'"{schema}".'


def _schema_of_trigrams() -> str | None:
    found: str | None = op.get_bind().scalar(
        sa.text(
            "SELECT nspname FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace"
            " WHERE extname = 'pg_trgm'"
        )
    )
    return found


def _add_trigrams() -> None:
    bind = op.get_bind()
    name = bind.scalar(sa.text("SELECT current_database()"))
    try:
        with bind.begin_nested():
            bind.execute(sa.text("CREATE EXTENSION pg_trgm"))
    except sa.exc.DBAPIError as error:
        raise SettingsError(
            "The search needs PostgreSQL's extension pg_trgm, which could not be added "
            f"({str(error.orig).splitlines()[0]}). Let a superuser of the database add it, then "
            f"migrate again: psql -U postgres -d {name} -c 'CREATE EXTENSION pg_trgm'. Where that "
            "is unknown, install the package postgresql-contrib on the database's server first."
        ) from error


def _write_search_keys() -> None:
    """Write for those who are there what the model writes for those who come."""
    bind, after = op.get_bind(), 0
    read = sa.text(
        "SELECT id, name, email, phone, external_id FROM contact"
        " WHERE id > :after ORDER BY id LIMIT :batch"
    )
    write = sa.text("UPDATE contact SET search_key = :key WHERE id = :id")
    while rows := bind.execute(read, {"after": after, "batch": BATCH}).all():
        bind.execute(write, [{"id": row[0], "key": search_key(*row[1:])} for row in rows])
        after = rows[-1][0]


def _create_tags() -> None:
    op.create_table(
        "tag",
        sa.Column("id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_tag_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_tag"),
        sa.UniqueConstraint("account_id", "key", name="uq_tag_account_id_key"),
    )
    op.create_table(
        "contact_tag",
        sa.Column("tag_id", BIG, autoincrement=False, nullable=False),
        sa.Column("contact_id", BIG, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["tag_id"], ["tag.id"], name="fk_contact_tag_tag_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name="fk_contact_tag_contact_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tag_id", "contact_id", name="pk_contact_tag"),
    )
    op.create_index("ix_contact_tag_contact_id", "contact_tag", ["contact_id"])


def _create_views() -> None:
    op.create_table(
        "saved_view",
        sa.Column("id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_saved_view_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_saved_view"),
        sa.UniqueConstraint("account_id", "key", name="uq_saved_view_account_id_key"),
    )


_STANDINGS = """
    UPDATE contact SET standing = a.status, undelivered = a.undelivered,
        seen_key = coalesce(a.last_seen_at, contact.seen_key)
    FROM portal_access a WHERE a.contact_id = contact.id
"""

# The list reads one table: what it filters and sorts by stands on the contact, wherever an access
# is changed. The text index follows its column in the same way.
_ON_SQLITE = (
    """
    CREATE TRIGGER portal_access_listed AFTER INSERT ON portal_access BEGIN
        UPDATE contact SET standing = NEW.status, undelivered = NEW.undelivered,
            seen_key = coalesce(NEW.last_seen_at, 0) WHERE id = NEW.contact_id;
    END
    """,
    """
    CREATE TRIGGER portal_access_relisted
    AFTER UPDATE OF status, undelivered, last_seen_at ON portal_access
    WHEN OLD.status <> NEW.status OR OLD.undelivered <> NEW.undelivered
        OR OLD.last_seen_at IS NOT NEW.last_seen_at BEGIN
        UPDATE contact SET standing = NEW.status, undelivered = NEW.undelivered,
            seen_key = coalesce(NEW.last_seen_at, 0) WHERE id = NEW.contact_id;
    END
    """,
    """
    CREATE TRIGGER portal_access_unlisted AFTER DELETE ON portal_access BEGIN
        UPDATE contact SET standing = '', undelivered = 0, seen_key = 0 WHERE id = OLD.contact_id;
    END
    """,
    """
    CREATE VIRTUAL TABLE contact_search USING fts5(
        search_key, content='contact', content_rowid='id', tokenize='trigram case_sensitive 1')
    """,
    "INSERT INTO contact_search (contact_search) VALUES ('rebuild')",
    """
    CREATE TRIGGER contact_found AFTER INSERT ON contact BEGIN
        INSERT INTO contact_search (rowid, search_key) VALUES (NEW.id, NEW.search_key);
    END
    """,
    """
    CREATE TRIGGER contact_found_anew AFTER UPDATE OF search_key ON contact
    WHEN OLD.search_key <> NEW.search_key BEGIN
        INSERT INTO contact_search (contact_search, rowid, search_key)
            VALUES ('delete', OLD.id, OLD.search_key);
        INSERT INTO contact_search (rowid, search_key) VALUES (NEW.id, NEW.search_key);
    END
    """,
    """
    CREATE TRIGGER contact_found_no_more AFTER DELETE ON contact BEGIN
        INSERT INTO contact_search (contact_search, rowid, search_key)
            VALUES ('delete', OLD.id, OLD.search_key);
    END
    """,
)
_OFF_SQLITE = (
    "DROP TRIGGER contact_found_no_more",
    "DROP TRIGGER contact_found_anew",
    "DROP TRIGGER contact_found",
    "DROP TABLE contact_search",
    "DROP TRIGGER portal_access_unlisted",
    "DROP TRIGGER portal_access_relisted",
    "DROP TRIGGER portal_access_listed",
)
_ON_POSTGRESQL = (
    """
    CREATE FUNCTION list_portal_access() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            UPDATE contact SET standing = '', undelivered = false, seen_key = 'epoch'
            WHERE id = OLD.contact_id;
        ELSIF TG_OP = 'INSERT' OR (OLD.status, OLD.undelivered, OLD.last_seen_at)
                IS DISTINCT FROM (NEW.status, NEW.undelivered, NEW.last_seen_at) THEN
            UPDATE contact SET standing = NEW.status, undelivered = NEW.undelivered,
                seen_key = coalesce(NEW.last_seen_at, 'epoch') WHERE id = NEW.contact_id;
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER portal_access_listed
    AFTER INSERT OR DELETE OR UPDATE OF status, undelivered, last_seen_at ON portal_access
    FOR EACH ROW EXECUTE FUNCTION list_portal_access()
    """,
    # A short list of pending entries: each search reads all of it.
    """
    CREATE INDEX ix_contact_search_key ON contact USING gin (search_key gin_trgm_ops)
    WITH (gin_pending_list_limit = 512)
    """,
)
_OFF_POSTGRESQL = (
    "DROP INDEX ix_contact_search_key",
    "DROP TRIGGER portal_access_listed ON portal_access",
    "DROP FUNCTION list_portal_access",
)
