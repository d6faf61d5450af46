"""What load balancers are told: `/healthz` by the process alone, `/readyz` by all it depends on."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from portal import schema
from portal.db import db
from portal.models.outbox_figures import figures
from tests.servers import Postgres, Redis
from tests.wait import wait_for

STRANGE_HOSTS = ("10.0.0.7:8000", "evil.example", "[::1]", "")
Beat = Callable[..., None]
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def asks(app: Flask, path: str, *, method: str = "GET", **headers: str) -> TestResponse:
    return app.test_client().open(path, method=method, base_url="http://127.0.0.1:8000",
                                  headers=headers)  # fmt: skip


def ready(app: Flask) -> tuple[int, dict[str, Any]]:
    """Ask anew: an answer holds for a second."""
    app.extensions["portal_readiness"].__init__(app)
    answer = asks(app, "/readyz")
    assert answer.json
    return answer.status_code, answer.json["checks"]


def wrong(app: Flask) -> list[str]:
    status, checks = ready(app)
    names = sorted(name for name, verdict in checks.items() if not verdict["ok"])
    assert status == (503 if names else 200)
    return names


@only_sqlite
def test_a_process_that_lives_says_so_without_its_database(make_app: Callable[..., Flask]) -> None:
    app = make_app(database_url="postgresql://ada@127.0.0.1:1/nothing")
    answer = asks(app, "/healthz")
    assert (answer.status_code, answer.data) == (200, b"ok")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.content_type.startswith("text/plain")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_answer_for_any_host_and_nothing_else_does(
    app: Flask, beat: Beat, path: str
) -> None:
    beat(app)
    for host in STRANGE_HOSTS:
        for method in ("GET", "HEAD"):
            answer = asks(app, path, method=method, Host=host)
            assert answer.status_code == 200, (host, method)
            assert answer.headers.getlist("Set-Cookie") == []
            assert host == "" or host not in answer.get_data(as_text=True)
    for other in ("/", "/admin/", "/healthz/", "//healthz", "/readyz/x", "/static/../healthz"):
        assert asks(app, other, Host="evil.example").status_code == 400, other
    assert asks(app, path, method="POST", Host="evil.example").status_code == 400


def test_an_installation_is_ready_once_a_worker_has_been_seen(app: Flask, beat: Beat) -> None:
    assert wrong(app) == ["worker"]
    assert "Start `portal worker`" in ready(app)[1]["worker"]["why"]
    beat(app, ago=timedelta(seconds=31))
    assert wrong(app) == ["worker"]
    beat(app, ago=timedelta(seconds=25))
    assert ready(app) == (
        200,
        {name: {"ok": True, "why": ""} for name in ("database", "schema", "worker", "queue")},
    )


@only_sqlite
def test_a_slow_sweep_makes_for_longer_patience(make_app: Callable[..., Flask], beat: Beat) -> None:
    app = make_app(sweep=60)
    beat(app, ago=timedelta(seconds=170))
    assert wrong(app) == []


def test_tables_of_another_version_are_not_ready(app: Flask, beat: Beat) -> None:
    beat(app)
    with app.app_context():
        db.session.remove()
        schema.move(db.engine, "0002")
    assert wrong(app) == ["schema", "worker"]
    assert "portal migrate" in ready(app)[1]["schema"]["why"]


@only_sqlite
def test_a_database_that_stops_turns_it_red_and_back_to_green(
    make_app: Callable[..., Flask], own_postgres: Postgres, beat: Beat
) -> None:
    url = own_postgres.create("portal")
    app = make_app(database_url=url)
    with app.app_context():
        schema.move(db.engine)
    beat(app)
    assert wrong(app) == []
    with own_postgres.down():
        began = time.monotonic()
        assert wrong(app) == ["database", "schema", "worker"]
        assert time.monotonic() - began < 2
        assert asks(app, "/healthz").status_code == 200
        private = asks(app, "/readyz").get_data(as_text=True)
        assert not [word for word in ("127.0.0.1", "portico", "psycopg", str(own_postgres.port),
                                      "refused", "Traceback") if word in private]  # fmt: skip
    wait_for(lambda: wrong(app) == [])


@only_sqlite
def test_a_queue_that_stops_turns_it_red_and_back_to_green(
    make_app: Callable[..., Flask], redis_server: Redis, beat: Beat
) -> None:
    app = make_app(queue_url=redis_server.url)
    beat(app)
    assert wrong(app) == []
    with redis_server.down():
        assert wrong(app) == ["queue"]
    wait_for(lambda: wrong(app) == [])


@only_sqlite
def test_a_queue_in_postgresql_recovers_as_well(
    make_app: Callable[..., Flask], own_postgres: Postgres, beat: Beat
) -> None:
    app = make_app(queue_url=own_postgres.create("queue"))
    beat(app)
    assert wrong(app) == []
    with own_postgres.down():
        assert wrong(app) == ["queue"]
    wait_for(lambda: wrong(app) == [])


@only_sqlite
def test_what_hangs_is_not_waited_for(make_app: Callable[..., Flask], tarpit: int) -> None:
    app = make_app(
        database_url=f"postgresql://ada@127.0.0.1:{tarpit}/portal?connect_timeout=5",
        queue_url=f"redis://127.0.0.1:{tarpit}/0?socket_timeout=5",
    )
    began = time.monotonic()
    assert wrong(app) == ["database", "queue", "schema", "worker"]
    assert time.monotonic() - began < 2
    assert asks(app, "/healthz").status_code == 200


@only_sqlite
def test_asking_often_does_not_ask_the_database_often(app: Flask, beat: Beat) -> None:
    beat(app)
    statements: list[str] = []
    with app.app_context():
        db.event.listen(
            db.engine, "before_cursor_execute", lambda *given: statements.append(given[2])
        )
        figures()  # counts of another kind, so that the listener is known to hear
        assert statements
        statements.clear()
    for _ in range(20):
        assert asks(app, "/readyz").status_code == 200
    assert 0 < len(statements) < 8


def test_a_database_that_is_being_written_to_is_ready(
    app: Flask, database: str, beat: Beat
) -> None:
    """On SQLite, one writer keeps the others waiting; who only looks must not wait."""
    beat(app)
    with app.app_context(), db.engine.connect() as writer:
        writer.exec_driver_sql("DELETE FROM rate_count")
        assert wrong(app) == []
        writer.rollback()
