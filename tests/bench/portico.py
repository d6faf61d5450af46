"""Portico as its operator runs it: `portal run`, with the bench's mail server and no limits."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property

from flask import Flask

from portal import schema
from portal.app import create_app
from portal.db import atomic, db
from portal.flows.edit_contact import Details, add_contact
from portal.flows.open_account import open_account
from portal.models.account import Account
from portal.models.contact import Contact
from portal.models.magic_link import Kind, MagicLink
from portal.models.portal_access import PortalAccess
from portal.models.staff import Staff
from tests.bench.installation import CLIENTS, SLUG, Installation

OWNER = "ada@acme.example"


class Portico(Installation):
    name = "Portico"

    def commands(self) -> list[list[str]]:
        return [["-m", "portal", "run"]]

    def environment(self) -> dict[str, str]:
        return {
            "PORT": str(self.port),
            "PORTAL_HOME": str(self.home),
            "PORTAL_SMTP_URL": f"smtp://127.0.0.1:{self.smtp_port}?starttls=never",
            "PORTAL_MAIL_FROM": "portal@acme.example",
            "PORTAL_LIMITS": "off",
            "PORTAL_UNDO_ONE": "0",
            "PORTAL_UNDO_BULK": "0",
        }

    def prepare(self) -> None:
        with self._app.app_context():
            schema.move(db.engine)
            account = open_account("Acme", slug=SLUG, owner_email=OWNER, owner_name="Ada Byron")
            owner = Staff.by_email(OWNER)
            assert owner is not None
            for n in range(CLIENTS):
                details = Details(f"Carl Carter {n}", f"carl{n}@carter.example", "", "", "")
                contact = add_contact(account, details, by=owner)
                _grant(contact)
            db.session.rollback()

    def issue_links(self, count: int) -> list[str]:
        with self._app.app_context():
            return _issue(count)

    @cached_property
    def _app(self) -> Flask:
        return create_app(home=self.home, port=self.port)


@atomic
def _grant(contact: Contact) -> None:
    PortalAccess.grant(contact)


@atomic
def _issue(count: int) -> list[str]:
    account = Account.by_slug(SLUG)
    assert account is not None
    rows = db.session.execute(
        db.select(Contact, PortalAccess)
        .join(PortalAccess, PortalAccess.contact_id == Contact.id)
        .order_by(Contact.id)
        .limit(count)
    ).all()
    return [
        MagicLink.issue(contact, Kind.LOGIN, access, life=timedelta(hours=1)).token()
        for contact, access in rows
    ]
