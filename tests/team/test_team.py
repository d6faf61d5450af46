"""Who works for an account: asked, let in, given another role, taken off; one owner stays."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from flask import Flask

from portal.db import db
from portal.errors import TeamError
from portal.flows.staff_access import add_staff
from portal.flows.team import change_role, hand_over, remove
from portal.models import Account, Role, Staff, StaffRole, StaffSession
from tests.cast import Page, Stranger, World
from tests.cast import Staff as StaffPerson
from tests.contacts.conftest import found_in
from tests.leaks import SEEN
from tests.models.acme import at_once

NEW = "nia@acme.example"


def asked(world: World) -> str:
    """Return the link of the newest invitation that was mailed."""
    text = world.postman.last_to(NEW).text
    (link,) = re.findall(r"http://\S+/admin/_join/\S+", text)
    return str(link)


def joins(world: World, link: str) -> Page:
    return Stranger(world).opens(link).presses("Join")


def test_somebody_is_asked_joins_once_and_is_taken_off(
    world: World, ada: StaffPerson, sol: StaffPerson
) -> None:
    sol.at("team/").is_status(404)
    sol.at().does_not_see("Team")
    page = ada.at().follows("Team").sees("Ada Byron", "You", "Sol Sand", "Seen")
    page.presses("Send invitation", email="nonsense").is_status(422)
    page.presses("Send invitation", email="sol@acme.example").sees("is on the team already")
    sent = page.presses("Send invitation", email=NEW, name="Nia North", role="admin")
    sent.sees("was sent", "Invited", NEW)
    old = asked(world)
    assert found_in(world.app, old.rpartition("/")[2]) == set(), "only a digest of it is kept"
    sent.presses("Send again")
    link = asked(world)
    Stranger(world).opens(old).is_status(410).sees("replaced by a newer one")
    nia = Stranger(world)
    nia.opens(link).sees("Join the team of Acme", NEW).presses("Join").sees("Your password")
    nia.opens("/admin/acme/team/").sees("Nia North").does_not_see("Invited until")
    joins_again = Stranger(world).opens(link)
    joins_again.is_status(410)
    member = ada.at("team/").follows("Nia North")
    member.presses("Save", role="support").sees("Nia North is Support now")
    nia.opens("/admin/acme/team/").is_status(404)
    nia.opens("/admin/acme/contacts/").is_status(200)
    member.presses("Take off").sees("no longer on the team")
    nia.opens("/admin/acme/contacts/").is_status(404)
    ada.at("history/").sees(
        "invited somebody to the team", f"{NEW}: admin", "Nia North joined the team",
        f"{NEW}: support, was admin", "Ada Byron took somebody off the team",
    )  # fmt: skip


def test_a_link_that_somebody_was_shown_makes_nobody_somebody_else(
    world: World, ada: StaffPerson, bea: StaffPerson
) -> None:
    """Without a mail server the link is shown to whoever invites: it must not open the door of a
    person who works elsewhere too."""
    world.app.extensions["portal_plugins"].channels["email"].is_ready = lambda _settings: False
    page = ada.at("team/").presses("Send invitation", email="bea@birch.example", role="support")
    link = page.sees("could not be mailed", "not set up to send mail").field("invitation-link")
    SEEN.in_address(link)
    stranger = Stranger(world)
    stranger.opens(link).presses("Join").sees("Sign in as bea@birch.example first")
    stranger.opens("/admin/birch/").is_at("/admin/")
    ada.opens(link).presses("Join").sees("Sign in as bea@birch.example first")
    bea.opens(link).presses("Join").sees("You are on the team of Acme now", "Birch")
    bea.opens("/admin/acme/").sees("Client Portal")
    bea.opens("/admin/acme/team/").is_status(404)


def test_of_two_links_to_one_new_person_one_lets_them_in(
    world: World, ada: StaffPerson, bea: StaffPerson
) -> None:
    """Else whoever was shown the one would be who joins by the other."""
    links = []
    for person in (ada, bea):
        person.at("team/").presses("Send invitation", email=NEW, role="support").sees("was sent")
        links.append(asked(world))
    with ThreadPoolExecutor(2) as pool:
        pages = [*pool.map(partial(joins, world), links)]
    assert sorted("Sign in as" in page.words for page in pages) == [False, True]
    assert sorted("Your password" in page.words for page in pages) == [False, True]


def test_whom_somebody_invited_goes_with_them(world: World, ada: StaffPerson) -> None:
    with world.app.app_context():
        add_staff("amir@acme.example", "acme", Role.ADMIN, "Amir")
    amir = StaffPerson(world, "amir@acme.example", "acme").signs_in()
    amir.at("team/").presses("Send invitation", email=NEW, role="support").sees("was sent")
    link = asked(world)
    page = amir.at("team/")
    page.presses("Send invitation", email="x@x.example", role="owner").is_status(422)
    page.follows("Ada Byron").sees("Only an owner can change or remove an owner")
    for path in ("", "/remove", "/hand-over"):
        owner = world_id(world.app, "ada@acme.example")
        typed = {"csrf_token": page.field("csrf_token"), "role": "support"}
        told = amir.browser.posts(f"/admin/acme/team/{owner}{path}", typed)
        assert "Only an owner" in told.words
    ada.at("team/").follows("Amir").presses("Take off")
    Stranger(world).opens(link).is_status(410)
    ada.at("team/").follows("Ada Byron").presses("Leave").sees("An account needs an owner")
    ada.at("team/").follows("Sol Sand").presses("Hand over").sees("you are an admin")
    ada.at("team/").follows("Sol Sand").sees("Only an owner")
    ada.at("history/").sees("Ada Byron handed the account over", "sol@acme.example: owner")


def test_of_two_owners_who_leave_at_once_one_stays(world: World, app: Flask) -> None:
    with app.app_context():
        add_staff("sol@acme.example", "acme", Role.OWNER)
    ids = [world_id(app, f"{name}@acme.example") for name in ("ada", "sol")]
    for _turn in range(4):
        for deed in (partial(change_role, role=Role.SUPPORT), remove, None):
            restored(app, ids)
            at_once(app, *(partial(leaves, deed, one, ids) for one in ids))
            with app.app_context():
                account = Account.by_slug("acme")
                assert account
                roles = [member.role for member in StaffRole.team(account.id)]
            assert roles.count("owner") == 1, (deed, roles)


def leaves(deed: object, staff_id: int, ids: list[int]) -> None:
    account, staff = Account.by_slug("acme"), db.session.get(Staff, staff_id)
    assert account
    assert staff
    db.session.rollback()
    other = next(one for one in ids if one != staff_id)
    try:
        if deed is None:
            hand_over(account, other, by=staff)
        else:
            deed(account, staff_id, by=staff)  # type: ignore[operator]
    except TeamError:
        db.session.rollback()


def restored(app: Flask, ids: list[int]) -> None:
    with app.app_context():
        for name in ("ada", "sol"):
            add_staff(f"{name}@acme.example", "acme", Role.OWNER)
        assert len(ids) == 2


def world_id(app: Flask, email: str) -> int:
    with app.app_context():
        person = Staff.by_email(email)
        assert person
        return person.id


def test_a_person_ends_their_other_browsers(world: World, ada: StaffPerson) -> None:
    others = [StaffPerson(world, "ada@acme.example", "acme").signs_in() for _ in range(3)]
    page = ada.at().follows("Where you are signed in").sees("This browser")
    theirs = len(page.soup.select("form[action*='/end']"))
    assert theirs == len(others) + 1, "each of them, and all"
    forms = page.soup.select("form[action$='/end']")
    data = {"csrf_token": page.field("csrf_token")}
    page = ada.browser.posts(str(forms[0]["action"]), data).sees("That browser is signed out")
    left = [one for one in others if one.opens("/admin/accounts").path == "/admin/accounts"]
    assert len(left) == len(others) - 1
    page.presses("Sign out all others").sees("All other browsers are signed out")
    assert all(one.opens("/admin/accounts").path == "/admin/" for one in others)
    ada.at().sees("Client Portal")
    ada.at("history/").sees("signed another browser out", "others signed out")


def test_nobody_ends_the_browser_of_another(
    world: World, ada: StaffPerson, sol: StaffPerson
) -> None:
    with world.app.app_context():
        person = Staff.by_email(sol.email)
        assert person
        (theirs,) = StaffSession.of_staff(person.id)
    token = {"csrf_token": ada.at().field("csrf_token")}
    ada.browser.posts(f"/admin/_sessions/{theirs.id}/end", token).is_status(404)
    sol.at().sees("Client Portal")
    Stranger(world).opens("/admin/_sessions/").is_at("/admin/")
