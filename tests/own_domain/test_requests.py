"""Requests to an own domain: the one portal that is there, under short paths, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from flask import Flask

from portal.db import db
from portal.models.account import Account
from portal.models.account_domain import AccountDomain, State
from tests.cast import Client, Staff, Stranger, World
from tests.conftest import HOST as PORTAL
from tests.house.town import unknown_token
from tests.own_domain.conftest import HOST, OWN, Registrar, gets
from tests.wait import wait_for

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def forget(app: Flask) -> None:
    """Let the process find out anew which hosts there are, as it does after two seconds."""
    app.extensions["portal_own_domains"]._until = 0.0


@pytest.fixture
def acme_at_home(ada: Staff, registrar: Registrar) -> Staff:
    gets(ada, registrar)
    return ada


def test_a_client_signs_in_there_and_stays_there(acme_at_home: Staff, carl: Client) -> None:
    acme_at_home.invites(carl.email)
    link = carl.letter().link
    assert link.startswith(f"{OWN}/l/")
    home = carl.opens(link).sees("Sign in").presses("Sign in").sees("You are in")
    assert home.url == f"{OWN}/"
    access = home.follows("Your access").sees("This browser")
    assert access.url == f"{OWN}/access"
    assert all("/p/acme" not in str(tag) for tag in access.soup.select("[href], [src], [action]"))
    left = access.presses("Sign out everywhere").sees("Email me a sign-in link")
    assert left.url == f"{OWN}/"
    carl.world.postman.letters_to(carl.email).clear()
    code = left.presses("Email me a sign-in link", email=carl.email).sees("Check your e-mail")
    assert code.url == f"{OWN}/code"
    letter = carl.letter()
    assert f"Somebody typed your address at {urlsplit(OWN).netloc}" in letter.text
    assert PORTAL not in letter.text + letter.html
    assert code.presses("Sign in", code=letter.code).sees("You are in").url == f"{OWN}/"


def test_nothing_else_is_there(
    acme_at_home: Staff, bea: Staff, carl: Client, mallory: Stranger, registrar: Registrar
) -> None:
    gets(bea, registrar, "clients.birch.example")
    forget(acme_at_home.world.app)
    browser = mallory.browser
    paths = {
        "/": 200,
        "/p/acme/": 200,
        "/healthz": 200,
        "/static/css/base.css": 200,
        "/p/birch/": 404,
        "/p/birch/brand.css": 404,
        "/admin/": 404,
        "/admin/acme/": 404,
        "/mailbox/": 404,
        "/hooks/email/key": 404,
        "/nowhere": 404,
        "/s/papers": 303,
        "/p/acme": 308,
    }
    for path, status in paths.items():
        answer = browser.asks("GET", f"{OWN}{path}")
        assert answer.status_code == status, path
        assert "Birch" not in answer.get_data(as_text=True)
        assert PORTAL not in str(answer.headers), path
        assert answer.headers.get("Location", "/").startswith("/"), path
        answer.close()
    birch = mallory.opens("http://clients.birch.example:8000/")
    assert "Acme" not in birch.words
    assert browser.asks("GET", "/p/acme/").status_code == 200  # the old address goes on working


def test_a_link_of_another_account_is_unknown_there(
    acme_at_home: Staff, bea: Staff, carl: Client, mallory: Stranger
) -> None:
    bea.adds("Dan", "dan@dale.example")
    token = bea.generates_link("dan@dale.example").rpartition("/")[2]
    page = mallory.opens(f"{OWN}/l/{token}").is_status(404).does_not_see("Birch", "dale.example")
    unknown = mallory.opens(f"{OWN}/l/{unknown_token()}").is_status(404)
    assert page.title == unknown.title
    form = {"portal": "birch", "csrf_token": mallory.opens(f"{OWN}/").field("csrf_token")}
    for press in ("", "/renew", "/not-me"):
        answer = mallory.browser.posts(page.url + press, form)
        assert answer.status in (404, 410)
        answer.does_not_see("Birch", "dale.example")
    mallory.opens(f"{PORTAL}/l/{token}").presses("Sign in").sees("You are in")
    acme_at_home.adds(carl.name, carl.email)
    old = acme_at_home.generates_link(carl.email).replace(OWN, PORTAL)
    mallory.opens(old).presses("Sign in").sees("You are in").is_at("/p/acme/")


def test_each_process_knows_within_seconds(
    acme_at_home: Staff, make_app: Callable[..., Flask], mallory: Stranger
) -> None:
    other = make_app().test_client()
    assert other.get("/", base_url=OWN).status_code == 200
    with acme_at_home.world.app.app_context():
        row = db.session.scalars(db.select(AccountDomain)).one()
        row.host = row.held_host = "new.acme.example"
        db.session.commit()
    new = "http://NEW.acme.example:8000"
    wait_for(lambda: other.get("/", base_url=new).status_code == 200, within=4)
    assert other.get("/", base_url=OWN).status_code == 400
    for host in ("clients.acme.example.evil.example", "a.new.acme.example", "acme.example", "["):
        assert other.get("/", headers={"Host": host}).status_code == 400, host


def test_names_of_the_portal_itself_are_the_same_in_any_case(
    make_app: Callable[..., Flask],
) -> None:
    app = make_app(url="https://portal.example.com").test_client()
    for host in ("portal.example.com", "Portal.EXAMPLE.com", "PORTAL.example.com:443"):
        assert app.get("/admin/", headers={"Host": host}).status_code == 200, host


def test_a_proxy_asks_which_hosts_get_a_certificate(acme_at_home: Staff, mallory: Stranger) -> None:
    forget(acme_at_home.world.app)
    found = {HOST: 200, HOST.upper(): 200, "127.0.0.1": 200, "evil.example": 404, "": 404}
    for host, status in found.items():
        url = f"http://10.0.0.7/health/domain?domain={host}"
        answer = mallory.browser.asks("GET", url)
        assert (answer.status_code, len(answer.get_data())) == (status, 3 if status == 200 else 2)


def test_over_https_cookies_and_headers_are_as_strict_there(
    make_app: Callable[..., Flask], world: World
) -> None:
    app = make_app(url="https://portal.example.com", trusted_proxies=1)
    with app.app_context():
        account = Account.by_slug("acme")
        assert account
        row = AccountDomain.ask(account.id, HOST)
        row.held_host, row.state = HOST, State.VERIFIED
        db.session.commit()
    client = app.test_client()
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.9"}
    answer = client.get("/", base_url=f"https://{HOST}", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "__Host-portal_page=" in answer.headers["Set-Cookie"]
    assert "Domain=" not in answer.headers["Set-Cookie"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    refused = client.post(
        "/", base_url=f"https://{HOST}", headers={**headers, "Sec-Fetch-Site": "same-site"}
    )
    assert refused.status_code == 403
    assert client.post("/", base_url=f"https://{HOST}", headers=headers).status_code == 400


def test_while_the_database_is_away_what_is_known_is_kept(
    acme_at_home: Staff, make_app: Callable[..., Flask]
) -> None:
    known, new = make_app().test_client(), make_app().test_client()
    assert known.get("/", base_url=OWN).status_code == 200
    forget(known.application)
    renames(acme_at_home.world, "account_domain", "elsewhere")
    assert known.get("/", base_url=OWN).status_code == 200
    hosts = known.application.extensions["portal_own_domains"]
    assert hosts._until > time.monotonic(), "made-up hosts do not ask it again and again"
    assert new.get("/", base_url=OWN).status_code == 503
    assert new.get("/p/acme/", base_url=PORTAL).status_code == 200  # and no query for it
    renames(acme_at_home.world, "elsewhere", "account_domain")
    assert new.get("/", base_url=OWN).status_code == 200


def renames(world: World, table: str, to: str) -> None:
    with world.app.app_context():
        db.session.execute(db.text(f"ALTER TABLE {table} RENAME TO {to}"))
        db.session.commit()
