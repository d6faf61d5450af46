"""The database: engine and session, typed base, times, transactions."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from functools import cache, wraps
from typing import Annotated, Any, ClassVar, ParamSpec, TypeVar, cast, dataclass_transform

from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    BigInteger,
    DateTime,
    Engine,
    Executable,
    Insert,
    Integer,
    MetaData,
    event,
    insert,
)
from sqlalchemy.engine import Connection, CursorResult, Dialect, Result, Row
from sqlalchemy.exc import OperationalError as DatabaseAway
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, MappedAsDataclass, mapped_column, registry
from sqlalchemy.types import TypeDecorator, TypeEngine

P = ParamSpec("P")
R = TypeVar("R")

__all__ = [
    "Base",
    "DatabaseAway",
    "Id",
    "UtcDateTime",
    "after_commit",
    "alone",
    "aside",
    "atomic",
    "big_id",
    "db",
    "execute",
    "first",
    "now",
    "put",
    "put_all",
    "reads_only",
    "try_aside",
]

log = logging.getLogger(__name__)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
BUSY_SECONDS = 15
IDLE_SECONDS = 60
"""So long PostgreSQL lets a transaction stand open in which nothing is asked. Ours do nothing else
meanwhile: a process that is stopped or cut off in the middle must not keep everybody waiting."""
CACHE_KILOBYTES = 4_000
"""What a connection keeps of the file. SQLite's own 2 MB are less than one contact more touches in
indexes of hundreds of thousands: each page was read again for the next."""

reads_only: ContextVar[bool] = ContextVar("reads_only", default=False)
"""True while a request that never writes is answered: SQLite then begins DEFERRED."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time: timestamptz on PostgreSQL, integer microseconds on SQLite.

    SQLite compares text times as text, so '10:00:00' and '10:00:00.5' are in the wrong order.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kind: TypeEngine[Any] = (
            BigInteger() if dialect.name == "sqlite" else DateTime(timezone=True)
        )
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError("A naive time cannot be stored. Use portal.db.now().")
        return (value - _EPOCH) // _MICROSECOND if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if dialect.name == "sqlite":
            return _EPOCH + timedelta(microseconds=value)
        return value.astimezone(UTC)  # type: ignore[no-any-return]


big_id = BigInteger().with_variant(Integer, "sqlite")
Id = Annotated[int, mapped_column(big_id, primary_key=True)]


# The decorator tells mypy what kw_only=True does to the tables, which it would not look up here.
@dataclass_transform(kw_only_default=True, field_specifiers=(mapped_column,))
class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """Rows are dataclasses with keyword-only fields."""

    registry: ClassVar[registry] = registry(
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(table_name)s_%(column_0_N_name)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
        type_annotation_map={datetime: UtcDateTime(), int: big_id},
    )


db = SQLAlchemy(
    metadata=Base.metadata,
    disable_autonaming=True,
    session_options={"expire_on_commit": False, "autoflush": False},
)


def init_app(app: Flask, url: str) -> None:
    """Bind *app* to the database at *url*."""
    if url.startswith("postgresql://"):
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
        options: dict[str, Any] = {"pool_pre_ping": True, "pool_size": 5, "max_overflow": 10}
    else:
        # Last in, first out: what a connection has read stays right until another one writes.
        connect = {"timeout": BUSY_SECONDS, "check_same_thread": False}
        options = {"connect_args": connect, "pool_use_lifo": True}
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    db.init_app(app)
    with app.app_context():
        engine = db.engine
        if engine.dialect.name == "sqlite":
            prepare_sqlite(engine)
            alone = engine.execution_options(portal_alone=True)
        else:
            prepare_postgresql(engine)
            alone = engine.execution_options(isolation_level="AUTOCOMMIT")
        app.extensions["portal_alone"] = alone


def prepare_postgresql(engine: Engine) -> None:
    """Have the server end what a client has forgotten. It is said for each connection and not in
    the address, where poolers in between refuse it."""

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: object) -> None:
        before, connection.autocommit = connection.autocommit, True
        connection.execute(
            f"SET idle_in_transaction_session_timeout = '{IDLE_SECONDS * 1000:.0f}ms'"
        )
        connection.autocommit = before


