"""The code that a client reads out: on which pages it stands, and where it leads whom."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask

from portal import support_codes
from portal.db import db, now
from portal.models import Event, RateCount, SupportCode
from portal.sweep import Sweep
from portal.web.browser import by_number, number_of
from tests.cast import LAPTOP, Client, Page, Staff, Stranger, World
from tests.links import rows
from tests.links.acme import Acme
from tests.links.fixtures import Clock

on_one = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""For what asks nothing of the database that the others do not ask."""
CODE = re.compile(r"read out this code: ([2-9A-Y]{3}-[2-9A-Y]{3})")
Trouble = Callable[[Acme, Client, Clock], Page]


def code_on(page: Page) -> str:
    found = CODE.search(page.words)
    assert found, f"no code on: {page.words}"
    return found[1]


def types(staff: Staff, code: str) -> Page:
    return staff.at("support-code/").presses("Open the timeline", code=code)


def used(acme: Acme, carl: Client, _clock: Clock) -> Page:
    link = acme.copies_link(carl.email)
    carl.another_browser(LAPTOP).opens(link).presses("Sign in")
    return carl.opens(link).sees("already used")


def expired(acme: Acme, carl: Client, clock: Clock) -> Page:
    link = acme.copies_link(carl.email)
    clock.passes(minutes=16)
    return carl.opens(link).sees("has expired")


def replaced(acme: Acme, carl: Client, _clock: Clock) -> Page:
    link = acme.copies_link(carl.email)
    acme.copies_link(carl.email, regenerate=True)
    return carl.opens(link).sees("There is a newer link")


def shut_out(acme: Acme, carl: Client, _clock: Clock) -> Page:
    link = acme.copies_link(carl.email)
    acme.suspends(carl.email)
    return carl.opens(link).sees("no longer lets you in")


def without_cookies(acme: Acme, carl: Client, clock: Clock) -> Page:
    link = acme.copies_link(carl.email)
    clean = carl.browser.asks("GET", link).headers["Location"]
    clock.passes(minutes=1)
    return carl.another_browser().opens(clean).sees("did not keep the link")


def too_many_codes(_acme: Acme, carl: Client, _clock: Clock) -> Page:
    page = carl.asks_for_link()
    carl.letter()
    for _ in range(6):
        page = page.presses("Sign in", code="0000 0000")
    return page.sees("Too many tries")


def page_that_is_gone(_acme: Acme, carl: Client, _clock: Clock) -> Page:
    carl.signs_in()
    return carl.opens("/p/acme/s/no-such-section").is_status(404)


SEEN: dict[Trouble, str] = {
    used: "The link was opened again after it was used",
    expired: "The link was opened after it had expired",
    replaced: "An older link was opened",
    shut_out: "A link was opened that does not let {to} in any more",
    without_cookies: "The link was opened in a browser that kept no cookie",
    too_many_codes: "{to} asked for a sign-in link",
    page_that_is_gone: "Error 404: nothing is at that address",
}


def test_the_code_on_a_clients_page_leads_to_that_line_of_their_timeline(
    clock: Clock, world: World, acme: Acme, sol: Staff, bea: Staff
) -> None:
    for trouble, words in SEEN.items():
        client = Client(world, f"{trouble.__name__}@carter.example", "acme")
        acme.invites(client.email, name=trouble.__name__)
        code = code_on(trouble(acme, client, clock))
        page = types(sol, code.lower().replace("-", " "))
        page.is_at(f"/admin/acme/contacts/{sol.id_of(client.email)}")
        (sought,) = page.soup.select("li.event.sought")
        line = " ".join(sought.get_text(" ").split())
        assert words.format(to=trouble.__name__) in line
        assert "The support code leads here" in line
        searched = sol.browser.opens("/admin/acme/contacts/", query={"q": code})
        assert searched.is_at(page.path).soup.select_one("li.event.sought")
        types(bea, code).is_status(422).sees("No page showed this code")


def test_a_code_lasts_a_day_and_is_then_swept_away(
    clock: Clock, world: World, acme: Acme, invited: Client, sol: Staff
) -> None:
    code = code_on(used(acme, invited, clock))
    clock.passes(hours=23, minutes=59)
    types(sol.signs_in(), code).sees("The support code leads here")
    clock.passes(minutes=2)
    types(sol.signs_in(), code).is_status(422).sees("No page showed this code")
    with world.app.app_context():
        Sweep({}).chores()
        assert db.session.scalars(db.select(SupportCode)).all() == []


def test_a_page_that_is_loaded_again_shows_the_code_it_had(
    clock: Clock, world: World, acme: Acme, invited: Client
) -> None:
    link = acme.copies_link(invited.email)
    clock.passes(minutes=16)
    codes = {code_on(invited.opens(link)) for _ in range(5)}
    assert len(codes) == 1
    assert len(rows.events(world.app, "turned_away")) == 1
    invited.signs_in()
    lost = {code_on(invited.opens("/p/acme/s/nowhere")) for _ in range(3)}
    assert len(lost) == 1
    assert len(rows.events(world.app, "saw_error")) == 1
    clock.passes(minutes=61)
    assert code_on(invited.another_browser().opens(link)) not in codes


