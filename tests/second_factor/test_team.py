"""A second factor for the whole team: asked for by an owner, reset for who has lost theirs."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from portal import commands, totp
from portal.db import db
from portal.flows.staff_access import add_staff, reset_second_factor
from portal.models import Role, StaffTotp, sealed_settings
from tests.cast import Stranger, World
from tests.leaks import SEEN
from tests.links.fixtures import Clock
from tests.second_factor.conftest import ADA, BEA, SOL, SQLITE, Person, person


def token(one: Person) -> dict[str, str]:
    return {"csrf_token": one.opens("accounts").field("csrf_token")}


def test_an_owner_asks_for_one_and_nobody_is_thrown_out_at_once(
    clock: Clock, world: World, ada: Person
) -> None:
    with world.app.app_context():
        add_staff(SOL, "birch", Role.SUPPORT)
    sol = Person(world, SOL)
    sol.presses_link()
    ada.opens("acme/team/").sees("No second factor", "Set one up for yourself first")
    said = ada.browser.posts("/admin/acme/team/second-factor", {**token(ada), "days": "0"})
    said.sees("Set up a second factor of your own first")
    ada.sets_up_codes()
    ada.opens("acme/team/").presses("Ask everybody for one", days="7").sees("needs one from")
    sol.opens("acme/contacts/").sees("Contacts", "asks everybody on its team", "Set one up")
    ada.opens("acme/").does_not_see("asks everybody on its team")
    sol.opens("birch/").does_not_see("asks everybody on its team")
    clock.passes(days=7)
    for one in (ada, sol):
        one.presses_link()
    clock.passes(seconds=totp.STEP)
    ada.opens("_second/").presses("Sign in", code=ada.code()).sees("Client Portal")
    for path in ("", "contacts/", "contacts/new", "deliveries/"):
        sol.opens(f"acme/{path}").is_at("/admin/_sign-in/").sees("Acme asks everybody")
    sol.browser.posts("/admin/acme/contacts/new", token(sol)).is_at("/admin/_sign-in/")
    poll = sol.browser.asks("GET", "/admin/acme/", headers={"HX-Request": "true"})
    assert poll.headers["HX-Redirect"] == "/admin/_sign-in/"
    sol.opens("birch/").sees("Client Portal")
    sol.opens("acme/team/").is_status(404)
    sol.sets_up_codes()
    sol.opens("acme/contacts/").is_at("/admin/acme/contacts/")
    history = ada.opens("acme/history/")
    history.sees("Ada Byron asked the team for a second factor", "switched one-time codes on")
    ada.opens("acme/team/").presses("Ask for none any more").sees("Nobody is asked")
    ada.opens("acme/history/").sees("asks the team for no second factor any more")


@SQLITE
def test_who_joins_is_led_to_set_one_up(world: World, ada: Person) -> None:
    ada.sets_up_codes()
    ada.opens("acme/team/").presses("Ask everybody for one", days="0").sees("since")
    new = "nia@acme.example"
    ada.opens("acme/team/").presses("Send invitation", email=new, role="support")
    (link,) = re.findall(r"http://\S+/_join/\S+", world.postman.last_to(new).text)
    nia = Stranger(world)
    page = nia.opens(str(link)).presses("Join").is_at("/admin/_sign-in/")
    page.sees("Acme asks everybody", "Choose a password")
    nia.opens("/admin/acme/").is_at("/admin/_sign-in/")


@SQLITE
def test_only_an_owner_asks_for_it_and_resets_what_is_theirs_to_reset(
    clock: Clock, world: World, ada: Person
) -> None:
    with world.app.app_context():
        add_staff("amir@acme.example", "acme", Role.ADMIN, "Amir")
        add_staff("olga@acme.example", "acme", Role.OWNER, "Olga")
        add_staff(BEA, "acme", Role.SUPPORT)
    people = {name: Person(world, f"{name}@acme.example") for name in ("amir", "olga", "sol")}
    people["bea"] = Person(world, BEA)
    for one in people.values():
        one.presses_link()
        one.sets_up_codes()
    amir, sol = people["amir"], people["sol"]
    sol.makes_recovery_codes()
    amir.opens("acme/team/").sees("An owner can ask").does_not_see("Ask everybody for one")
    for path in ("second-factor", "second-factor/stop", f"{sol.staff_id}/reset-second-factor"):
        said = amir.browser.posts(f"/admin/acme/team/{path}", {**token(amir), "days": "0"})
        said.sees("Only an owner can do this")
    for name in ("olga", "bea"):
        path = f"/admin/acme/team/{people[name].staff_id}/reset-second-factor"
        ada.browser.posts(path, token(ada)).sees("the server's operator does that")
    away = f"/admin/birch/team/{people['bea'].staff_id}/reset-second-factor"
    ada.browser.posts(away, token(ada)).is_status(404)
    clock.passes(minutes=11)
    page = ada.opens("acme/team/").follows("Sol Sand").presses("Reset second factor")
    page.is_at("/admin/password").sees("Choose a password first")
    page = page.presses("Save password", password="seven green bottles on a wall")
    page = ada.opens("acme/team/").follows("Sol Sand").presses("Reset second factor")
    page.sees("Sol Sand has no second factor any more")
    assert not sol.is_in()
    sol.presses_link().sees("Your second factor was taken away", "Client Portal")
    sol.signs_out()
    sol.presses_link().does_not_see("was taken away")
    ada.opens("acme/history/").sees("reset somebody's second factor", f"{SOL}: support")
    with world.app.app_context():
        assert db.session.get(StaffTotp, person(SOL).id) is None


@SQLITE
def test_the_server_has_a_way_out_of_a_lost_phone(world: World, ada: Person) -> None:
    ada.sets_up_codes()
    lost = Person(world)
    lost.presses_link().is_at("/admin/_second/")
    lost.presses_link(skips_second=True).sees("Client Portal")
    lost.opens("acme/history/").sees("It asks for no second factor")
    with world.app.app_context():
        assert reset_second_factor(ADA)
        assert not reset_second_factor(ADA)
    assert not ada.is_in()
    ada.presses_link().sees("Client Portal", "Your second factor was taken away")
    ada.opens("acme/history/").sees("The second factor of Ada Byron was reset on the server")


@SQLITE
def test_the_commands_say_it(world: World, ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    ada.sets_up_codes()
    monkeypatch.setenv("PORTAL_HOME", str(world.app.config["PORTAL_SETTINGS"].home))
    told = CliRunner().invoke(commands.staff, ["link", ADA, "--without-second-factor"])
    SEEN.in_address(told.output)
    Stranger(world).opens(told.output.split("8000")[1].strip()).presses("Sign in").sees("Client")
    told = CliRunner().invoke(commands.staff, ["reset-second-factor", ADA])
    assert told.output == f"{ADA} has no second factor any more.\n"
    told = CliRunner().invoke(commands.staff, ["reset-second-factor", "no@one.example"])
    assert told.exit_code == 2


@SQLITE
def test_secrets_of_codes_outlive_their_key(world: World, ada: Person, make_app: object) -> None:
    ada.sets_up_codes()
    ada.opens("_sign-in/").presses("Set up another app")
    keys = world.app.config["PORTAL_SETTINGS"].secret_keys
    newer = make_app(url="http://localhost:8000", secret_keys=",".join(["n" * 32, *keys]))  # type: ignore[operator]
    with newer.app_context():
        assert sealed_settings.state() == (0, 2, 0)
        assert sealed_settings.reseal() == 2
        assert sealed_settings.state() == (2, 0, 0)
        assert StaffTotp.use(person(ADA).id, ada.code(1))
        db.session.commit()
    with make_app(url="http://localhost:8000", secret_keys="m" * 32).app_context():  # type: ignore[operator]
        assert sealed_settings.state() == (0, 0, 2)
        assert not StaffTotp.use(person(ADA).id, ada.code(1)), "as good as none, and no error"
