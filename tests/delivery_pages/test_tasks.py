"""To do: a link that no channel could deliver is handed over by a person, once."""

from __future__ import annotations

import pytest

from portal.channel import PermanentError
from portal.models.magic_link import MagicLink
from tests.cast import Client, Page, Staff
from tests.delivery.provider import Provider, raises
from tests.delivery_pages.conftest import Acme


@pytest.fixture
def undelivered(acme: Acme, ada: Staff, carl: Client) -> Acme:
    """Carl's invitation could not be delivered, and there is no other channel."""
    error = PermanentError("There is no such mailbox.", reply="550 no", cause="no_mailbox")
    Provider.of(acme.app, raises(error))
    ada.invites(carl.email)
    acme.world.worker.drains()
    return acme


def pressed(person: Staff, path: str) -> Page:
    """Press a button of the first task, whose answer may show a link."""
    page = person.at("tasks/")
    form = next(one for one in page.soup.select("form") if path in str(one["action"]))
    data = {"csrf_token": page.field("csrf_token")}
    return person.browser.posts(str(form["action"]), data)


def test_the_link_is_shown_once_and_the_task_is_done(
    undelivered: Acme, sol: Staff, ada: Staff, carl: Client
) -> None:
    sol.at().sees("To do: hand over this link", "Invitation: There is no such mailbox.")
    page = sol.at("tasks/").sees(carl.email).presses("Show link")
    link = page.sees("Hand over this link", "Works once", "Copy message").field("magic-link")
    (request,) = undelivered.app.extensions["portal_plugins"].channels["email"].requests
    assert link == request.link, "the very link that did not arrive"
    ada.at("tasks/").sees("Nothing to do")
    ada.at().does_not_see("To do")
    carl.opens(link).presses("Sign in").sees("Welcome to Acme")
    ada.page_of(carl.email).sees("Sol Sand copied the link, to hand it to")


def test_not_needed_takes_it_off_the_list(undelivered: Acme, ada: Staff) -> None:
    ada.at().presses("Not needed").sees("Taken off the list.", "Nothing to do")


def test_what_is_sent_again_and_fails_again_is_asked_again(
    undelivered: Acme, ada: Staff, carl: Client
) -> None:
    ada.at().presses("Not needed")
    ada.at(f"deliveries/{undelivered.last().id}").presses("Retry")
    undelivered.world.worker.drains()
    ada.at("tasks/").sees(carl.email, "There is no such mailbox.").presses("Show link")
    ada.at(f"deliveries/{undelivered.last().id}").presses("Retry")
    undelivered.world.worker.drains()
    ada.at("tasks/").sees("Nothing to do")


def test_a_task_is_over_when_its_link_is(undelivered: Acme, ada: Staff, carl: Client) -> None:
    page = ada.at("tasks/")
    carl.asks_for_link()
    ada.page_of(carl.email).presses("Suspend")
    ada.at("tasks/").sees("Nothing to do")
    page.presses("Show link").sees("access")
    assert "/l/" not in ada.at().words


def test_the_overview_shows_five_and_leads_to_all(undelivered: Acme, ada: Staff) -> None:
    for number in range(6):
        ada.invites(f"lost{number}@carter.example")
    undelivered.world.worker.drains()
    page = ada.at().sees("To do: hand over these links")
    assert len(page.soup.select("ul.tasks > li")) == 5
    assert len(page.follows("Show all").soup.select("ul.tasks > li")) == 7


def test_a_link_whose_key_is_gone_is_no_broken_page(
    undelivered: Acme, ada: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = ada.at("tasks/")

    def lost(_link: MagicLink) -> str:
        raise LookupError("The key that made this link is gone from PORTAL_SECRET_KEYS.")

    monkeypatch.setattr(MagicLink, "token", lost)
    page.presses("Show link").sees("PORTAL_SECRET_KEYS. Generate a magic link instead.")
