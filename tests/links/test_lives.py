"""How long a link lives: by its kind, by its account, and from the moment its message goes out."""

from __future__ import annotations

import pytest

from portal.errors import PortalError
from tests.cast import Client, Page, Staff, World
from tests.links import rows
from tests.links.acme import Acme
from tests.links.fixtures import Clock

MINUTE = 60
LIVES = {"self": 10 * MINUTE, "magic": 15 * MINUTE, "login": 60 * MINUTE, "invite": 7 * 1440 * 60}


def link_of(kind: str, acme: Acme, client: Client) -> str:
    """Have a link of *kind* made and, if it is a mailed one, sent now."""
    if kind == "magic":
        return acme.copies_link(client.email)
    if kind == "self":
        client.letters()
        client.asks_for_link()
    elif kind == "login":
        client.letters()
        acme.sends_login_email(client.email)
    return client.letter().link


def looks(client: Client, link: str) -> Page:
    return client.another_browser().opens(link)


@pytest.mark.parametrize("kind", list(LIVES))
def test_each_kind_has_its_life(clock: Clock, acme: Acme, invited: Client, kind: str) -> None:
    link = link_of(kind, acme, invited)
    clock.passes(seconds=LIVES[kind] - 30)
    looks(invited, link).is_status(200)
    clock.passes(seconds=31)
    looks(invited, link).is_status(410).sees("This link has expired")


@pytest.mark.parametrize("kind", list(LIVES))
def test_an_account_chooses_its_own_lives(
    clock: Clock, acme: Acme, invited: Client, kind: str
) -> None:
    acme.chooses(f"life_{kind}", "3600")
    acme.invites(invited.email)
    link = link_of(kind, acme, invited)
    clock.passes(seconds=3600 - 30)
    looks(invited, link).is_status(200)
    clock.passes(seconds=31)
    looks(invited, link).is_status(410)


def test_staff_are_offered_the_accounts_own_life_for_a_copied_link(
    clock: Clock, acme: Acme, invited: Client, sol: Staff
) -> None:
    acme.chooses("life_magic", "1800")
    link = sol.generates_link(invited.email)
    clock.passes(minutes=29)
    looks(invited, link).is_status(200)
    clock.passes(minutes=2)
    looks(invited, link).is_status(410)


@pytest.mark.parametrize(
    ("name", "value"),
    [("self", "59"), ("self", "3601"), ("login", "299"), ("invite", "2592001"), ("self", "ten")],
)
def test_lives_have_bounds(world: World, acme: Acme, name: str, value: str) -> None:
    before = rows.dump(world.app)
    with pytest.raises(PortalError, match=f"life-{name} must be"):
        acme.chooses(f"life_{name}", value)
    assert rows.dump(world.app) == before


def test_a_life_starts_when_the_message_goes_out(
    clock: Clock, world: World, acme: Acme, invited: Client
) -> None:
    invited.letters()
    invited.asks_for_link()
    clock.passes(minutes=9)
    link = invited.letter().link
    clock.passes(minutes=9, seconds=30)
    looks(invited, link).is_status(200)
    clock.passes(seconds=31)
    looks(invited, link).is_status(410)


def test_a_delayed_message_lives_from_its_last_attempt(
    clock: Clock, world: World, acme: Acme, invited: Client
) -> None:
    world.postman.refusal = "451 4.3.0 come back later"
    world.worker.drains()
    clock.passes(days=6, hours=23)
    world.postman.refusal = ""
    link = invited.letter().link
    clock.passes(days=6, hours=23)
    looks(invited, link).is_status(200)


def test_what_could_not_go_out_in_time_is_given_up(
    clock: Clock, world: World, acme: Acme, invited: Client
) -> None:
    invited.letters()
    acme.sends_login_email(invited.email)
    clock.passes(hours=1, seconds=1)
    assert len(invited.letters()) == 1
    (given_up,) = rows.events(world.app, "expired")
    assert "before its link would have expired" in given_up.detail["reason"]
