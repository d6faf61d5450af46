"""Addresses that nobody's button makes: each gets a page, and none an error of ours."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode

from tests.cast import Browser, Staff, World

DIGITS = "9" * 5000


def key(*parts: object) -> str:
    """Return a page's key as our own addresses carry it, with any parts in it."""
    return urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


DEEP = urlsafe_b64encode(b"[" * 6000).decode()
FOR_STRANGERS = [
    "/p/a%00b/",
    "/p/%ff/",
    "/p/acme/s/%00",
    "/p/acme/?to=%00",
    "/p/%F0%9F%92%A9/",
    "/p/acme%2f..%2fbirch/",
    "/l/%00",
    "/l/open/%00",
    "/l/open/%ff",
    "/admin/in/%00",
    "/admin/in/a%0d%0aSet-Cookie:%20x=y",
    "/static/..%2f..%2fportal.db",
    "/static/%00",
    "/admin/%00/",
]
FOR_STAFF = [
    f"contacts/{DIGITS}",
    f"contacts/{DIGITS}/edit",
    f"contacts/{2**63}",
    "contacts/?q=%00",
    "contacts/?q=%ff",
    "contacts/?q=" + "a%20" * 3000,
    "contacts/?status=%00",
    "contacts/?after=%00",
    "contacts/?after=nonsense",
    f"contacts/?after={key('a', 10**30)}",
    f"contacts/?after={key(chr(0), 1)}",
    f"contacts/?after={key(chr(0xD800), 1)}",
    f"contacts/?after={key({}, [])}",
    f"contacts/?after={DEEP}",
    f"deliveries/?before={DEEP}",
    f"tasks/?before={DEEP}",
    f"contacts/?after={key('a', True)}",
    f"contacts/?after={key('a', float('inf'))}",
    "contacts/suggest?q=%25_%5c",
    f"invitations/new?contact_id={DIGITS}",
    f"login-emails/new?contact_ids={DIGITS}&contact_ids=x",
    f"magic-links/new?contact_id={DIGITS}",
]
MOMENTS = [
    key("2026-01-01T00:00:00", 1),
    key("0001-01-01T00:00:00+23:59", 1),
    key("9999-12-31T23:59:59-23:59", 1),
    key("2026-01-01T00:00:00+00:00", 10**30),
    key("yesterday", 1),
]


def test_a_stranger_typing_nonsense_sees_a_page(world: World) -> None:
    for path in FOR_STRANGERS:
        answer = Browser(world.app).asks("GET", path)
        assert answer.status_code < 500, path
        cookies = answer.headers.get_all("Set-Cookie")
        assert not any(cookie.startswith(" x=y") or "\n" in cookie for cookie in cookies), path
        answer.close()


def test_staff_following_a_mangled_address_see_a_page(ada: Staff) -> None:
    for path in FOR_STAFF:
        assert ada.at(path).status < 500, path[:200]


def test_a_timeline_asked_from_nowhere_is_a_page(ada: Staff) -> None:
    ada.adds("Carl", "carl@carter.example")
    contact = ada.id_of("carl@carter.example")
    for before in MOMENTS:
        assert ada.at(f"contacts/{contact}?before={before}").status < 500, before
