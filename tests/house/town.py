"""Two businesses side by side with everything that an address can name, and all who may ask."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from flask import Flask
from werkzeug.test import TestResponse

from portal import kept_mail, tokens
from portal.db import db
from portal.flows.invite import invite
from portal.flows.login_email import send_login_emails
from portal.flows.magic_link import generate
from portal.flows.new_run import run_of_text
from portal.flows.open_account import open_account
from portal.flows.read_run import read
from portal.flows.saved_views import save_view
from portal.flows.staff_access import add_staff, make_staff_link
from portal.flows.tag_contacts import tag_contacts
from portal.models import (
    Account,
    ChannelSetting,
    ClientSession,
    Contact,
    Delivery,
    Role,
    Staff,
    StaffInvitation,
    StaffPasskey,
    StaffSession,
    StaffTask,
    Tag,
)
from portal.models.delivery import Status
from portal.models.run import What
from tests.cast import Browser

ROLES = ("owner", "admin", "support", "another", "client", "nobody")
"""*another* is the owner of another account; the rest is seen from Acme."""
STAFF = {
    "owner": "ada@acme.example",
    "admin": "amir@acme.example",
    "support": "sol@acme.example",
    "another": "bea@birch.example",
}
EMAILS = {"acme": "carl@carter.example", "birch": "dan@dale.example"}
ABSENT = "cedar"
PLUGIN = '''
"""Gives each portal one section that no other has."""

from portal.channel import Section
from portal.hookspecs import hookimpl


@hookimpl
def portal_sections(account_slug):
    return [Section(f"{account_slug[0]}-files", "Files of " + account_slug)]
'''


class Place(NamedTuple):
    """What addresses name in one account."""

    slug: str
    contact_id: int
    session_id: int
    handle: str
    token: str
    name: str
    message_id: str
    filename: str
    delivery_id: int
    task_id: int
    tag_id: int
    view_id: int
    run_id: int
    staff_id: int
    invitation_id: int
    desk_id: int
    passkey_id: int
    channel_id: str
    key: str
    delivery_key: str


class Town:
    """Acme and Birch; in each a contact who is signed in twice and has a link to open."""

    def __init__(self, app: Flask, home: Path) -> None:
        self.app = app
        with app.app_context():
            open_account("Acme", slug="acme", owner_email=STAFF["owner"], owner_name="Ada")
            open_account("Birch", slug="birch", owner_email=STAFF["another"], owner_name="Bea")
            add_staff(STAFF["admin"], "acme", Role.ADMIN, "Amir")
            add_staff(STAFF["support"], "acme", Role.SUPPORT, "Sol")
            message_id = keep_letter(home / "mailbox")
        self.places = {slug: self._place(slug, email, message_id) for slug, email in EMAILS.items()}
        self.absent = Place(
            slug=ABSENT,
            contact_id=9,
            session_id=9,
            handle="0" * 12,
            token=unknown_token(),
            name="c-files",
            message_id=f"{0:020}-{0:08}",
            filename="no.css",
            delivery_id=99,
            task_id=99,
            tag_id=99,
            view_id=99,
            run_id=99,
            staff_id=99,
            invitation_id=99,
            desk_id=99,
            passkey_id=99,
            channel_id="pigeon",
            key="0" * 43,
            delivery_key=f"delivery-99-{'0' * 32}",
        )

    def own(self, role: str) -> Place:
        return self.places["birch" if role == "another" else "acme"]

    def other(self, role: str) -> Place:
        return self.places["acme" if role == "another" else "birch"]

    def browser(self, role: str) -> Browser:
        """Return a browser in which *role* is signed in, which has opened a link of theirs."""
        browser = Browser(self.app)
        if role in STAFF:
            with self.app.app_context():
                token = make_staff_link(STAFF[role], skips_second=True)
            browser.opens(f"/admin/in/{token}").presses("Sign in").is_status(200)
        if role == "client":
            browser.opens(f"/l/{self.link('acme')}").presses("Sign in").is_status(200)
        browser.asks("GET", f"/l/{self.own(role).token}")
        return browser

    def link(self, slug: str) -> str:
        """Return the token of a new magic link for the account's contact."""
        with self.app.app_context():
            account, owner = self._account(slug)
            contact = db.session.scalars(
                db.select(Contact).where(Contact.account_id == account.id)
            ).one()
            url = generate(account, contact, by=owner, link_id=uuid4()).link
        return url.rpartition("/")[2]

    @staticmethod
    def _account(slug: str) -> tuple[Account, Staff]:
        account = Account.by_slug(slug)
        owner = Staff.by_email(STAFF["owner" if slug == "acme" else "another"])
        assert account
        assert owner
        return account, owner

    def _undelivered(self, slug: str, contact_id: int) -> tuple[Delivery, int, str]:
        """Let a login e-mail fail, so that staff have a link to hand over."""
        with self.app.app_context():
            account, owner = self._account(slug)
            contact = Contact.find(account, contact_id)
            assert contact
            send_login_emails(account, [contact], by=owner)
            query = db.select(Delivery).where(Delivery.account_id == account.id)
            delivery = db.session.scalars(query.order_by(Delivery.id.desc())).first()
            assert delivery
            delivery.status = Status.FAILED
            StaffTask.open(delivery, "There is no such mailbox.")
            key = ChannelSetting.find_or_add(account.id, "email").receipt_key
            db.session.commit()
            return delivery, StaffTask.page(account.id)[0].id, key

    def _tag_and_view(self, slug: str, contact_id: int) -> tuple[int, int]:
        with self.app.app_context():
            account, owner = self._account(slug)
            tag_contacts(account, "VIP", [contact_id], by=owner)
            view = save_view(account, "Guests", {"status": "invited"})
            return Tag.in_use(account.id)[0].id, view.id

    def _team(self, slug: str) -> dict[str, int]:
        """Add somebody to the team and ask another; let the owner be signed in elsewhere."""
        with self.app.app_context():
            account, owner = self._account(slug)
            tess = add_staff(f"tess@{slug}.example", slug, Role.SUPPORT, "Tess")
            email = f"asked@{slug}.example"
            StaffInvitation.issue(account.id, email, Role.SUPPORT, name="", by=owner.id)
            StaffSession.open(owner.id, os.urandom(32), via="link", browser="Firefox")
            keys = {one.id: passkey(one) for one in self._people(slug)}
            db.session.add_all(keys.values())
            db.session.commit()
            (asked,) = StaffInvitation.of_account(account.id)
            (elsewhere,) = StaffSession.of_staff(owner.id)
            return {
                "staff_id": tess.id,
                "invitation_id": asked.id,
                "desk_id": elsewhere.id,
                "passkey_id": keys[owner.id].id,
            }

    @staticmethod
    def _people(slug: str) -> list[Staff]:
        found = [Staff.by_email(email) for email in STAFF.values() if slug in email]
        return [one for one in found if one]

    def _run(self, slug: str) -> int:
        with self.app.app_context():
            account, owner = self._account(slug)
            run = run_of_text(account, EMAILS[slug], What.ADD, by=owner)
            read(run.id, seconds=9)
            return run.id

    def _place(self, slug: str, email: str, message_id: str) -> Place:
        with self.app.app_context():
            account, owner = self._account(slug)
            contact_id = invite(account, email, by=owner, name=email.partition("@")[0]).id
        Browser(self.app).opens(f"/l/{self.link(slug)}").presses("Sign in").is_status(200)
        with self.app.app_context():
            session_id = ClientSession.of_contact(contact_id, {})[0].id
        token = self.link(slug)
        delivery, task_id, key = self._undelivered(slug, contact_id)
        tag_id, view_id = self._tag_and_view(slug, contact_id)
        return Place(
            slug=slug,
            contact_id=contact_id,
            session_id=session_id,
            handle=handle(token),
            token=token,
            name=f"{slug[0]}-files",
            message_id=message_id,
            filename="icon.svg",
            delivery_id=delivery.id,
            task_id=task_id,
            tag_id=tag_id,
            view_id=view_id,
            run_id=self._run(slug),
            **self._team(slug),
            channel_id="email",
            key=key,
            delivery_key=f"delivery-{delivery.id}-{delivery.link_id.hex}",
        )


