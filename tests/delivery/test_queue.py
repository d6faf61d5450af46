"""The queue wakes workers and holds nothing else; losing it, or a lie in it, loses nothing."""

from __future__ import annotations

import hmac
import pickle
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from huey.serializer import SignedSerializer

from portal import queue
from portal import worker as workers
from portal.models.delivery import Status
from portal.sweep import GRACE
from tests.cast import Client, Staff, World
from tests.delivery.conftest import Clock
from tests.delivery.provider import the_delivery
from tests.servers import Postgres, free_port
from tests.wait import wait_for

# One database is enough where the queue is what differs.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
QUEUES = ("sqlite", "postgresql", "redis")


@pytest.fixture(params=QUEUES)
def queue_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/queue.db"
    elif request.param == "redis":
        server = request.getfixturevalue("redis_server")
        yield server.url
        server.flush()
    else:
        postgres: Postgres = request.getfixturevalue("postgres_server")
        name = f"queue_{free_port()}"
        yield postgres.create(name)
        postgres.drop(name)


@pytest.fixture
def acme(make_world: Any, queue_url: str) -> World:
    found: World = make_world(queue_url=queue_url)
    return found


@pytest.fixture
def ada(acme: World) -> Staff:
    return Staff(acme, "ada@acme.example", "acme").signs_in()


@pytest.fixture
def carl(acme: World) -> Client:
    return Client(acme, "carl@carter.example", "acme")


def _storage(world: World) -> Any:
    return world.app.extensions["portal_queue"].huey.storage


def test_processes_that_start_together_open_a_new_queue(database: str, queue_url: str) -> None:
    together = threading.Barrier(8)

    def opens(_number: int) -> int:
        together.wait()
        found = queue.init_app(Flask("portal"), queue_url, ("a key of thirty-two letters, or so",))
        size = found.size()
        found.huey.storage.close()
        return size

    with ThreadPoolExecutor(8) as processes:
        assert list(processes.map(opens, range(8))) == [0] * 8


def test_the_queue_holds_an_id_and_a_signature(acme: World, ada: Staff, carl: Client) -> None:
    ada.invites(carl.email, name="Carl Carter", note="See you soon")
    carl.asks_for_link()
    assert not acme.app.extensions["portal_queue"].is_empty()
    wakes = _storage(acme).enqueued_items()
    assert len(wakes) == 2
    key = acme.app.extensions["portal_queue"].huey.serializer
    tasks = [pickle.loads(key._unsign(wake)) for wake in wakes]
    assert [(task.name.rpartition(".")[2], task.args, task.kwargs) for task in tasks] == [
        ("deliver", (the_delivery(acme.app).id,), {}),
        ("answer", (1,), {}),
    ]
    link = carl.letter().link
    for secret in (carl.email, "Carl Carter", "See you soon", link, link.rpartition("/")[2]):
        assert not any(secret.encode() in wake for wake in wakes)


def test_a_woken_worker_sends_at_once(
    acme: World, ada: Staff, carl: Client, works: Callable[..., None]
) -> None:
    works(acme.app, processes=2)
    ada.invites(carl.email)
    wait_for(lambda: acme.postman.letters_to(carl.email), within=10)
    wait_for(lambda: the_delivery(acme.app).status == Status.SENT)
    wait_for(acme.app.extensions["portal_queue"].is_empty)


class Bomb:
    """Leaves a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def test_a_forged_wake_is_not_run_and_stops_nobody(
    acme: World,
    ada: Staff,
    carl: Client,
    tmp_path: Path,
    works: Callable[..., None],
    capfd: pytest.CaptureFixture[str],
) -> None:
    trap = tmp_path / "trap"
    bomb = pickle.dumps(Bomb(trap))
    elsewhere = SignedSerializer(secret="another installation's key")
    empty_key = hmac.digest(b"", bomb, "sha1").hex().encode()
    for forged in (bomb, elsewhere._sign(bomb), bomb + b":" + empty_key, b"", b":", b"\x80"):
        _storage(acme).enqueue(forged)
    ada.invites(carl.email)
    works(acme.app)
    wait_for(lambda: acme.postman.letters_to(carl.email))
    assert not trap.exists()
    assert "died" not in capfd.readouterr().err


def test_a_wake_for_a_row_that_is_not_there_harms_nobody(
    acme: World, ada: Staff, carl: Client, works: Callable[..., None]
) -> None:
    queue = acme.app.extensions["portal_queue"]
    for row_id in (0, -1, 10**12):
        queue.wake("deliver", row_id)
        queue.wake("answer", row_id)
    ada.invites(carl.email)
    works(acme.app)
    wait_for(lambda: acme.postman.letters_to(carl.email))


def test_the_sweep_takes_up_what_the_queue_lost(
    acme: World, ada: Staff, carl: Client, clock: Clock
) -> None:
    ada.invites(carl.email)
    carl.asks_for_link()
    _storage(acme).flush_queue()
    with acme.app.app_context():
        assert workers.sweep() == 0, "the queue has its chance first"
        clock.goes_on(seconds=GRACE.total_seconds())
        assert workers.sweep() == 2
    assert acme.app.extensions["portal_queue"].size() == 2


def test_the_sweep_delivers_by_itself_when_the_queue_is_down(
    make_app: Callable[..., Flask], acme: World, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    down = World(make_app(queue_url="redis://127.0.0.1:1/0"), acme.postman, acme.worker)
    ada = Staff(down, "ada@acme.example", "acme").signs_in()
    ada.invites("carl@carter.example").sees("is on its way")
    assert "The queue does not answer" in caplog.text
    clock.goes_on(seconds=GRACE.total_seconds())
    with down.app.app_context():
        assert workers.sweep() == 1
    assert down.postman.letters_to("carl@carter.example")
