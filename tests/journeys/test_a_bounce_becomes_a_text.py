"""An invitation bounces: it says so beside the invitation, and a text message takes its link."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from portal_email.addresses import Address
from portal_email.tests.bounces import failed, status_report
from portal_email.verp import tagged
from tests.dovecot import Dovecot
from tests.journeys.test_text_messages import URL
from tests.kannel import PASSWORD, Kannel
from tests.live import Portico
from tests.postman import Letter, Postman
from tests.surfer import Owner, Surfer
from tests.wait import wait_for

BOUNCES = Address("bounces", "portal.example")
NO_USER = "550 5.1.1 <carl@carter.example>: no such user"
PHONE = "+447400124099"
SECONDS = 10
"""From the bounce's arrival in its mailbox until staff read of it."""


def test_a_bounce_shows_within_ten_seconds_and_a_text_carries_the_same_link(
    portico: Callable[..., Portico],
    postman: Postman,
    dovecot_server: Dovecot,
    kannel_server: Kannel,
) -> None:
    running = portico(
        PORTAL_SMTP_URL=postman.url,
        PORTAL_BOUNCE_ADDRESS=str(BOUNCES),
        PORTAL_BOUNCE_MAILBOX=dovecot_server.url("live"),
        SSL_CERT_FILE=str(dovecot_server.certificate),
    )
    ada = Owner(running)
    sets_texts_up(ada, kannel_server)
    ada.at("contacts/new").presses(
        "Add contact", name="Carl Carter", email="carl@carter.example", phone=PHONE
    )
    ada.invites("carl@carter.example")
    wait_for(lambda: postman.letters, within=15, what="the invitation")
    letter = postman.letters[0]

    dovecot_server.deliver("live", came_back(letter), name="1")
    arrived = time.monotonic()
    wait_for(lambda: "The message came back" in words_about_carl(ada), within=SECONDS)
    assert time.monotonic() - arrived < SECONDS
    ada.page_of("carl@carter.example").sees("the mailbox does not exist", NO_USER)

    (text,) = wait_for(lambda: kannel_server.texts_to(PHONE), within=15, what="the text message")
    assert letter.link in text.split()
    carl = Surfer(running.url)
    carl.opens(letter.link).presses("Sign in").sees("Welcome to Acme")
    Surfer(running.url).opens(letter.link).sees("already used")


def sets_texts_up(ada: Owner, gateway: Kannel) -> None:
    typed = {
        "provider": "gateway",
        "gateway_url": gateway.sendsms + URL,
        "gateway_from": "Acme",
        "gateway_secret": PASSWORD,
        "country": "GB",
    }
    page = ada.at("channels/sms")
    page.presses("Save", **{f"set-{name}": value for name, value in typed.items()}).sees("Saved.")


def came_back(letter: Letter) -> bytes:
    """Return what a mail server writes about *letter* to where it says that it came from."""
    raw = letter.raw.decode().replace("\r", "")
    key = re.search(r"delivery-\d+-[0-9a-f]{32}", raw)
    assert key, "the Message-ID names the delivery"
    sender = str(tagged(BOUNCES, key[0]))
    assert letter.sender == sender, "bounces go to an address that names the message"
    returned = f"Return-Path: <{sender}>\n{raw}"
    return status_report(failed("5.1.1", NO_USER), to=sender, returned=returned)


def words_about_carl(ada: Owner) -> str:
    return ada.page_of("carl@carter.example").words
