"""No header changes where our links lead: they begin with PORTAL_URL."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product

import pytest
from flask import Flask

from portal.config import load
from portal.errors import SettingsError
from tests.cast import Client, Staff, World
from tests.conftest import HOST
from tests.links.acme import Acme
from tests.links.fixtures import Clock

EVIL = "evil.example"
CLAIMS = {
    "X-Forwarded-Host": EVIL,
    "X-Forwarded-Port": "444",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Server": EVIL,
    "X-Original-URL": f"https://{EVIL}/",
    "Forwarded": f"host={EVIL};proto=https",
    "Origin": f"https://{EVIL}",
}
PATHS = ["/", "/p/acme/", "/l/AAAA", "/admin/", "/static/css/base.css", "/nowhere"]


def test_any_other_host_is_refused(world: World, mallory: Client) -> None:
    others = [EVIL, f"127.0.0.1.{EVIL}", f"{EVIL}:8000", "127.0.0.1@evil", ""]
    for host, path in product(others, PATHS):
        answer = mallory.browser.asks("GET", path, headers={"Host": host})
        assert answer.status_code == 400
        assert EVIL not in answer.get_data(as_text=True)
        assert "Location" not in answer.headers


@pytest.mark.parametrize("url", ["http://localhost:8000", "https://Portal.Acme.Example"])
def test_its_own_host_is_not(make_app: Callable[..., Flask], url: str) -> None:
    client = make_app(url=url).test_client()
    assert client.get("/admin/", base_url=url).status_code == 200


def test_a_host_that_could_not_be_checked_is_no_setting() -> None:
    with pytest.raises(SettingsError, match="PORTAL_URL cannot be an IPv6 address"):
        load(url="http://[::1]:8000")


@pytest.mark.parametrize("proxies", [0, 1])
def test_what_proxies_claim_changes_no_link(
    make_app: Callable[..., Flask], world: World, acme: Acme, carl: Client, proxies: int
) -> None:
    app = make_app(trusted_proxies=proxies)
    claimed = World(app, world.postman, world.worker)
    ada = Staff(claimed, "ada@acme.example", "acme").signs_in()
    ada.browser.headers |= CLAIMS
    seen = [ada.at(), ada.at("contacts/"), ada.invites(carl.email)]
    link = ada.generates_link(carl.email)
    assert link.startswith(f"{HOST}/l/")
    mallory = Client(claimed, carl.email, "acme")
    mallory.browser.headers |= CLAIMS
    seen += [mallory.asks_for_link(), mallory.opens(link), mallory.opens(f"{link}x")]
    for page in seen:
        assert EVIL not in page.response.get_data(as_text=True)
        assert ":444" not in page.response.get_data(as_text=True)
        assert EVIL not in str(page.response.headers)
    assert "http://127.0.0.1:8000/p/acme" in seen[0].response.get_data(as_text=True)
    for letter in carl.letters():
        assert re.findall(r"https?://[^\s\"'<>]+", letter.text + letter.html) != []
        for found in re.findall(r"https?://[^\s\"'<>]+", letter.text + letter.html):
            assert found.startswith(HOST)


def test_redirects_stay_on_their_host(world: World, invited: Client) -> None:
    invited.browser.headers |= CLAIMS
    link = invited.letter().link
    for path in (link, "/p/acme/access", "/admin/acme/", "/p/acme", "/p/acme/s/files"):
        answer = invited.browser.asks("GET", path)
        location = answer.headers.get("Location", "/")
        assert location.startswith(("/", HOST))
        assert not location.startswith("//")


def test_a_target_is_a_name_and_never_an_address(clock: Clock, invited: Client) -> None:
    invited.letters()
    for target in (f"https://{EVIL}", f"//{EVIL}", "javascript:alert(1)", "../../admin"):
        page = invited.opens(f"/p/acme/?to={target}")
        page.presses("Email me a sign-in link", email=invited.email)
        home = invited.opens(invited.letter().link).presses("Sign in").is_at("/p/acme/")
        home.presses("Sign out")
        clock.passes(minutes=2)
