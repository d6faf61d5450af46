"""Passkeys open the desk by themselves: for their person, on this site, once for each question."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Flask

from portal import passkeys
from portal.db import db
from portal.models import StaffChallenge, StaffHalfSignIn, StaffPasskey
from tests.cast import World
from tests.links.fixtures import Clock
from tests.second_factor.authenticator import PRESENT, VERIFIED, encoded
from tests.second_factor.conftest import ADA, SOL, SQLITE, Person, person


def test_a_passkey_opens_the_desk_alone_and_stands_in_for_a_code(
    clock: Clock, world: World, ada: Person
) -> None:
    asked = ada.asks("add")
    assert asked["rp"]["id"] == "localhost"
    assert asked["attestation"] == "none"
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    added = ada.answers("add", ada.device.makes(asked), name="  My\tphone ")
    assert added.get_json() == {"to": "/admin/_sign-in/recovery"}
    ada.opens("_sign-in/").sees("My phone", "not used yet", "keeps a copy", "You have none")
    assert [one["id"] for one in ada.asks("add")["excludeCredentials"]] == [
        encoded(ada.device.credential_id)
    ]
    ada.makes_recovery_codes()
    ada.opens("acme/team/").sees("Passkey")
    first = ada.browser.http.get_cookie("portal_staff", "localhost")
    ada.signs_out()
    assert not ada.is_in()
    assert ada.uses_passkey().get_json() == {"to": "/admin/"}
    assert ada.is_in()
    second = ada.browser.http.get_cookie("portal_staff", "localhost")
    assert first
    assert second
    assert first.value != second.value
    ada.opens("_sign-in/").sees("last used")
    ada.signs_out()
    ada.presses_link().is_at("/admin/_second/").sees("recovery code")
    assert len(ada.asks("second")["allowCredentials"]) == 1
    assert not ada.is_in()
    ada.uses_passkey("second", handle=b"")
    assert ada.is_in()
    ada.opens("acme/history/").sees(
        "added a passkey", "With a passkey", "With a passkey as second factor"
    )
    clock.passes(minutes=11)
    ada.opens("_sign-in/").presses("Save", name="Key ring").sees("is called Key ring now")
    ada.opens("_sign-in/").presses("Remove").is_at("/admin/_confirm/")
    assert ada.uses_passkey("confirm").get_json() == {"to": "/admin/_sign-in/"}
    ada.opens("_sign-in/").presses("Remove").sees("opens nothing any more")
    assert ada.uses_passkey().status_code == 422


CHEATS: dict[str, dict[str, Any]] = {
    "another site's": {"origin": "http://localhost:8001"},
    "a site below ours": {"origin": "http://localhost:8000.evil.example"},
    "another party's": {"rp_id": "evil.example"},
    "nobody was there": {"without": PRESENT},
    "nobody proved who": {"without": VERIFIED},
    "another person's": {"handle": b"x" * 32},
    "nobody's": {"handle": b""},
    "one that was made": {"client": {"type": "webauthn.create"}},
    "a question of its own": {"client": {"challenge": encoded(b"c" * 32)}},
}


@SQLITE
def test_what_is_signed_elsewhere_or_by_nobody_opens_nothing(world: World, ada: Person) -> None:
    ada.adds_passkey()
    ada.signs_out()
    for what, cheat in CHEATS.items():
        answer = ada.uses_passkey(**cheat)
        assert answer.status_code == 422, what
        assert not ada.is_in(), what
    ada.uses_passkey()
    assert ada.is_in()
    ada.opens("acme/history/").sees("A second factor of Ada Byron did not work")
    for cheat in ({"origin": "http://localhost"}, {"rp_id": "localhos"}, {"without": VERIFIED}):
        made = ada.device.makes(ada.asks("add"), **cheat)
        assert ada.answers("add", made).status_code == 422, cheat
    assert len(passkeys_of(world)) == 1


@SQLITE
def test_an_answer_counts_once_in_the_browser_that_asked_and_in_time(
    clock: Clock, world: World, ada: Person
) -> None:
    ada.adds_passkey()
    ada.signs_out()
    thief = Person(world)
    thief.asks("sign-in")
    answer = ada.device.signs(ada.asks("sign-in"))
    assert thief.answers("sign-in", answer).status_code == 422, "another browser's question"
    assert ada.answers("sign-in", answer).status_code == 200
    assert ada.answers("sign-in", answer).status_code == 422, "it was answered"
    answer = ada.device.signs(ada.asks("confirm"))
    assert ada.answers("sign-in", answer).status_code == 422, "it was asked for something else"
    ada.presses_link()
    answer = ada.device.signs(ada.asks("second"))
    assert ada.answers("confirm", answer).status_code == 422, "by the same person, too"
    late = ada.device.signs(ada.asks("sign-in"))
    clock.passes(minutes=5, seconds=1)
    assert ada.answers("sign-in", late).status_code == 422
    two_tabs = [ada.device.signs(ada.asks("sign-in")) for _ in range(2)]
    assert [ada.answers("sign-in", one).status_code for one in two_tabs] == [200, 200]


def test_of_several_presses_of_one_answer_one_gets_in(world: World, ada: Person) -> None:
    ada.adds_passkey()
    ada.signs_out()
    credential = ada.device.signs(ada.asks("sign-in"))
    data = {"csrf_token": ada.opens("").field("csrf_token"), "credential": credential}

    def answers(_number: int) -> int:
        form = {**data, "purpose": "sign-in"}
        return ada.browser.asks("POST", "/admin/_passkeys/answer", data=form).status_code

    with ThreadPoolExecutor(4) as crowd:
        assert sorted(crowd.map(answers, range(4))) == [200, 422, 422, 422]


@SQLITE
def test_a_passkey_is_its_persons_alone(world: World, ada: Person) -> None:
    ada.adds_passkey()
    handle = ada.device.handle
    sol = Person(world, SOL)
    sol.presses_link()
    sol.device = ada.device
    made = ada.device.makes(sol.asks("add"))
    assert sol.answers("add", made).status_code == 422, "somebody has it already"
    sol.device = type(ada.device)("http://localhost:8000")
    sol.adds_passkey("Sol's")
    assert sol.device.handle != handle
    half = Person(world, SOL)
    half.presses_link().is_at("/admin/_second/")
    half.device = ada.device
    assert half.uses_passkey("second", handle=b"").status_code == 422
    assert not half.is_in()
    sol.device = ada.device
    assert sol.uses_passkey("confirm", handle=b"").status_code == 422
    token = {"csrf_token": sol.opens("accounts").field("csrf_token"), "name": "Mine"}
    (theirs,) = passkeys_of(world)
    for deed in ("name", "remove"):
        sol.browser.posts(f"/admin/_sign-in/passkeys/{theirs.id}/{deed}", token).is_status(404)
    assert [one.name for one in passkeys_of(world)] == ["My phone"]


@SQLITE
def test_a_count_that_goes_back_is_written_down(world: World, ada: Person) -> None:
    ada.device.count = 7
    ada.adds_passkey()
    ada.uses_passkey()
    ada.opens("acme/history/").does_not_see("may have been copied")
    ada.uses_passkey(count=3)
    ada.opens("acme/history/").sees("A passkey of Ada Byron counted backwards")
    assert ada.uses_passkey("confirm", count=4).status_code == 200
    assert ada.opens("acme/history/").words.count("counted backwards") == 2
    assert [one.sign_count for one in passkeys_of(world)] == [8]


@SQLITE
def test_nonsense_is_told_so(world: World, ada: Person) -> None:
    ada.adds_passkey()
    good = json.loads(ada.device.signs(ada.asks("sign-in")))
    bad: list[Any] = ["", "[]", "null", "{}", "1e999", "[" * 50_000, "\ud800", good["id"]]
    for key in ("id", "rawId", "type", "response"):
        bad += [{**good, key: value} for value in (None, "", [], {}, 7, "ä", "A" * 5000)]
    for key in good["response"]:
        response = good["response"]
        bad += [{**good, "response": {**response, key: v}} for v in (None, "", 7, "A", "gg")]
    token = ada.opens("accounts").field("csrf_token")
    for one in bad:
        text = one if isinstance(one, str) else json.dumps(one)
        credential = text.encode("utf-8", "surrogatepass")
        for purpose in ("sign-in", "add"):
            form = {"csrf_token": token, "purpose": purpose, "credential": credential}
            status = ada.browser.asks("POST", "/admin/_passkeys/answer", data=form).status_code
            assert status in (422, 429), (purpose, text[:200])


def test_a_made_passkey_of_odd_parts_breaks_nothing(world: World, ada: Person) -> None:
    ada.device.credential_id = random.Random(1).randbytes(4000)
    assert ada.adds_passkey().status_code == 422, "WebAuthn 3, 7.1: 1023 bytes at most"
    ada.device.credential_id = random.Random(1).randbytes(1023)
    made = json.loads(ada.device.makes(ada.asks("add")))
    made["response"]["transports"] = [[], {}, None, 7, "usb", "usb"]
    assert ada.answers("add", json.dumps(made), name="My key").status_code == 200
    assert [one.transports for one in passkeys_of(world)] == [["usb"]]


@SQLITE
def test_nobody_is_asked_who_may_not_be(world: World, ada: Person, clock: Clock) -> None:
    stranger = Person(world, address="203.0.113.8")
    for purpose in ("add", "confirm", "second"):
        assert stranger.asks(purpose) == {"to": "/admin/"}
    clock.passes(minutes=11)
    assert ada.asks("add") == {"to": "/admin/_confirm/"}
    form = {"csrf_token": ada.opens("accounts").field("csrf_token"), "purpose": "else"}
    assert ada.browser.asks("POST", "/admin/_passkeys/ask", data=form).status_code == 404
    with world.app.app_context():
        assert db.session.scalars(db.select(StaffChallenge)).all() == []


@SQLITE
def test_an_address_of_numbers_has_no_passkeys(make_app: Callable[..., Flask]) -> None:
    with make_app(url="http://127.0.0.1:8000").app_context():
        assert not passkeys.are_possible()
    for url, origin in (
        ("https://portal.example.com", "https://portal.example.com"),
        ("https://Portal.example.com:443/", "https://portal.example.com"),
        ("https://portal.example.com:8443", "https://portal.example.com:8443"),
        ("http://localhost:80", "http://localhost"),
    ):
        assert passkeys._origin(url) == origin


@SQLITE
def test_what_is_over_is_swept_away(clock: Clock, world: World, ada: Person) -> None:
    ada.adds_passkey()
    ada.asks("sign-in")
    Person(world).presses_link()
    clock.passes(minutes=6)
    with world.app.app_context():
        for kind in (StaffChallenge, StaffHalfSignIn):
            assert len(db.session.scalars(db.select(kind)).all()) == 1
            kind.forget_ended()  # type: ignore[attr-defined]
            assert db.session.scalars(db.select(kind)).all() == []
        db.session.delete(person(ADA))
        db.session.commit()
        assert db.session.scalars(db.select(StaffPasskey)).all() == []


def passkeys_of(world: World, email: str = ADA) -> list[StaffPasskey]:
    with world.app.app_context():
        return StaffPasskey.of_staff(person(email).id)
