"""What every answer carries, whatever went right or wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.typing import ResponseReturnValue
from werkzeug.test import TestResponse

from portal import kept_mail
from portal.app import create_app
from tests.cast import Browser, Client, Staff, World

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
SECRET = "the_password_of_the_database"
PUBLIC_URL = "https://portal.acme.example"


def policy(answer: TestResponse) -> dict[str, str]:
    parts = answer.headers["Content-Security-Policy"].split("; ")
    return dict(part.split(" ", 1) for part in parts)


def carries_all(answer: TestResponse, status: int, *, kept: str = "no-store") -> TestResponse:
    """Assert that *answer* has *status* and every header of ours."""
    answer.get_data()
    answer.close()
    assert answer.status_code == status, answer.get_data(as_text=True)[:500]
    headers = answer.headers
    assert policy(answer) == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Referrer-Policy"] == "strict-origin"
    assert headers["Cache-Control"] == kept
    assert re.fullmatch("[0-9a-f]{16}", headers["X-Request-Id"])
    is_https = answer.request.url.startswith("https")
    assert ("Strict-Transport-Security" in headers) is is_https
    assert "Server" not in headers
    return answer


def is_an_error_page(answer: TestResponse) -> None:
    """It says its number, so that people can tell whoever runs the portal."""
    assert answer.headers["X-Request-Id"] in answer.get_data(as_text=True)


def browser(app: Flask) -> Browser:
    return Browser(app)


def test_pages_and_redirects_carry_them(ada: Staff, carl: Client) -> None:
    ada.adds(carl.name, carl.email)
    token = ada.generates_link(carl.email)
    for path in ("/admin/acme/", "/admin/acme/contacts/", "/admin/accounts", "/admin/password"):
        carries_all(ada.browser.asks("GET", path), 200)
    opened = carries_all(carl.browser.asks("GET", token), 303)
    carries_all(carl.browser.asks("GET", opened.headers["Location"]), 200)
    carl.opens(token).presses("Sign in")
    for path in ("/p/acme/", "/p/acme/access"):
        carries_all(carl.browser.asks("GET", path), 200)
    carries_all(carl.another_browser().asks("GET", "/p/acme/"), 200)
    carries_all(carl.another_browser().asks("GET", "/admin/acme/"), 303)


def test_dead_links_carry_them(world: World) -> None:
    mallory = browser(world.app)
    carries_all(mallory.asks("GET", "/l/cut"), 410)
    carries_all(mallory.asks("GET", "/l/open/000000000000"), 410)


def test_refusals_carry_them_and_a_number(world: World) -> None:
    mallory = browser(world.app)
    cases = [
        (400, "POST", "/p/acme/", {}),
        (400, "GET", "/p/acme/?to=%00", {}),
        (400, "GET", "/p/acme/", {"Host": "mallory.example"}),
        (403, "POST", "/p/acme/", {"Sec-Fetch-Site": "cross-site"}),
        (404, "GET", "/nowhere", {}),
        (404, "GET", "/p/nowhere/", {}),
        (404, "GET", "/static/none.css", {}),
        (405, "POST", "/p/acme/access", {}),
        (405, "DELETE", "/p/acme/", {}),
    ]
    for status, method, path, headers in cases:
        is_an_error_page(carries_all(mallory.asks(method, path, headers=headers), status))


def test_too_much_at_once_carries_them(world: World) -> None:
    answer = browser(world.app).asks("POST", "/p/acme/", data={"email": "x" * 1_100_000})
    is_an_error_page(carries_all(answer, 413))


def test_too_many_tries_carry_them(make_app: Callable[..., Flask], world: World) -> None:
    app = make_app(limit_links_per_ip=1)
    mallory = browser(app)
    mallory.opens("/p/acme/").presses("Email me", email="a@b.example")
    token = mallory.opens("/p/acme/").field("csrf_token")
    again = mallory.asks("POST", "/p/acme/", data={"csrf_token": token, "email": "a@b.example"})
    is_an_error_page(carries_all(again, 429))


def test_a_view_that_raises_tells_nothing_of_it(make_app: Callable[..., Flask]) -> None:
    app = make_app()

    def raises() -> ResponseReturnValue:
        raise RuntimeError(f"cannot connect with {SECRET}")

    app.add_url_rule("/raises", view_func=raises)
    answer = carries_all(browser(app).asks("GET", "/raises"), 500)
    is_an_error_page(answer)
    body = answer.get_data(as_text=True)
    for detail in (SECRET, "RuntimeError", "Traceback", "portal/", "Werkzeug", "Flask"):
        assert detail not in body


@pytest.mark.parametrize(
    "url",
    ["sqlite:////nowhere/at/all/portal.db", f"postgresql://portal:{SECRET}@127.0.0.1:1/portal"],
    ids=["sqlite", "postgresql"],
)
def test_a_database_that_is_away_is_said_calmly(tmp_path: Path, url: str) -> None:
    app = create_app(home=tmp_path, database_url=url, url="http://127.0.0.1:8000")
    answer = carries_all(browser(app).asks("GET", "/p/acme/"), 503)
    is_an_error_page(answer)
    assert SECRET not in answer.get_data(as_text=True)
    assert "nowhere" not in answer.get_data(as_text=True)


def test_https_alone_asks_for_https(make_app: Callable[..., Flask], world: World) -> None:
    mallory = browser(make_app(url=PUBLIC_URL))
    answer = carries_all(mallory.asks("GET", "/p/acme/"), 200)
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
    carries_all(mallory.asks("GET", "/nowhere"), 404)
    for cookie in answer.headers.get_all("Set-Cookie"):
        assert cookie.startswith("__Host-")
        assert "Secure" in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Path=/" in cookie


def test_only_versioned_files_are_kept(world: World) -> None:
    carl = browser(world.app)
    page = carl.opens("/p/acme/")
    files = [str(link["href"]) for link in page.soup.select("link[href]")]
    assert any("brand.css" in file for file in files)
    for file in files:
        carries_all(carl.asks("GET", file), 200, kept="public, max-age=31536000, immutable")
    for file in {file.partition("?")[0] for file in files}:
        kept = "no-store" if "brand" in file else "no-cache"
        carries_all(carl.asks("GET", file), 200, kept=kept)
    carries_all(carl.asks("GET", "/static/none.css?v=1"), 404)
    carries_all(carl.asks("GET", "/p/acme/brand.css?v=000000"), 200)


def test_a_message_in_the_mailbox_may_do_nothing_but_open_its_link(
    make_app: Callable[..., Flask], tmp_path: Path, world: World
) -> None:
    page = browser(make_app(smtp_url=""))
    content = b"Subject: Hi\r\nContent-Type: text/html\r\n\r\n<p>Hi</p>"
    kept = kept_mail.keep(tmp_path / "mailbox", content)
    carries_all(page.asks("GET", "/mailbox/"), 200)
    framing = page.asks("GET", f"/mailbox/{kept}")
    assert policy(framing) == POLICY | {"frame-src": "'self'"}
    message = page.asks("GET", f"/mailbox/{kept}/html")
    rules: dict[str, Any] = policy(message)
    assert rules["default-src"] == "'none'"
    assert "allow-scripts" not in rules["sandbox"]
    assert "allow-same-origin" not in rules["sandbox"]
    assert "script-src" not in rules
    for answer in (framing, message, page.asks("GET", f"/mailbox/{kept}/raw")):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
