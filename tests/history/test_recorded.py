"""What staff and the operator do stands in the history: who did what, from what to what."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import time_machine

from portal.db import db, now
from portal.flows.change_account import set_choice
from portal.flows.seal_history import seal
from portal.flows.staff_access import add_staff
from portal.flows.verify_history import verify
from portal.models import Account, Event, Role
from tests.cast import Client, Staff, World

PASSWORD = "a lantern for the ferryman 7"


def kinds(world: World, slug: str = "acme") -> list[str]:
    return [kind for kind, _detail in lines(world, slug)]


def lines(world: World, slug: str = "acme") -> list[tuple[str, dict[str, Any]]]:
    with world.app.app_context():
        query = db.select(Event.kind, Event.detail).join(Account, Account.id == Event.account_id)
        rows = db.session.execute(query.where(Account.slug == slug).order_by(Event.id)).all()
        db.session.rollback()
    return [(row[0], row[1]) for row in rows]


def last(world: World, kind: str) -> dict[str, Any]:
    return [detail for what, detail in lines(world) if what == kind][-1]


def test_what_staff_change_is_written_down_and_sealed(ada: Staff, carl: Client) -> None:
    world = ada.world
    the_operator_is_written_down(world)
    comings_and_goings_are_written_down(ada)
    contacts_are_written_down(ada, carl)
    channels_are_written_down(ada)
    messages_are_written_down(ada, carl)
    with world.app.app_context(), time_machine.travel(now() + timedelta(seconds=3)):
        assert seal() == len(lines(world)) + len(lines(world, "birch"))
        verdict = verify()
    assert verdict.is_whole
    assert "hunter2" not in str(lines(world)), "no secret"
    assert PASSWORD not in str(lines(world))


def the_operator_is_written_down(world: World) -> None:
    assert kinds(world)[:2] == ["account_opened", "staff_added"]
    with world.app.app_context():
        add_staff("sol@acme.example", "acme", Role.ADMIN)
        set_choice("acme", "life_self", "700")
        set_choice("acme", "accent", "#123456")
    assert last(world, "role_changed") == {
        "who": "sol@acme.example",
        "role": "admin",
        "was": "support",
    }
    assert last(world, "account_changed")["changes"] == {"accent": ["#1f6f5c", "#123456"]}


def comings_and_goings_are_written_down(ada: Staff) -> None:
    world = ada.world

    assert last(world, "staff_signed_in")["via"] == "link"
    assert "staff_link_made" in kinds(world)
    assert "staff_signed_in" not in kinds(world, "birch"), "others hear nothing"
    other = ada.another_browser()
    ada.opens("/admin/password").presses("Save password", password=PASSWORD)
    assert last(world, "password_chosen") == {"sessions_ended": 0}
    door = {"email": "ada@acme.example", "password": PASSWORD}
    other.opens("/admin/").presses("Sign in", **door).sees("Client Portal")
    assert last(world, "staff_signed_in")["via"] == "password"
    page = ada.opens("/admin/password")
    page.presses("Save password", current=PASSWORD, password=f"{PASSWORD} 2")
    assert last(world, "password_changed") == {"sessions_ended": 1}
    ada.at().presses("Sign out")
    assert kinds(world)[-1] == "staff_signed_out"
    ada.signs_in()


def contacts_are_written_down(ada: Staff, carl: Client) -> None:
    ada.adds(carl.name, carl.email)
    page = ada.page_of(carl.email).follows("Edit")
    page.presses("Save", name="Carl C. Carter", phone="+44 20 7946 0018")
    assert last(ada.world, "edited")["changes"] == {
        "name": ["Carl Carter", "Carl C. Carter"],
        "phone": ["", "+442079460018"],
    }
    said = ada.page_of(carl.email)
    said.sees("Phone number: nothing →", "Name:")


def channels_are_written_down(ada: Staff) -> None:
    world = ada.world
    typed = {
        "set-smtp_host": "mail.acme.example",
        "set-smtp_user": "acme",
        "set-smtp_password": "hunter2hunter2",
    }
    ada.at("channels/email").presses("Save", rate="30", **typed).sees("Saved.")
    changed = last(world, "channel_changed")["changed"]
    assert {"smtp_host", "smtp_password", "rate"} <= set(changed)
    assert "from_address" not in changed
    ada.at("channels/email").presses("Check")
    assert last(world, "channel_checked") == {"channel": "email"}
    ada.at("channels/email").presses("Send a test to me", to="ada@acme.example")
    assert last(world, "channel_tested") == {"channel": "email", "to": "a•••mple"}


def messages_are_written_down(ada: Staff, carl: Client) -> None:
    with ada.world.app.app_context():
        set_choice("acme", "undo_one", "40")
    page = ada.invites(carl.email)
    page.presses("Send now")
    assert kinds(ada.world)[-1] == "hurried"
    ada.page_of(carl.email).presses("Send Login Email").presses("Undo")
    assert kinds(ada.world)[-1] == "cancelled"
