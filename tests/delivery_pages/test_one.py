"""One delivery: the server's own words, the message without secrets, and the buttons that fit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from portal.channel import PermanentError, Sent, TemporaryError
from portal.db import db, now
from portal.models.delivery import Status
from tests.cast import Client, Page, Staff
from tests.delivery.provider import Provider, raises, takes
from tests.delivery_pages.conftest import Acme


def buttons(page: Page) -> set[str]:
    found = [" ".join(one.get_text(" ").split()) for one in page.soup.select("#delivery button")]
    return set(found)


def test_each_attempt_stands_there_in_the_servers_own_words(
    acme: Acme, ada: Staff, sol: Staff, carl: Client
) -> None:
    Provider.of(
        acme.app,
        raises(TemporaryError("Come back later.", reply="451 4.7.1 Greylisted", cause="busy")),
        raises(PermanentError("There is no such mailbox.", reply="550 5.1.1 No such user",
                              cause="no_mailbox")),
        takes,
    )  # fmt: skip
    ada.invites(carl.email)
    acme.world.worker.drains()
    delivery = acme.last()
    page = sol.at(f"deliveries/{delivery.id}").sees("Trying again", "Next attempt")
    page.sees("It did not work yet · attempt 1", "Come back later.", "451 4.7.1 Greylisted")
    page.presses("Send now") if "Send now" in buttons(page) else acme.change(
        delivery.id, due_at=now()
    )
    acme.world.worker.drains()
    page = sol.at(f"deliveries/{delivery.id}").sees("Failed", "Mailbox or number does not exist")
    page.sees(
        "It could not be sent · attempt 2", "There is no such mailbox.", "550 5.1.1 No such user"
    )
    assert buttons(page) == {"Retry"}
    page.presses("Retry").sees("On its way again, with the same link.", "Sol Sand sent it again")
    acme.world.worker.drains()
    page = sol.at(f"deliveries/{delivery.id}").sees("Sent", "The provider took it", "250 taken")
    assert buttons(page) == set()


def test_the_message_is_shown_without_its_link_and_code(
    acme: Acme, ada: Staff, carl: Client, app: Flask
) -> None:
    ada.invites(carl.email, name="Carl <b>Carter</b>", note="See you & Bob on Monday.")
    link = carl.letter().link
    carl.asks_for_link()
    letter = carl.letter()
    for delivery in acme.deliveries():
        page = ada.at(f"deliveries/{delivery.id}").sees("The message")
        text = page.soup.select_one("pre.letter")
        assert text
        assert f"/l/{'•' * 24}" in text.get_text()
        html = ada.browser.asks("GET", f"/admin/acme/deliveries/{delivery.id}/html")
        body = html.get_data(as_text=True)
        assert "sandbox;" in html.headers["Content-Security-Policy"]
        assert "script" not in html.headers["Content-Security-Policy"]
        for secret in (link[-24:], letter.link[-24:], letter.code):
            assert secret not in body
            assert secret not in str(page.soup)
        assert "&lt;b&gt;" in body
    assert "See you &amp; Bob on Monday." in ada.browser.asks(
        "GET", f"/admin/acme/deliveries/{acme.deliveries()[0].id}/html"
    ).get_data(as_text=True)
    assert "•••• ••••" in body
    frame = page.soup.select_one("iframe")
    assert frame
    assert frame.has_attr("sandbox")
    assert not frame["sandbox"]
    assert "frame-src 'self'" in page.response.headers["Content-Security-Policy"]


def test_the_same_link_goes_by_another_channel_that_reaches_the_contact(
    keeps_pigeons: Acme, carl_has_a_phone: Client, ada: Staff, sol: Staff
) -> None:
    ada.invites(carl_has_a_phone.email)
    letter = carl_has_a_phone.letter()
    first = keeps_pigeons.last()
    page = sol.at(f"deliveries/{first.id}").presses("Send by Pigeon")
    page.sees(
        "The same link is on its way by Pigeon.", "All ways of this link", "E-mail", "(this one)"
    )
    keeps_pigeons.world.worker.drains()
    (request,) = keeps_pigeons.pigeon.sent
    assert request.link == letter.link
    page = sol.at(f"deliveries/{keeps_pigeons.last().id}")
    assert page.soup.select_one("iframe") is None, "a bird carries no HTML"
    assert "•" in page.soup.select("pre.letter")[0].get_text()
    assert "Send by Pigeon" not in buttons(sol.at(f"deliveries/{first.id}"))
    carl_has_a_phone.opens(request.link).presses("Sign in").sees("Welcome to Acme")
    page = sol.at(f"deliveries/{first.id}")
    assert buttons(page) == set(), "the link is used"


def test_nobody_is_offered_a_channel_that_does_not_reach_them(
    keeps_pigeons: Acme, ada: Staff, carl: Client
) -> None:
    ada.invites(carl.email)
    carl.letter()
    delivery = keeps_pigeons.last()
    page = ada.at(f"deliveries/{delivery.id}")
    assert buttons(page) == set()
    token = page.field("csrf_token")
    for channel in ("pigeon", "nothing", "", "clipboard", "email"):
        data = {"channel": channel, "csrf_token": token}
        answer = ada.browser.asks(
            "POST", f"/admin/acme/deliveries/{delivery.id}/send-by", data=data
        )
        assert answer.status_code == 404


def test_what_cannot_be_sent_again_has_no_button_and_says_why(
    acme: Acme, ada: Staff, carl: Client
) -> None:
    ada.invites(carl.email)
    delivery = acme.last()
    for status in (Status.EXPIRED, Status.UNKNOWN, Status.FAILED):
        acme.change(delivery.id, status=status)
        page = ada.at(f"deliveries/{delivery.id}")
        assert "Retry" in buttons(page)
    with acme.app.app_context():
        db.session.execute(db.text("UPDATE magic_link SET expires_at = created_at"))
        db.session.commit()
    page.presses("Retry").sees("It cannot be sent again", "Send a new message instead.")
    assert "Retry" not in buttons(ada.at(f"deliveries/{delivery.id}"))
    assert acme.last().status == status


def test_what_waits_can_be_taken_back_or_hurried(acme: Acme, ada: Staff, carl: Client) -> None:
    ada.invites(carl.email)
    delivery = acme.last()
    acme.change(delivery.id, due_at=now() + timedelta(hours=1))
    page = ada.at(f"deliveries/{delivery.id}").sees("Scheduled")
    assert buttons(page) == {"Cancel", "Send now"}
    page.presses("Send now").sees("On its way.").is_at(f"/admin/acme/deliveries/{delivery.id}")
    assert len(carl.letters()) == 1
    page.presses("Cancel").sees("It has already gone out.")
    page.presses("Send now").sees("It has already gone out.")


@pytest.mark.parametrize("fails", [False, True])
def test_a_providers_odd_words_make_nobody_send_twice(
    fails: bool, keeps_pigeons: Acme, carl_has_a_phone: Client, ada: Staff
) -> None:
    """A result that cannot be written down would be no result: the message would go again."""
    flown = []

    def send(_request: Any, _settings: Any) -> Sent:
        flown.append(1)
        if fails:
            raise PermanentError("No \0 roof \ud800", reply="\0\ud800", cause="x" * 40)  # type: ignore[arg-type]
        return Sent(provider_id="bird\0\ud800", reply="\ud800 took off \0")

    keeps_pigeons.pigeon.send = send
    keeps_pigeons.choose(channels={"invite": ["pigeon"]})
    ada.invites(carl_has_a_phone.email)
    keeps_pigeons.world.worker.drains()
    found = keeps_pigeons.last()
    assert (found.status, found.provider_id) == (("failed", "") if fails else ("sent", "bird?"))
    assert len(flown) == 1
