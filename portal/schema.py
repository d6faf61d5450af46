"""The schema's versions: bring a database up to date, or say that it is not."""

from __future__ import annotations

from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine, text
from sqlalchemy.engine import Connection

from portal import models
from portal.config import bundled
from portal.db import Base
from portal.errors import SettingsError

ADVISORY_LOCK = 7_063_246_931
"""PostgreSQL's lock against two machines migrating at once."""

SEARCH_INDEX = {"table": "contact_search", "index": "ix_contact_search_key"}

__all__ = ["differences", "is_current", "models", "move"]


def move(engine: Engine, revision: str = "head") -> None:
    """Migrate to *revision*, up or down; in one transaction, so a failure leaves the old schema.

    Raises SettingsError for a database of a later version, whose revision is not known here.
    """
    try:
        _move(engine, revision)
    except CommandError as error:
        raise SettingsError(f"The database is of another version of Portico: {error}") from error


def _move(engine: Engine, revision: str) -> None:
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            _move_sqlite(connection, revision)
        else:
            with connection.begin():
                connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": ADVISORY_LOCK})
                _run(connection, revision)


def is_current(engine: Engine) -> bool:
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    return found == ScriptDirectory.from_config(_config()).get_current_head()


def differences(engine: Engine) -> list[Any]:
    """Return what the models have and the database has not, or the other way round."""
    with engine.connect() as connection:
        options = {"compare_type": True, "include_name": _is_told_by_the_models}
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, Base.metadata))


def _is_told_by_the_models(name: str | None, kind: str, _parents: Any) -> bool:
    """The index of the search is of another kind on each database; its migration tells of it."""
    return not (name or "").startswith(SEARCH_INDEX[kind]) if kind in SEARCH_INDEX else True


def _move_sqlite(connection: Connection, revision: str) -> None:
    """Foreign keys are off while tables are rebuilt: dropping a parent would empty its children.

    The pragma has no effect inside a transaction, so it goes to the driver before BEGIN.
    """
    driver: Any = connection.connection.dbapi_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    # While a table is rebuilt, triggers of others write to one that is not there.
    driver.execute("PRAGMA legacy_alter_table=ON")
    try:
        with connection.begin():
            _run(connection, revision)
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if broken:
                raise RuntimeError(f"The migration would leave orphans: {broken[:3]}")
    finally:
        driver.execute("PRAGMA legacy_alter_table=OFF")
        driver.execute("PRAGMA foreign_keys=ON")


def _run(connection: Connection, revision: str) -> None:
    config = _config()
    config.attributes["connection"] = connection
    current = MigrationContext.configure(connection).get_current_revision()
    scripts = ScriptDirectory.from_config(config)
    if revision == "base" or (current and _is_older(scripts, revision, current)):
        command.downgrade(config, revision)
    else:
        command.upgrade(config, revision)


def _is_older(scripts: ScriptDirectory, revision: str, current: str) -> bool:
    if revision == "head":
        return False
    older = {script.revision for script in scripts.iterate_revisions(current, "base")}
    return revision in older - {current}


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(bundled("migrations")).replace("%", "%%"))
    return config
