"""One browser, several doors: each opens with its own key and with no other."""

from __future__ import annotations

import pytest

from tests.cast import Client, Staff, World
from tests.links import rows
from tests.links.acme import Acme
from tests.links.browsers import cookie, holding

OUT = "Email me a sign-in link"


@pytest.fixture
def birch(world: World) -> Acme:
    return Acme(world, "birch", "bea@birch.example")


def test_one_browser_is_in_two_portals_and_at_the_desk_at_once(
    ada: Staff, joined: Client, birch: Acme
) -> None:
    birch.invites(joined.email)
    ada.opens(joined.letter().link).presses("Sign in").sees("Welcome to Birch")
    Acme(ada.world).sends_login_email(joined.email)
    ada.opens(joined.letter().link).presses("Sign in").sees("Welcome to Acme")
    ada.at().sees("Client Portal")
    ada.opens("/p/birch/").sees("Welcome to Birch")
    ada.opens("/p/acme/").presses("Sign out")
    ada.opens("/p/acme/").sees(OUT)
    ada.opens("/p/birch/").sees("Welcome to Birch")
    ada.at().presses("Sign out")
    ada.opens("/p/birch/").sees("Welcome to Birch")


def test_a_clients_cookie_opens_no_other_door(world: World, birch: Acme, joined: Client) -> None:
    birch.invites(joined.email)
    secret = cookie(joined.browser, "portal_acme")
    holding(world.app, "portal_acme", secret).opens("/p/acme/").sees("Welcome to Acme")
    holding(world.app, "portal_birch", secret).opens("/p/birch/").sees(OUT)
    for name in ("portal_staff", "portal_acme"):
        at_desk = holding(world.app, name, secret)
        for path in ("", "acme/", "acme/contacts/", "accounts", "password"):
            at_desk.opens(f"/admin/{path}").is_at("/admin/").sees("Password")


def test_a_staff_cookie_opens_no_portal(world: World, ada: Staff, joined: Client) -> None:
    secret = cookie(ada.browser, "portal_staff")
    holding(world.app, "portal_staff", secret).opens("/admin/acme/").sees("Client Portal")
    for name in ("portal_staff", "portal_acme"):
        holding(world.app, name, secret).opens("/p/acme/").sees(OUT)
        holding(world.app, name, secret).opens("/p/acme/access").is_at("/p/acme/")


def test_an_invitation_cannot_promote(world: World, ada: Staff, acme: Acme) -> None:
    acme.invites("mallory@nowhere.example", name="Mallory")
    mallory = Client(world, "mallory@nowhere.example", "acme")
    mallory.signs_in().sees("Welcome to Acme")
    mallory.opens("/admin/acme/").is_at("/admin/")
    acme.invites(ada.email)
    Client(world, ada.email, "acme").signs_in().sees("Welcome to Acme")
    assert len(rows.dump(world.app)["staff"]) == 3
    assert len(rows.dump(world.app)["staff_role"]) == 3


def test_signing_out_of_the_portal_needs_its_own_form(joined: Client) -> None:
    joined.browser.asks("GET", "/p/acme/sign-out")
    joined.home().sees("Welcome to Acme")
