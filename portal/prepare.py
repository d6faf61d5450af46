"""Makes an installation ready to run: its home, its tables, its demo account."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from portal import schema
from portal.config import Settings
from portal.db import db
from portal.demo import open_demo
from portal.errors import SettingsError
from portal.flows import seal_history
from portal.models.event_cursor import EventCursor
from portal.processes import why_not_listen


@dataclass(frozen=True)
class Prepared:
    """Where the installation will answer, and what its first lines tell."""

    url: str
    netloc: str
    host: str
    port: int
    slug: str
    """Of the demo account; empty when there is none."""
    owner_link: str
    mailbox: Path | None
    """Where the local mailbox keeps messages, if there is to be one."""


def prepare(app: Flask) -> Prepared:
    """Bring the tables up to date and, in private, have the demo account.

    Raises SettingsError when nothing could be sent or listened to with these settings.
    """
    found: Settings = app.config["PORTAL_SETTINGS"]
    if not found.smtp_url and not found.is_loopback:
        raise SettingsError(
            "PORTAL_SMTP_URL is not set, so no message could be sent from "
            f"{found.url}. Set it to smtp://user:password@host:587"
        )
    with app.app_context():
        migrate()
        slug, token = open_demo() if found.is_loopback else ("", "")
    must_listen(found)
    return Prepared(
        url=found.url,
        netloc=found.netloc,
        host=found.host,
        port=found.port,
        slug=slug,
        owner_link=f"{found.url}/admin/in/{token}" if token else "",
        mailbox=found.mailbox_dir if found.has_local_mailbox else None,
    )


def migrate() -> None:
    """Bring the tables up to date, and begin to seal the history where that was not yet known."""
    was_known = EventCursor.is_made()
    schema.move(db.engine)
    if not was_known:
        seal_history.begin()


def must_be_current() -> None:
    """Raise SettingsError when the tables are of another version."""
    if not schema.is_current(db.engine):
        raise SettingsError("The database is not up to date. Run `portal migrate`.")


def must_listen(found: Settings) -> None:
    """Raise SettingsError when the web server could not listen where it is to."""
    if complaint := why_not_listen(found.host, found.port):
        raise SettingsError(complaint)