def test_of_a_stranger_staff_are_told_what_is_known(
    world: World, sol: Staff, bea: Staff, mallory: Stranger
) -> None:
    code = code_on(mallory.opens("/l/cut-in-two"))
    for staff in (sol, bea):  # nobody knows whose page it was
        page = types(staff, code).is_status(200).sees("This link is incomplete")
        page.sees("Chrome on Windows", "press the button in the message")
    searched = sol.browser.opens("/admin/acme/contacts/", query={"q": code})
    assert searched.is_at("/admin/acme/support-code/").field("code") == code.replace("-", "")
    asked = mallory.opens("/p/acme/").presses("Email me", email="nobody@carter.example")
    world.worker.drains()
    for _ in range(6):
        asked = asked.presses("Sign in", code="0000 0000")
    code = code_on(asked.sees("Too many tries"))
    types(sol, code).sees("Ask which address stands on their page")
    types(bea, code).is_status(422)
    assert rows.events(world.app, "turned_away") == []


@on_one
def test_strangers_cannot_fill_the_table(world: World, mallory: Stranger) -> None:
    for number in range(20):
        code_on(mallory.opens(f"/l/nothing-{number}"))
        code_on(mallory.opens(f"/l/open/{number:012x}"))
        code_on(mallory.opens(f"/p/no-such-portal-{number}/"))
    with world.app.app_context():
        assert db.session.scalars(db.select(SupportCode)).all() == []
        assert db.session.scalars(db.select(Event).where(Event.kind == "turned_away")).all() == []


@on_one
def test_staff_see_no_code_on_their_own_errors(sol: Staff) -> None:
    assert "read out this code" not in sol.at("contacts/99999").is_status(404).words


def test_codes_cannot_be_tried_one_by_one(
    clock: Clock, world: World, acme: Acme, invited: Client, sol: Staff, ada: Staff
) -> None:
    code = code_on(used(acme, invited, clock))
    for _ in range(10):
        types(sol, support_codes.new()).is_status(422)
        sol.browser.opens("/admin/acme/contacts/", query={"q": support_codes.new()})
    types(sol, code).is_status(422).sees("Wait five minutes")
    assert sol.browser.opens("/admin/acme/contacts/", query={"q": code}).is_at(
        "/admin/acme/contacts/"
    )
    types(ada, code).is_at(f"/admin/acme/contacts/{ada.id_of(invited.email)}")
    clock.passes(minutes=6)
    types(sol, code).is_at(f"/admin/acme/contacts/{sol.id_of(invited.email)}")
    with world.app.app_context():
        assert RateCount.read("support:1:1")[0] == 0


def test_a_line_far_down_the_timeline_is_found(
    clock: Clock, world: World, acme: Acme, invited: Client, sol: Staff
) -> None:
    code = code_on(used(acme, invited, clock))
    contact_id = sol.id_of(invited.email)
    with world.app.app_context():
        for _ in range(60):
            Event.record("edited", account_id=1, contact_id=contact_id)
        db.session.commit()
    page = types(sol, code)
    assert "The support code leads here" in page.soup.select("li.event")[0].get_text(" ")
    assert page.soup.select_one(".verdict") is None  # that stands above the newest lines only
    sol.at(f"contacts/{contact_id}?event=999999").sees("somebody came with it again")


@on_one
def test_a_blind_code_says_by_itself_what_it_knows(app: Flask) -> None:
    at = now()
    with app.app_context():
        for page in support_codes.PAGES:
            for family in ("Safari on iPhone", "Opera on Linux", "Windows", "An unknown browser"):
                says_by_itself(page, family, at)


def says_by_itself(page: str, family: str, at: datetime) -> None:
    code = support_codes.blind(page, number_of(family), at)
    assert support_codes.read(support_codes.shown(code)) == code
    for later in (timedelta(), timedelta(hours=23, minutes=59)):
        said = support_codes.read_blind(code, at + later)
        assert said
        assert (said.page, by_number(said.browser)) == (page, family)
        assert said.since <= at < said.until
    assert support_codes.read_blind(code, at + timedelta(hours=24, minutes=15)) is None


def test_codes_are_read_however_they_are_typed() -> None:
    assert support_codes.read(" k7m-4qx ") == "K7M4QX"
    assert support_codes.read("B7M4ZS") == "87M425"  # B, Z and S are in no code
    for typed in ("", "K7M4Q", "K7M4QX2", "K7M4Q0", "K7M4Q!", "ÄÖÜÄÖÜ", "K7M4Q\u0661"):
        assert support_codes.read(typed) == ""
    assert not any(support_codes.new().startswith("X") for _ in range(500))
