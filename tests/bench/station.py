"""Portico as it is run in pieces, on one of the databases and queues, with an outbox to empty."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from pathlib import Path

from flask import Flask
from sqlalchemy import func, insert, literal, select

from portal import schema, tokens
from portal.app import create_app
from portal.db import atomic, db, now
from portal.flows.open_account import open_account
from portal.models.account import Account
from portal.models.contact import Contact
from portal.models.delivery import PENDING, Delivery, Status
from portal.models.magic_link import Kind, MagicLink
from portal.models.portal_access import PortalAccess
from portal.models.staff import Staff
from portal.models.staff_session import StaffSession
from tests.bench.browser import Browser
from tests.bench.installation import SLUG
from tests.bench.portico import OWNER, Portico

MESSAGES = 2000
WORKERS = 2
KEY = "the-same-for-all-stations-they-begin-with-one-database"
WAITED = timedelta(minutes=1)
WEEK = timedelta(days=7)
INVITES = f"/admin/{SLUG}/invitations/new"


class Station(Portico):
    """`portal web` and `portal worker`, as many processes as everywhere in the bench."""

    def __init__(
        self, kind: str, home: Path, smtp_port: int, database_url: str, queue_url: str
    ) -> None:
        super().__init__(home, smtp_port)
        self.kind, self.database_url, self.queue_url = kind, database_url, queue_url
        home.mkdir(parents=True, exist_ok=True)

    def commands(self) -> list[list[str]]:
        return [["-m", "portal", "web"], ["-m", "portal", "worker"]]

    def environment(self) -> dict[str, str]:
        return {
            **super().environment(),
            "PORTAL_DATABASE_URL": self.database_url,
            "PORTAL_QUEUE_URL": self.queue_url,
            "PORTAL_SECRET_KEYS": KEY,
            "PORTAL_WORKERS": str(WORKERS),
        }

    def prepare(self) -> None:
        """Fill an empty database with an account and invitations for `MESSAGES` contacts."""
        with self._app.app_context():
            schema.move(db.engine)
            account = open_account("Acme", slug=SLUG, owner_email=OWNER, owner_name="Ada Byron")
            _invite_all(account)

    def finish_many(self, count: int) -> None:
        """Add *count* deliveries that have ended, a few seconds between any two of them."""
        with self._app.app_context():
            _finish_many(count)
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as line:
                line.exec_driver_sql("ANALYZE")

    def owe_all(self) -> None:
        """Let `MESSAGES` invitations be due, as when the time to take them back is over."""
        with self._app.app_context():
            _owe_all()

    def pending(self) -> int:
        with self._app.app_context():
            owed = select(func.count()).where(Delivery.status.in_(PENDING))
            found = db.session.scalar(owed) or 0
            db.session.rollback()
            return found

    def sign_in(self) -> Browser:
        """Return a browser in which the owner is signed in."""
        secret = tokens.new_secret()
        with self._app.app_context():
            _open_session(secret)
        browser = Browser(self.port)
        browser.cookies["portal_staff"] = secret
        return browser

    def close(self) -> None:
        """Let go of the database: it can then be copied."""
        with self._app.app_context():
            db.session.remove()
            db.engine.dispose()

    @cached_property
    def _app(self) -> Flask:
        return create_app(
            home=self.home,
            port=self.port,
            database_url=self.database_url,
            queue_url=self.queue_url,
            secret_keys=(KEY,),
        )


@atomic
def _invite_all(account: Account) -> None:
    owner = Staff.by_email(OWNER)
    for n in range(MESSAGES):
        contact = Contact.find_or_add(account, f"carl{n}@carter.example", f"Carl Carter {n}")
        access = PortalAccess.grant(contact)
        MagicLink.issue(contact, Kind.INVITE, access, life=WEEK, issued_by=owner)


@atomic
def _owe_all() -> None:
    links = select(
        *_columns(Status.QUEUED, attempts=0, replies=""),
        literal(now() - WAITED, _type("created_at")),
        literal(now(), _type("due_at")),
    ).where(MagicLink.kind == Kind.INVITE, MagicLink.life == int(WEEK.total_seconds()))
    links = links.order_by(MagicLink.contact_id).limit(MESSAGES)
    db.session.execute(insert(Delivery).from_select([*_NAMES, "created_at", "due_at"], links))


@atomic
def _finish_many(count: int) -> None:
    """One for each contact and day, as if all had been invited every day for a long time."""
    days = count // MESSAGES
    for day in range(days):
        at = literal(now() - timedelta(days=days - day), _type("created_at"))
        links = select(*_columns(Status.SENT, attempts=1, replies="2.0.0 taken"), at, at, at)
        names = [*_NAMES, "created_at", "due_at", "finished_at"]
        db.session.execute(insert(Delivery).from_select(names, links))


_NAMES = ["account_id", "contact_id", "link_id", "deadline_at", "kind", "channel", "status"]
_NAMES += ["attempts", "held", "provider_id", "cause", "error", "reply", "note"]


def _columns(status: Status, *, attempts: int, replies: str) -> list[object]:
    """Return what stands in a delivery of each link, in the order of `_NAMES`."""
    of_link = [MagicLink.account_id, MagicLink.contact_id, MagicLink.id, MagicLink.expires_at]
    same = ["invite", "email", str(status), attempts, False, "", "", "", replies, ""]
    columns = zip(_NAMES[len(of_link) :], same, strict=True)
    return [*of_link, *(literal(value, _type(name)) for name, value in columns)]


def _type(name: str) -> object:
    return Delivery.__table__.columns[name].type


@atomic
def _open_session(secret: str) -> None:
    owner = Staff.by_email(OWNER)
    assert owner is not None
    StaffSession.open(owner.id, tokens.digest(secret), via="password", browser="")
