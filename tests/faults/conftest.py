"""What the fault tests share: installations whose parts can be killed, and what they sent."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from flask import Flask

from portal.flows.open_account import open_account
from tests.cast import Worker, World
from tests.leaks import SEEN
from tests.live import Portico
from tests.postman import Postman


@pytest.fixture(autouse=True)
def _quiet_mail_server() -> None:
    """Thousands of lines, each formatted for nobody, would take longer than the mail."""
    logging.getLogger("mail.log").setLevel(logging.WARNING)


@pytest.fixture
def start(
    portico: Callable[..., Portico], postman: Postman, tmp_path: Path
) -> Callable[..., Portico]:
    """Start `portal run`, each time on the same home, with the tests' mail server, unlimited."""

    def run(**environment: str) -> Portico:
        given = {"PORTAL_HOME": str(tmp_path), "PORTAL_SMTP_URL": postman.url}
        return portico(**{**given, "PORTAL_LIMITS": "off", **environment})

    return run


@pytest.fixture
def make_world(make_app: Callable[..., Flask], postman: Postman) -> Callable[..., World]:
    """Make Acme and its people on an app of the test's own settings."""

    def make(**settings: object) -> World:
        app = make_app(**settings)
        with app.app_context():
            open_account("Acme", slug="acme", owner_email="ada@acme.example", owner_name="Ada")
        return World(app, postman, Worker(app))

    return make


def look_for_few(secrets: int) -> None:
    """Every test ends with a search for each secret it saw; hundreds would take the longest."""
    SEEN.words = set(sorted(SEEN.words)[:secrets])
    SEEN.codes.clear()


def processes_of(portico: Portico) -> list[psutil.Process]:
    """The supervisor and all below it."""
    top = psutil.Process(portico.process.pid)
    return [top, *top.children(recursive=True)]


def all_gone(processes: list[psutil.Process], *, within: float) -> None:
    """Wait until none of *processes* runs."""
    _gone, alive = psutil.wait_procs(processes, timeout=within)
    assert alive == []


def repeats(postman: Postman) -> int:
    """How many letters came more than once; fails when a repeat is not the same message."""
    sent: Counter[tuple[Any, ...]] = Counter()
    for letter in list(postman.letters):
        sent[*letter.to, letter.message_id, letter.link] += 1
    addresses = [key[0] for key in sent]
    assert len(addresses) == len(set(addresses)), "a repeat with another Message-ID or link"
    return sent.total() - len(sent)
