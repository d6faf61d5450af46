"""What every test can ask for: a database of each kind, the app on it, a mail server, the cast."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

from portal import db as database_module
from portal import passwords, schema
from portal.app import create_app
from portal.db import db
from portal.flows.open_account import open_account
from portal.flows.staff_access import add_staff
from portal.models.staff_role import Role
from tests import leaks
from tests.cast import Client, Stranger, Worker, World
from tests.cast import Staff as StaffPerson
from tests.live import Portico
from tests.postman import Postman
from tests.reused import Reused
from tests.servers import Postgres

DATABASES = ("sqlite", "postgresql")
HOST = "http://127.0.0.1:8000"
COMPILED = ("_parts", "_trace", "_converters", "_build", "_build_unknown", "arguments")


@pytest.fixture(scope="session", autouse=True)
def files_are_ours() -> Iterator[None]:
    """Plugins that their group could write to are refused, and some machines make such files."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_is_heard() -> None:
    """A shell has what it starts in the background ignore Ctrl-C, and all that that starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def garbage_is_collected_less_often() -> None:
    """What was imported is nobody's garbage, and looking through it took an eighth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 20)


@pytest.fixture(scope="session", autouse=True)
def addresses_are_compiled_once() -> Iterator[None]:
    """Werkzeug reads each route of each app and writes functions for it: most of making an app."""
    compile_, made = Rule.compile, dict[object, dict[str, Any]]()

    def compiled(rule: Rule) -> None:
        key = (rule.rule, rule.subdomain, rule.host, repr(rule.defaults), rule.merge_slashes)
        if key not in made:
            compile_(rule)
            made[key] = {name: vars(rule)[name] for name in COMPILED}
        vars(rule).update(made[key])

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Rule, "compile", compiled)
        yield


@pytest.fixture(scope="session", autouse=True)
def statements_are_compiled_once() -> Iterator[None]:
    """Each app has an engine of its own, and each engine would compile each statement anew: a
    fifth of the time. Dialects of one kind are alike here, so that they may share."""
    shared = LRUCache[Any, Any](5_000)
    held = property(lambda engine: shared, lambda engine, own: None)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Engine, "_compiled_cache", held, raising=False)
        patched.setattr(DefaultDialect, "__hash__", lambda one: hash(type(one)))
        patched.setattr(DefaultDialect, "__eq__", lambda one, other: type(one) is type(other))
        yield


@pytest.fixture(scope="session", autouse=True)
def passwords_cost_little() -> Iterator[None]:
    """A tenth of the time went into making guesses dear."""
    cheap = PasswordHasher.from_parameters(CHEAPEST)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(passwords, "_hasher", cheap)
        patched.setattr(passwords, "_NOBODY", cheap.hash("nobody's"))
        yield


@pytest.fixture(autouse=True)
def no_secret_in_the_log() -> Iterator[None]:
    """Fail a test after which a token, code, cookie or password that it saw stands in the log."""
    leaks.SEEN.forget()
    with leaks.kept_log() as lines:
        yield
    leaks.refuse("The log", "\n".join(lines))
    leaks.refuse_codes("The log", "\n".join(lines))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "portal.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a migrated, empty database; each test that asks runs on both kinds."""
    if request.param == "sqlite":
        path = tmp_path / "portal.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        leaks.refuse_in_tables(f"sqlite:///{path}")
        return
    reused: Reused = request.getfixturevalue("reused_postgres")
    url = reused.take()
    yield url
    leaks.refuse_in_tables(url)
    reused.give_back()


@pytest.fixture(scope="session")
def reused_postgres(postgres_server: Postgres) -> Iterator[Reused]:
    reused = Reused(postgres_server, postgres_server.template("portal_template", _migrate))
    yield reused
    reused.drop()


@pytest.fixture
def postman() -> Iterator[Postman]:
    """A real SMTP server that keeps what it is given."""
    with Postman.started() as found:
        yield found


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Templates as Jinja compiled them: a third of the time would go into doing it for each app."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def make_app(
    database: str,
    tmp_path: Path,
    postman: Postman,
    compiled_templates: FileSystemBytecodeCache,
) -> Iterator[Callable[..., Flask]]:
    """Build apps on the test's database, with settings by field name."""
    made: list[Flask] = []

    def make(**settings: object) -> Flask:
        chosen = {
            "home": tmp_path,
            "url": HOST,
            "database_url": database,
            "smtp_url": postman.url,
            "mail_from": "portal@acme.example",
            "undo_one": 0,
            "undo_bulk": 0,
            **settings,
        }
        made.append(create_app(**chosen))
        made[-1].jinja_env.bytecode_cache = compiled_templates
        return made[-1]

    yield make
    for app in made:
        with app.app_context():
            db.engine.dispose()
        app.extensions["portal_queue"].huey.storage.close()
        for channel in app.extensions["portal_plugins"].channels.values():
            channel.close()
    leaks.refuse_in_files(tmp_path)


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app()


@pytest.fixture
def world(app: Flask, postman: Postman) -> World:
    """Two accounts, Acme and Birch, with their people."""
    with app.app_context():
        open_account("Acme", slug="acme", owner_email="ada@acme.example", owner_name="Ada Byron")
        open_account("Birch", slug="birch", owner_email="bea@birch.example", owner_name="Bea Bell")
        add_staff("sol@acme.example", "acme", Role.SUPPORT, "Sol Sand")
    return World(app, postman, Worker(app))


@pytest.fixture
def worker(world: World) -> Worker:
    return world.worker


@pytest.fixture
def ada(world: World) -> StaffPerson:
    """The owner of Acme, signed in."""
    return StaffPerson(world, "ada@acme.example", "acme").signs_in()


@pytest.fixture
def sol(world: World) -> StaffPerson:
    """Support at Acme, signed in."""
    return StaffPerson(world, "sol@acme.example", "acme").signs_in()


@pytest.fixture
def bea(world: World) -> StaffPerson:
    """The owner of Birch, signed in."""
    return StaffPerson(world, "bea@birch.example", "birch").signs_in()


@pytest.fixture
def carl(world: World) -> Client:
    """Ada's client, with a phone; nobody has invited him yet."""
    return Client(world, "carl@carter.example", "acme", name="Carl Carter")


@pytest.fixture
def collected() -> Iterator[None]:
    """Let go, at the test's end, of answers that a short plugin of the test leaves unclosed: the
    collector would close them, with a warning, in the middle of somebody else's test."""
    gc.freeze()  # what was there before is not looked through
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    gc.unfreeze()


@pytest.fixture
def mallory(world: World) -> Stranger:
    """No one's."""
    return Stranger(world)


@pytest.fixture
def portico(tmp_path: Path) -> Iterator[Callable[..., Portico]]:
    """Start `portal run` as its operator does; stopped at the end of the test."""
    running: list[Portico] = []

    def start(**environment: str) -> Portico:
        running.append(Portico.start(tmp_path / f"home{len(running)}", **environment))
        return running[-1]

    yield start
    for one in running:
        one.stop()
        leaks.SEEN.in_address("\n".join(one.lines))
        leaks.refuse_in_files(one.home)
        leaks.refuse("The log", "\n".join(one.log))


def _migrate(url: str) -> None:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    if engine.dialect.name == "sqlite":
        database_module.prepare_sqlite(engine)
    schema.move(engine)
    engine.dispose()
