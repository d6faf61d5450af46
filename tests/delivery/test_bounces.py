"""A message that came back: from the mailbox where bounces arrive to the contact's page."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portal.db import db
from portal.flows.poll_channel import THE_INSTALLATION, poll_channel
from portal.flows.receive import receive
from portal.models.delivery import Delivery
from portal_email.addresses import Address
from portal_email.tests.bounces import failed, status_report
from portal_email.verp import tagged
from tests.cast import Client, Staff, World
from tests.dovecot import Dovecot

BOUNCES = Address("bounces", "portal.example")


@pytest.fixture
def mailbox(
    dovecot_server: Dovecot, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> str:
    """A mailbox of the test's own, on a server whose certificate is trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(dovecot_server.certificate))
    return request.node.name.replace("[", "-").rstrip("]")[-60:]


@pytest.fixture
def expecting(make_world: Callable[..., World], dovecot_server: Dovecot, mailbox: str) -> World:
    """Acme and its people, at an operator who has set where bounces come back to."""
    url = dovecot_server.url(mailbox)
    return make_world(bounce_address=str(BOUNCES), bounce_mailbox=url)


def sent(world: World) -> Delivery:
    with world.app.app_context():
        found = db.session.scalars(db.select(Delivery)).one()
        db.session.expunge(found)
        return found


def test_a_bounce_stands_beside_the_invitation(
    expecting: World, dovecot_server: Dovecot, mailbox: str
) -> None:
    ada = Staff(expecting, "ada@acme.example", "acme").signs_in()
    carl = Client(expecting, "carl@carter.example", "acme", name="Carl Carter")
    ada.invites(carl.email)
    expecting.worker.drains()
    delivery = sent(expecting)
    key = f"delivery-{delivery.id}-{delivery.link_id.hex}"
    letter = expecting.postman.last_to(carl.email)
    came_back = f"Return-Path: <{tagged(BOUNCES, key)}>\n" + letter.raw.decode().replace("\r", "")
    words = "550 5.1.1 <carl@carter.example>: no such user"
    report = status_report(failed("5.1.1", words), to=str(tagged(BOUNCES, key)), returned=came_back)
    dovecot_server.deliver(mailbox, report, name="1")
    with expecting.app.app_context():
        poll_channel(THE_INSTALLATION, receive)
    bounced = sent(expecting)
    assert (bounced.status, bounced.cause) == ("bounced", "no_mailbox")
    page = ada.page_of(carl.email)
    page.sees(
        "The message came back", "The mail server says that the mailbox does not exist.", words
    )
