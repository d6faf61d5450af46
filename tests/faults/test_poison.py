"""Plugins that do their worst: everybody else's messages go on, and staff read what was wrong."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from portal.db import db, now
from portal.models.delivery import Delivery, Status
from portal.models.event import Event
from portal.models.magic_link import MagicLink
from portal.models.plugin_fault import PluginFault
from tests.delivery.provider import clients, deliveries, owe
from tests.faults import poison
from tests.faults.ledger import Ledger
from tests.live import Portico
from tests.wait import wait_for

GOOD = 200
WITHIN = 15.0
POISON = [does.__name__ for does in poison.KINDS]


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    found = Ledger()
    yield found
    found.close()


@pytest.fixture
def poisoned(tmp_path: Path) -> Path:
    """The operator's folder with the plugin in it."""
    folder = tmp_path / "plugins"
    folder.mkdir(mode=0o755)
    shutil.copy(poison.__file__, folder / "poison.py")
    (folder / "poison.py").chmod(0o644)
    return folder


def test_ten_kinds_of_poison_among_two_hundred_good_messages(
    poisoned: Path,
    database: str,
    portico: Callable[..., Portico],
    make_app: Callable[..., Flask],
    ledger: Ledger,
) -> None:
    given = {
        "PORTAL_HOME": str(poisoned.parent),
        "PORTAL_SMTP_URL": ledger.url,
        "PORTAL_DATABASE_URL": database,
        "PORTAL_BACKOFF": "300",  # nothing is tried anew while the test looks
    }
    first = portico(**given)  # makes the account
    first.stop()
    app = make_app(smtp_url=ledger.url, url=first.url)
    good = owe(app, *clients(GOOD))
    bad = owe(app, *[f"{name}@carter.example" for name in POISON])
    _send_by(app, dict.fromkeys(good, "email") | dict(zip(bad, POISON, strict=True)))
    running = portico(**given)
    began = time.monotonic()
    wait_for(lambda: ledger.accepted >= GOOD, within=WITHIN + 15, what="the good ones")
    took = time.monotonic() - began
    wait_for(lambda: all(one.error for one in _rows(app, bad)), within=20, what="their ends")
    assert took < WITHIN
    for one in _rows(app, bad):
        assert one.status == Status.QUEUED, (one.channel, one.status)
        assert one.attempts >= 1
    _are_readable(app, bad, {one.channel: one.error for one in _rows(app, bad)})
    _keep_their_links(app, bad, "\n".join(running.log))


def _are_readable(app: Flask, bad: list[int], errors: dict[str, str]) -> None:
    for name in ("sleep", "spin", "search"):
        assert errors[name] == f"The provider did not answer within {poison.SECONDS} seconds."
    assert errors["raise_it"] == "The raise_it plugin failed (RuntimeError)."
    assert errors["babble"] == "The babble plugin failed (TypeError)."
    assert errors["leave_politely"] == "The leave_politely plugin failed (SystemExit)."
    for name, how in (("leave", "exit status 3"), ("leave_well", "exit status 0"),
                      ("crash", "SIGSEGV")):  # fmt: skip
        assert errors[name] == f"The {name} plugin ended the worker process ({how})."
    assert "ended the worker process" in errors["sleep_deaf"]
    with app.app_context():
        told = set(db.session.scalars(db.select(Event.delivery_id).where(Event.kind == "delayed")))
        faults = list(db.session.scalars(db.select(PluginFault)))
    assert told >= set(bad)
    assert {fault.plugin for fault in faults} == {"poison"}
    words = " ".join(fault.words for fault in faults)
    for name in ("raise_it", "cannot send", "no more", "must return Sent", "leave plugin", "crash"):
        assert name in words + " ".join(fault.traceback for fault in faults), name


def _keep_their_links(app: Flask, bad: list[int], log: str) -> None:
    with app.app_context():
        links = db.session.scalars(
            db.select(MagicLink).join(Delivery, Delivery.link_id == MagicLink.id)
        )
        tokens = [link.token() for link in links]
        kept = [
            *(
                fault.words + fault.traceback
                for fault in db.session.scalars(db.select(PluginFault))
            ),
            *(one.error + one.reply for one in db.session.scalars(db.select(Delivery))),
        ]
    assert len(tokens) == GOOD + len(bad)
    for token in tokens:
        assert token not in log
        assert not any(token in words for words in kept)


def _send_by(app: Flask, channels: dict[int, str]) -> None:
    """Let each delivery go by its channel; the bad ones have been waiting for longer."""
    with app.app_context():
        for delivery_id, name in channels.items():
            waits = timedelta(minutes=name != "email")
            db.session.execute(
                db.update(Delivery)
                .where(Delivery.id == delivery_id)
                .values(channel=name, due_at=now() - waits)
            )
        db.session.commit()
    app.extensions["portal_queue"].huey.storage.flush_queue()


def _rows(app: Flask, ids: list[int]) -> list[Delivery]:
    return [one for one in deliveries(app) if one.id in ids]
