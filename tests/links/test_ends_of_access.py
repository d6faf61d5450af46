"""Suspending, revoking and a new address end everything at once, and restoring revives nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cast import LAPTOP, Client, World
from tests.links import rows
from tests.links.acme import Acme
from tests.links.browsers import twin

End = Callable[[Acme, str], None]


def suspend(acme: Acme, email: str) -> None:
    acme.suspends(email)


def revoke(acme: Acme, email: str) -> None:
    acme.revokes(email)


def correct(acme: Acme, email: str) -> None:
    acme.corrects(email, to="carl@elsewhere.example")


@pytest.mark.parametrize("end", [suspend, revoke, correct])
def test_links_codes_sessions_and_waiting_messages_end_at_once(
    world: World, acme: Acme, joined: Client, end: End
) -> None:
    links = [acme.copies_link(joined.email)]
    other = joined.another_browser(LAPTOP)
    other.opens(f"/p/{joined.slug}/").presses("Email me a sign-in link", email=joined.email)
    code, sessions = joined.letter().code, [twin(joined.browser)]
    links.append(joined.letter().link)
    acme.sends_login_email(joined.email)
    sent = len(world.postman.letters)

    end(acme, joined.email)

    for browser in sessions:
        browser.opens("/p/acme/").sees("Email me a sign-in link")
        browser.opens("/p/acme/access").is_at("/p/acme/")
    for link in links:
        page = joined.another_browser().opens(link).is_status(410)
        page.sees("This link no longer lets you in").does_not_see("Email me a new link")
    other.opens("/p/acme/code").presses("Sign in", code=code).does_not_see("Welcome")
    world.worker.drains()
    assert len(world.postman.letters) == sent
    assert [one.detail for one in rows.events(world.app, "signed_in")] != []
    assert len(rows.events(world.app, "signed_in")) == 1


@pytest.mark.parametrize("end", [suspend, revoke])
def test_restoring_revives_nothing(world: World, acme: Acme, joined: Client, end: End) -> None:
    link = acme.copies_link(joined.email)
    other = joined.another_browser(LAPTOP)
    other.opens("/p/acme/").presses("Email me a sign-in link", email=joined.email)
    code = joined.letter().code
    acme.sends_login_email(joined.email)
    sent = len(world.postman.letters)
    end(acme, joined.email)
    acme.restores(joined.email)

    joined.home().sees("Email me a sign-in link")
    joined.another_browser().opens(link).is_status(410)
    other.opens("/p/acme/code").presses("Sign in", code=code).does_not_see("Welcome")
    world.worker.drains()
    assert len(world.postman.letters) == sent

    acme.sends_login_email(joined.email)
    joined.signs_in().sees("Welcome to Acme")


@pytest.mark.parametrize("end", [suspend, revoke])
def test_the_shut_out_who_ask_get_no_message(
    world: World, acme: Acme, invited: Client, end: End
) -> None:
    invited.letters()
    end(acme, invited.email)
    invited.asks_for_link().sees("If carl@carter.example has access, a message is on its way.")
    assert len(invited.letters()) == 1


def test_a_request_made_before_the_end_is_not_answered_after_it(
    world: World, acme: Acme, invited: Client
) -> None:
    invited.letters()
    invited.asks_for_link()
    acme.suspends(invited.email)
    assert len(invited.letters()) == 1


def test_only_the_new_address_gets_mail_after_a_correction(
    world: World, acme: Acme, invited: Client
) -> None:
    acme.corrects(invited.email, to="carl@elsewhere.example")
    acme.sends_login_email("carl@elsewhere.example")
    world.worker.drains()
    assert world.postman.letters_to(invited.email) == []
    link = world.postman.last_to("carl@elsewhere.example").link
    invited.opens(link).presses("Sign in").sees("Welcome to Acme", "carl@elsewhere.example")
