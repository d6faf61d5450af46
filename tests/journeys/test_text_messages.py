"""Ada sets text messages up on their page, and Carl signs in from his phone."""

from __future__ import annotations

import re

import pytest

from tests.cast import Client, Staff, Stranger
from tests.delivery_pages.conftest import Acme
from tests.kannel import PASSWORD, UNROUTABLE, USER, Kannel
from tests.wait import wait_for

URL = (
    f"?username={USER}&password={{secret}}&from={{from}}&to={{to}}&text={{text}}"
    "&charset=UTF-8&coding={coding}"
)
WORDS = "{name}, \u201cAcme\u201d invites you: {link} ends in {minutes} min."
PHONES = iter(f"+4474001240{n:02}" for n in range(100))
"""One gateway serves all tests of a process: each of them has a phone of its own."""


@pytest.fixture
def phone() -> str:
    return next(PHONES)


@pytest.fixture
def acme(ada: Staff, kannel_server: Kannel) -> Acme:
    """Ada has set text messages up and put them before e-mail."""
    typed = {
        "provider": "gateway",
        "gateway_url": kannel_server.sendsms + URL,
        "gateway_from": "Acme",
        "gateway_secret": PASSWORD,
        "gateway_permanent_pattern": "Not routable",
        "gateway_delivered": "1",
        "country": "GB",
        "hourly_cap": "2",
        "template_invite": WORDS,
    }
    page = ada.at("channels/sms")
    page.presses("Save", **{f"set-{name}": value for name, value in typed.items()}).sees("Saved.")
    found = Acme(ada.world)
    found.choose(channels={"invite": ["sms", "email"]})
    return found


def invite(ada: Staff, email: str, phone: str) -> None:
    ada.at("contacts/new").presses("Add contact", name="Carl Carter", email=email, phone=phone)
    ada.invites(email)
    ada.world.worker.drains()


def test_an_invitation_reaches_the_phone_and_its_receipt_the_timeline(
    acme: Acme, ada: Staff, carl: Client, kannel_server: Kannel, phone: str
) -> None:
    invite(ada, carl.email, phone)
    (text,) = wait_for(lambda: kannel_server.texts_to(phone), what="the message")
    found = re.fullmatch(r'Carl Carter, "Acme" invites you: (\S+) ends in \d+ min\.', text)
    assert found, text
    delivery = acme.last()
    assert (delivery.channel, delivery.status) == ("sms", "sent")
    address = f"/hooks/sms/{acme.setting('sms').receipt_key}"
    key = f"delivery-{delivery.id}-{delivery.link_id.hex}"
    callback = Stranger(ada.world).browser.asks("GET", f"{address}/{key}?status=1")
    assert callback.status_code == 204
    assert acme.last().status == "delivered"
    carl.opens(found[1]).presses("Sign in").sees("Welcome to Acme")


def test_a_number_that_nobody_takes_falls_back_to_email_with_the_same_link(
    acme: Acme, ada: Staff, carl: Client
) -> None:
    invite(ada, carl.email, UNROUTABLE)
    letter = carl.letter()
    failed, followed = acme.deliveries()
    assert (failed.channel, failed.status, failed.cause) == ("sms", "failed", "refused")
    assert (followed.channel, followed.link_id) == ("email", failed.link_id)
    ada.page_of(carl.email).sees("The gateway refused the message.", "403 Not routable.")
    carl.opens(letter.link).presses("Sign in").sees("Welcome to Acme")


def test_the_limit_of_an_hour_holds_whoever_sends(
    acme: Acme, ada: Staff, kannel_server: Kannel, phone: str
) -> None:
    for name in ("one", "two", "three"):
        invite(ada, f"{name}@carter.example", phone)
    told = [(one.channel, one.status, one.cause) for one in acme.deliveries()]
    assert told[:2] == [("sms", "sent", "")] * 2
    assert told[2] == ("sms", "failed", "not_allowed")
    assert told[3][0] == "email"
    wait_for(lambda: len(kannel_server.texts_to(phone)) == 2, what="the two messages")
    page = ada.page_of("three@carter.example")
    page.sees("The limit of 2 text messages an hour is reached.")


def test_the_page_keeps_secrets_and_counts_segments(acme: Acme, ada: Staff) -> None:
    page = ada.at("channels/sms").sees("Ready", "1 segment · 109 of 160 characters · GSM-7")
    assert PASSWORD not in page.response.get_data(as_text=True)
    page.presses("Save").sees("Saved.")
    assert acme.stored("sms")["gateway_secret"] == PASSWORD
    page.presses("Save", **{"set-template_login": "No link"}).sees("Put {link} where")
