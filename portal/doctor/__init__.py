"""`portal doctor`: looks at all that an installation depends on, and says what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from flask import Flask

from portal import config
from portal.app import create_app
from portal.channel import Finding
from portal.db import DatabaseAway, db, reads_only
from portal.doctor import address, channels, clock, domains, history, place, sending, stores
from portal.doctor.fetching import PATIENCE_SECONDS
from portal.errors import PortalError, SettingsError
from portal.probe import NoAnswerError, ask

Look = Callable[[], Iterable[Finding]]


@dataclass(frozen=True)
class Check:
    """One thing to look at, which gets so many *seconds* and cannot disturb the others."""

    title: str
    look: Look
    seconds: float = 5.0


@dataclass(frozen=True)
class Result:
    """What one check found."""

    title: str
    findings: tuple[Finding, ...]

    @property
    def is_bad(self) -> bool:
        return any(finding.level == "bad" for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        return {"title": self.title, "findings": [asdict(one) for one in self.findings]}


def examine(slug: str = "") -> Iterator[Result]:
    """Yield the results one after the other; with *slug*, those of that account's channels too.

    Raises SettingsError when there is no such account.
    """
    try:
        found = config.load()
        yield _result(Check("Settings", partial(place.settings, found)))
        app, queue_complaint = _app()
    except PortalError as error:
        wrong = tuple(Finding("bad", "Settings", line) for line in str(error).splitlines())
        yield Result("Settings", wrong)
        return
    _must_exist(app, slug)
    for check in _checks(app, queue_complaint, slug):
        yield _result(check)


def _app() -> tuple[Flask, str]:
    """Return the app, and why its queue cannot be opened: the others are looked at all the same."""
    try:
        return create_app(), ""
    except SettingsError as error:
        if "PORTAL_QUEUE_URL" not in str(error):
            raise
        return create_app(queue_url="sqlite:///:memory:"), str(error)


def _must_exist(app: Flask, slug: str) -> None:
    with app.app_context():
        try:
            if slug and channels.account_at(slug) is None:
                raise SettingsError(f"There is no account {slug}. Give its slug, as in /p/<slug>.")
        except DatabaseAway:  # which is then found by the check of the database
            db.session.rollback()


def _checks(app: Flask, queue_complaint: str, slug: str) -> Iterator[Check]:
    found: config.Settings = app.config["PORTAL_SETTINGS"]
    yield Check("Home", partial(place.home, found))
    yield Check("Database", _inside(app, stores.database))
    yield Check("Secret keys", _inside(app, partial(stores.keys, found)))
    yield Check("Queue", _inside(app, partial(stores.queues, found, queue_complaint)))
    yield Check("Workers", _inside(app, sending.workers))
    yield Check("Outbox", _inside(app, sending.outbox))
    yield Check("History", _inside(app, history.sealed))
    yield Check("Public URL", partial(address.public, found), 3 * PATIENCE_SECONDS)
    yield Check("Proxies", partial(address.proxies, found))
    yield Check("Domains", _inside(app, partial(domains.own, found, slug)), domains.SECONDS)
    yield Check("Clock", _inside(app, partial(clock.clocks, found)), 2 * PATIENCE_SECONDS)
    yield Check("Plugins", _inside(app, channels.plugged))
    with app.app_context():
        installed = channels.installed()
    for channel in installed:
        seconds = channel.caps.timeout + 5.0
        look = partial(channels.channel, channel, slug)
        yield Check(f"Channel {channel.id}", _inside(app, look), seconds)


def _inside(app: Flask, look: Look) -> Look:
    def run() -> list[Finding]:
        reads_only.set(True)  # this thread's own: on SQLite it then waits for nobody
        with app.app_context():
            return list(look())

    return run


def _result(check: Check) -> Result:
    try:
        found = ask(lambda: tuple(check.look()), check.seconds)
    except NoAnswerError:
        words = f"This could not be found out within {check.seconds:.0f} seconds."
        found = (Finding("bad", "No answer", words),)
    except DatabaseAway:
        found = (Finding("bad", "Not known", "The database does not answer."),)
    except PortalError as error:
        found = (Finding("bad", check.title, str(error)),)
    except Exception as error:  # its text may hold anything
        words = f"The check itself failed ({type(error).__name__})."
        found = (Finding("bad", "Not known", words),)
    return Result(check.title, found)