def passkey(person: Staff) -> StaffPasskey:
    return StaffPasskey(
        staff_id=person.id, name="Key ring", credential_id=os.urandom(32), public_key=os.urandom(77)
    )


def handle(token: str) -> str:
    digest = tokens.token_digest_of(token)
    assert digest
    return tokens.handle_of(digest)


def unknown_token() -> str:
    """Return a token that nobody was sent and whose checksum is right."""
    body = "NobodyWasEverSentThis1"
    return body + tokens._checksum(body)


def keep_letter(folder: Path) -> str:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "a@acme.example", "b@birch.example", "Hello"
    letter.set_content("Hello")
    letter.add_alternative("<p>Hello</p>", subtype="html")
    return kept_mail.keep(folder, letter.as_bytes())


def csrf_of(browser: Browser) -> str:
    return browser.opens("/admin/accounts").field("csrf_token")


_VARYING = (
    (re.compile(r'(name="csrf_token"[^>]*value=")[^"]+'), r"\1…"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"), "…"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "…"),
    (re.compile(r"(portal_page=)[^;]+"), r"\1…"),
    (re.compile(r"(portal_staff_link=)[^;]+"), r"\1…"),
    (re.compile(r"(portal_staff_invite=)[^;]+"), r"\1…"),
    (re.compile(r"(portal_link_)[0-9a-f]{12}=[^;]+"), r"\1…"),
    (re.compile(r"(read out this code: <strong dir=\"ltr\">)[0-9A-Z]{3}-[0-9A-Z]{3}"), r"\1…"),
    (re.compile(r"(/l/open/)[0-9a-f]{12}"), r"\1…"),
    (re.compile(r"(Expires=)[^;]+"), r"\1…"),
)


def seen(response: TestResponse, hidden: Mapping[str, str]) -> tuple[int, str, str]:
    """Return status, headers and body without what differs between two equal answers: the
    request's number, CSRF tokens, fresh ids, and the words in *hidden* that were asked for."""
    headers = "\n".join(f"{name}: {value}" for name, value in sorted(response.headers.items()))
    parts = [headers, response.get_data().decode(errors="replace")]
    for n, part in enumerate(parts):
        for pattern, replacement in _VARYING:
            part = pattern.sub(replacement, part)
        for word, mark in hidden.items():
            part = part.replace(word, mark)
        parts[n] = part
    return response.status_code, parts[0], parts[1]
