"""Where links lead: everything that is made from the proof on follows the domain."""

from __future__ import annotations

import re

import pytest

from portal.db import db, now
from portal.models.delivery import Delivery, Status
from tests.cast import Client, Staff, World
from tests.conftest import HOST as PORTAL
from tests.own_domain.conftest import HOST, OWN, Registrar, gets

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ADDRESS = re.compile(r"https?://[^\s\"'<>]+")


def sends_again(world: World) -> None:
    """Let the last message be due anew, as it is when a worker died before it wrote the end."""
    with world.app.app_context():
        delivery = db.session.scalars(db.select(Delivery).order_by(Delivery.id.desc())).first()
        assert delivery
        delivery.status, delivery.due_at, delivery.finished_at = Status.QUEUED, now(), None
        db.session.commit()


def test_links_and_messages_follow(ada: Staff, carl: Client, registrar: Registrar) -> None:
    gets(ada, registrar)
    assert ada.at().field("portal-url") == OWN
    ada.invites(carl.email)
    letter = carl.letter()
    found = {one.rpartition("/l/")[0] or one for one in ADDRESS.findall(letter.text + letter.html)}
    assert found == {OWN}
    assert len(letter.link.replace(f"{OWN}/", f"https://{HOST}/")) <= 76
    assert ada.generates_link(carl.email).startswith(f"{OWN}/l/")
    page = ada.at("deliveries/").follows("carl@carter.example")
    assert f"{OWN}/l/" in ada.opens(page.soup.select_one("iframe")["src"]).soup.get_text()  # type: ignore[index, arg-type]
    ada.at("domain/remove").presses("Remove")
    assert ada.generates_link(carl.email).startswith(f"{PORTAL}/l/")
    assert carl.browser.asks("GET", f"{OWN}/").status_code in (200, 400)  # within two seconds


def test_a_message_keeps_the_link_it_was_first_sent_with(
    ada: Staff, carl: Client, registrar: Registrar
) -> None:
    ada.invites(carl.email)
    first = carl.letter()
    gets(ada, registrar)
    sends_again(ada.world)
    again = carl.letter()
    assert again is not first
    assert (again.link, again.message_id) == (first.link, first.message_id)
    assert again.text == first.text
    assert first.link.startswith(f"{PORTAL}/l/")
    carl.opens(first.link).presses("Sign in").sees("You are in")  # old addresses go on working
