"""The cookies: their names, their flags, and how little of them is stored."""

from __future__ import annotations

from collections.abc import Callable
from http.cookies import Morsel, SimpleCookie

from flask import Flask

from portal import tokens
from portal.flows.open_account import open_account
from portal.flows.staff_access import make_staff_link
from tests.cast import Client, Staff, Worker, World
from tests.links import rows
from tests.links.acme import Acme
from tests.links.browsers import cookie, cookies
from tests.postman import Postman

HTTPS = "https://portal.acme.example"
ALWAYS = {"path": "/", "httponly": True, "samesite": "Lax", "domain": ""}


def given(answer: object) -> dict[str, Morsel[str]]:
    found: SimpleCookie = SimpleCookie()
    for line in answer.headers.getlist("Set-Cookie"):  # type: ignore[attr-defined]
        found.load(line)
    return dict(found)


def flags(morsel: Morsel[str]) -> dict[str, object]:
    return {name: morsel[name] for name in ALWAYS}


def presses(client: Client, link: str, referrer: dict[str, str]) -> object:
    """Press a link's button and return the bare answer, with its cookies."""
    page = client.opens(link)
    data = {"csrf_token": page.field("csrf_token"), "portal": "acme"}
    return client.browser.asks("POST", page.url, data=data, headers=referrer)


def test_on_loopback_without_https_cookies_have_plain_names(
    world: World, ada: Staff, invited: Client
) -> None:
    answer = presses(invited, invited.letter().link, {})
    (morsel,) = (one for name, one in given(answer).items() if name == "portal_acme")
    assert flags(morsel) == ALWAYS
    assert not morsel["secure"]
    assert int(morsel["max-age"]) == 30 * 86400
    assert "portal_staff" in cookies(ada.browser)


def test_on_https_cookies_are_bound_to_their_host(
    make_app: Callable[..., Flask], postman: Postman
) -> None:
    app = make_app(url=HTTPS)
    with app.app_context():
        open_account("Acme", slug="acme", owner_email="ada@acme.example")
        staff_token = make_staff_link("ada@acme.example")
    world = World(app, postman, Worker(app))
    carl = Client(world, "carl@carter.example", "acme")
    Acme(world).invites(carl.email)
    link = carl.letter().link
    assert link.startswith(f"{HTTPS}/l/")
    opening = carl.browser.asks("GET", link)
    referrer = {"Referer": f"{HTTPS}/", "Sec-Fetch-Site": "same-origin"}
    seen = given(opening) | given(carl.browser.asks("GET", opening.headers["Location"]))
    seen |= given(presses(carl, link, referrer))
    ada = carl.another_browser()
    ada.asks("GET", f"/admin/in/{staff_token}")
    page = ada.opens("/admin/link")
    data = {"csrf_token": page.field("csrf_token")}
    seen |= given(ada.asks("POST", "/admin/link", data=data, headers=referrer))
    for name in ("__Host-portal_acme", "__Host-portal_staff", "__Host-portal_page"):
        assert name in seen
    assert all(name.startswith("__Host-portal_") for name in seen)
    for morsel in seen.values():
        assert flags(morsel) == ALWAYS
        assert morsel["secure"]


def test_only_digests_of_256_random_bits_are_stored(
    world: World, ada: Staff, joined: Client
) -> None:
    client, staff = cookie(joined.browser, "portal_acme"), cookie(ada.browser, "portal_staff")
    assert len(client) == len(staff) == 43
    kept = rows.dump(world.app)
    assert client not in str(kept)
    assert staff not in str(kept)
    assert repr(tokens.digest(client)) in kept["client_session"][0]
    assert repr(tokens.digest(staff)) in kept["staff_session"][0]


def test_each_sign_in_has_a_new_id(world: World, acme: Acme, joined: Client, ada: Staff) -> None:
    clients, staff = set(), set()
    for _ in range(3):
        joined.home().presses("Sign out")
        acme.sends_login_email(joined.email)
        joined.signs_in().sees("Welcome to Acme")
        clients.add(cookie(joined.browser, "portal_acme"))
        ada.signs_in()
        staff.add(cookie(ada.browser, "portal_staff"))
    assert len(clients) == len(staff) == 3
