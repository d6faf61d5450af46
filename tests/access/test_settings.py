"""The settings of an account: each choice is checked, written down, and holds where it is meant."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from portal.db import db
from portal.errors import PortalError
from portal.flows.change_account import change_account
from portal.flows.forget import forget, look_for
from portal.models import Account
from portal.web.forms_settings import countries
from tests.cast import LAPTOP, Client, Page, Staff, Stranger, World
from tests.links import rows
from tests.links.acme import Acme
from tests.links.browsers import twin
from tests.links.fixtures import Clock

OUT = "Email me a sign-in link"


def saves(ada: Staff, section: str, **typed: Any) -> Page:
    page = ada.at("settings/")
    (form,) = page.soup.select(f"section#{section} form")
    data = {**page._data(form), **{name.replace("__", "-"): value for name, value in typed.items()}}
    data = {name: value for name, value in data.items() if value is not None}
    return ada.browser.posts("/admin/acme/settings/", data)


def choices(world: World) -> dict[str, Any]:
    with world.app.app_context():
        account = Account.by_slug("acme")
        assert account
        return {"locale": account.locale, "time_zone": account.time_zone, **account.choices}


def test_each_section_says_what_holds_and_writes_down_what_changed(
    world: World, ada: Staff, sol: Staff
) -> None:
    sol.at("settings/").is_status(404)
    page = ada.at("settings/").sees("Default (10 minutes). From 1 minute to 1 hour.")
    page.sees("Default (7 days)", "Default (for good). From 30 days to 3,650 days, or 0 for good.")
    saves(ada, "links", life_self="20", life_invite="2", life_invite__unit="86400")
    assert choices(world)["life_self"] == 1200
    assert choices(world)["life_invite"] == 172_800
    ada.at("history/").sees("A link that a client asked for works for: the default → 20 minutes")
    wrong = saves(ada, "links", life_self="61", life_login="90").is_status(422)
    wrong.sees("Choose from 1 minute to 1 hour.")
    assert wrong.field("life_login") == "90"
    assert choices(world)["life_self"] == 1200
    saves(ada, "links", life_self="").sees("Saved.")
    assert choices(world)["life_self"] is None
    ada.at("history/").sees("works for: 20 minutes → the default")
    saves(ada, "links").sees("Nothing was changed.")
    for zone in ("Mars", "right/UTC", "localtime"):
        saves(ada, "general", time_zone=zone).is_status(422).sees("Choose a time zone of the list")
    saves(ada, "general", time_zone="Europe/Paris", locale="fr", country="FR").sees("Saved.")
    assert choices(world) | {"country": "FR", "locale": "fr", "time_zone": "Europe/Paris"} == (
        choices(world)
    )
    saves(ada, "undo", undo_one="5", undo_one__unit="60")
    assert choices(world)["undo_one"] == 300
    saves(ada, "undo", undo_one="6", undo_one__unit="60").is_status(422)
    saves(ada, "undo", undo_one="0")
    assert choices(world)["undo_one"] == 0
    saves(ada, "keeping", keep_messages="29").is_status(422).sees("Choose from 30 days")
    saves(ada, "keeping", keep_messages="0", keep_runs="0").is_status(422)
    saves(ada, "sign-in", has_code=None)
    ada.at("history/").sees("beside the link: on → off")


def test_a_shell_and_the_desk_are_held_to_the_same_bounds(world: World, acme: Acme) -> None:
    acme.chooses("client_idle", "3600")
    acme.chooses("may_ask", "off")
    acme.chooses("keep_messages", "0")
    assert choices(world)["may_ask"] is False
    acme.chooses("may_ask", "default")
    acme.chooses("client_idle", "default")
    assert choices(world)["client_idle"] is None
    for name, value in (
        ("client_idle", "299"), ("client_session", "2592001"), ("has_code", "perhaps"),
        ("keep_runs", "0"), ("country", "XX"), ("locale", "xx"), ("life_self", "٣٠٠"),
    ):  # fmt: skip
        with pytest.raises(PortalError):
            acme.chooses(name, value)
    with world.app.app_context():
        account = Account.by_slug("acme")
        assert account
        for name in ("slug", "id", "brand", "channels", "words"):
            with pytest.raises(PortalError):
                change_account(account, {name: "x"}, by=None)


def test_who_may_not_ask_is_told_whom_to_ask_and_gets_nothing(
    clock: Clock, world: World, acme: Acme, invited: Client, mallory: Stranger
) -> None:
    dead, sent = acme.copies_link(invited.email), len(invited.letters())
    clock.passes(minutes=16)
    stale = invited.opens(dead).is_status(410).sees("Email me a new link")
    form = mallory.opens("/p/acme/").sees(OUT)
    other = invited.another_browser(LAPTOP)
    asked = other.opens("/p/acme/").presses(OUT, email=invited.email)
    acme.chooses("may_ask", "off")
    stale.presses("Email me a new link")
    answers = [form.presses(OUT, email=email) for email in (invited.email, "no@one.example")]
    again = asked.presses("Send it again")
    assert {page.words for page in (*answers, again)} == {answers[0].words}
    answers[0].sees("ask Acme for a new one").does_not_see("Your e-mail address")
    asked.browser.opens("/p/acme/code").does_not_see("Send it again", "Use another address")
    page = invited.opens(dead).is_status(410).sees("Ask Acme to send you a new message.")
    page.does_not_see("Email me a new link", "Sign in with your e-mail address")
    assert len(invited.letters()) == sent
    acme.sends_login_email(invited.email)
    invited.signs_in().sees("Welcome to Acme")


def test_dead_links_may_offer_none_while_the_front_door_does(
    clock: Clock, acme: Acme, invited: Client
) -> None:
    dead, sent = acme.copies_link(invited.email), len(invited.letters())
    clock.passes(minutes=16)
    stale = invited.opens(dead)
    acme.chooses("may_renew", "off")
    stale.presses("Email me a new link")
    invited.opens(dead).does_not_see("Email me a new link").sees("Sign in with your e-mail address")
    assert len(invited.letters()) == sent
    invited.asks_for_link()
    assert len(invited.letters()) == sent + 1


def test_without_codes_the_link_alone_lets_in(clock: Clock, acme: Acme, invited: Client) -> None:
    invited.letters()
    page = invited.asks_for_link().sees("Code from the message")
    code = invited.letter().code
    acme.chooses("has_code", "off")
    page.presses("Sign in", code=code).does_not_see("Welcome to Acme")
    clock.passes(minutes=2)
    page = invited.asks_for_link().does_not_see("Code from the message")
    page.sees("Press the button in the message.")
    letter = invited.letter()
    assert "type this code" not in letter.text
    invited.opens(letter.link).presses("Sign in").sees("Welcome to Acme")


def test_session_lengths_are_the_accounts(
    clock: Clock, world: World, acme: Acme, joined: Client, ada: Staff
) -> None:
    acme.chooses("client_idle", "600")
    for _ in range(4):
        clock.passes(minutes=8)
        joined.home().sees("Welcome to Acme")
    idle = twin(joined.browser)
    clock.passes(minutes=11)
    idle.opens("/p/acme/").sees(OUT)
    joined.home().sees(OUT)
    acme.chooses("client_idle", "default")
    joined.home().sees("Welcome to Acme")
    acme.chooses("client_session", "1800")
    joined.home().sees(OUT)
    ada.page_of(joined.email).sees("They are signed out now.")
    acme.sends_login_email(joined.email)
    page = joined.opens(joined.letter().link)
    form = {"csrf_token": page.field("csrf_token"), "portal": "acme"}
    answer = joined.browser.asks("POST", page.url, data=form)
    (cookie,) = [one for one in answer.headers.get_all("Set-Cookie") if "portal_acme=" in one]
    assert "Max-Age=1800" in cookie
    acme.chooses("client_session", "2592000")
    clock.passes(minutes=29)
    joined.home().sees("Welcome to Acme")
    clock.passes(minutes=2)
    joined.home().sees(OUT)


def test_what_is_no_longer_kept_goes_and_the_rest_stays(
    clock: Clock, world: World, acme: Acme, joined: Client, bea: Staff, ada: Staff
) -> None:
    bea.invites("dan@birch.example")
    world.worker.drains()
    acme.chooses("keep_messages", "30")
    acme.chooses("keep_browsers", "1")
    history = len(rows.events(world.app, "invited"))

    def forgets() -> int:
        with world.app.app_context():
            return forget(look_for(), 5)

    assert forgets() == 0
    clock.passes(days=29)
    acme.sends_login_email(joined.email)
    world.worker.drains()
    assert forgets() == 0
    clock.passes(days=2, hours=1)
    assert forgets() == 2
    kept = [(one.account_id, one.kind) for one in rows.deliveries(world.app)]
    assert sorted(kept) == [(1, "login"), (2, "invite")]
    assert rows.sessions(world.app) == []
    assert len(rows.events(world.app, "invited")) == history
    ada.signs_in().page_of(joined.email).is_status(200).does_not_see("Send again")
    assert forgets() == 0


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_what_is_sent_again_while_it_is_looked_for_stays(
    world: World, acme: Acme, invited: Client
) -> None:
    def forgets() -> None:
        with world.app.app_context():
            forget(look_for(), 5)

    invited.letters()
    acme.chooses("keep_messages", "30")
    old = "UPDATE delivery SET status = 'failed', created_at = '2020-01-01', finished_at = "
    rows.execute(world.app, f"{old}'2020-01-01'")
    with world.app.app_context(), db.engine.begin() as staff:
        staff.execute(db.text("UPDATE delivery SET status = 'queued', finished_at = NULL"))
        thread = threading.Thread(target=forgets)
        thread.start()
        thread.join(1)
    thread.join()
    assert [one.status for one in rows.deliveries(world.app)] == ["queued"]
    rows.execute(world.app, f"{old}'2020-01-01'")
    forgets()
    assert rows.deliveries(world.app) == []


def test_countries_stand_where_readers_of_a_language_look_for_them() -> None:
    names = [str(choice.label) for choice in countries("de")]
    assert names.index("Norwegen") < names.index("Österreich") < names.index("Pakistan")