def prepare_sqlite(engine: Engine) -> None:
    """Give SQLite the durability and the locking that PostgreSQL has by itself."""

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(f"PRAGMA cache_size=-{CACHE_KILOBYTES}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("portal_alone"):
            return
        # A deferred transaction that reads and then writes fails at once when another writes.
        driver: Any = connection.connection.dbapi_connection
        statement = "BEGIN" if reads_only.get() else "BEGIN IMMEDIATE"
        try:
            driver.execute(statement)
        except sqlite3.OperationalError as error:  # past SQLAlchemy, which would wrap it
            raise DatabaseAway(statement, None, error) from error


def now() -> datetime:
    return datetime.now(UTC)


def alone() -> Engine:
    """Return the engine for SELECTs that need no transaction: on SQLite they wait for nobody."""
    found: Engine = current_app.extensions["portal_alone"]
    return found


def first(select: Executable, parameters: dict[str, Any] | None = None) -> Row[Any] | None:
    """Return the first row of a SELECT that needs no transaction and no other row beside it.

    The session and a transaction would cost four times the statement, and nearly every page
    begins with one. It does not see what the session has not committed.
    """
    with alone().connect() as connection:
        return connection.execute(select, parameters).first()


def execute(
    statement: Executable, parameters: dict[str, Any] | list[dict[str, Any]] | None = None
) -> CursorResult[Any]:
    """Execute a statement of the journeys everyone walks, in the transaction at hand; for each of
    several *parameters* when it is a list.

    The session's own `execute` costs three times the statement, to keep objects in step that
    these journeys do not have. Build *statement* once, with `bindparam`.
    """
    return db.session.connection().execute(statement, parameters)


def put(row: Base) -> None:
    """Insert *row* at once by one plain statement.

    It stays outside the session: what is changed on it later is not written.
    """
    kind = type(row)
    values = {column.key: getattr(row, column.key) for column in kind.__table__.columns}
    is_numbered = "id" in values and values["id"] is None
    if is_numbered:
        del values["id"]
    key = execute(_insert_into(kind), values).inserted_primary_key
    if is_numbered and key:
        cast(Any, row).id = key[0]


def put_all(rows: Sequence[Base]) -> list[int]:
    """Insert *rows* of one table, which numbers them, by one statement; return their ids.

    They stay outside the session, as with `put`.
    """
    kind: Any = type(rows[0])
    names = [column.key for column in kind.__table__.columns if column.key != "id"]
    values = [{name: getattr(row, name) for name in names} for row in rows]
    found = db.session.connection().execute(
        insert(kind).returning(kind.id, sort_by_parameter_order=True), values
    )
    return [row[0] for row in found]


@cache
def _insert_into(kind: type[Base]) -> Insert:
    return insert(kind)


def storable(text: str) -> str:
    """Return *text*, which came from elsewhere, as each database keeps it: without NUL, and without
    halves of characters, which JSON can name and UTF-8 cannot."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def won(result: Result[Any]) -> bool:
    """Tell whether a conditional UPDATE decided the race in our favour."""
    return isinstance(result, CursorResult) and result.rowcount == 1


def atomic(flow: Callable[P, R]) -> Callable[P, R]:
    """Make *flow* one transaction: all of it is on disk when it returns, or none of it."""

    @wraps(flow)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            result = flow(*args, **kwargs)
            db.session.commit()
        except BaseException:
            db.session.rollback()
            _pending().clear()
            raise
        pending = _pending()
        while pending:
            pending.pop(0)()
        return result

    return run


def after_commit(action: Callable[[], None]) -> None:
    """Run *action* once the flow's transaction is on disk, and never if it is not."""
    _pending().append(action)


def _pending() -> list[Callable[[], None]]:
    found: list[Callable[[], None]] = db.session.info.setdefault("after_commit", [])
    return found


def aside(action: Callable[[Connection], None]) -> None:
    """Append to the history in a transaction of its own, beside a request that only reads.

    The page does not wait for the disk: after a power cut the last such lines may be missing.
    """
    token = reads_only.set(False)
    try:
        with db.engine.connect() as connection:
            _sync(connection, "NORMAL")
            try:
                with connection.begin():
                    action(connection)
            finally:
                _sync(connection, "FULL")
    finally:
        reads_only.reset(token)


def _sync(connection: Connection, level: str) -> None:
    """Say when SQLite's commits return: FULL is on disk, NORMAL is handed to the system."""
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.dbapi_connection
        driver.execute(f"PRAGMA synchronous={level}")


def try_aside(action: Callable[[Connection], None]) -> None:
    """Like `aside`, for what may be missed: a database too busy to write is only logged."""
    try:
        aside(action)
    except SQLAlchemyError:
        log.warning("A line beside a page view could not be written.", exc_info=True)
