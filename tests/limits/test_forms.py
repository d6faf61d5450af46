"""What a form does not ask for is not taken, and a form from elsewhere is not taken at all."""

from __future__ import annotations

from itertools import product

from tests.cast import Browser, Client, Staff, World
from tests.links import rows
from tests.links.acme import Acme
from tests.links.browsers import twin

EXTRA = {
    "role": "owner",
    "account_id": "2",
    "account": "birch",
    "slug": "birch",
    "status": "joined",
    "auth_epoch": "99",
    "id": "1",
    "is_admin": "1",
    "joined_at": "2026-01-01",
    "ends_at": "",
    "undelivered": "1",
    "email_norm": "mallory@nowhere.example",
    "staff_id": "1",
    "kind": "invite",
    "target": "/admin/",
}


def test_unknown_fields_change_nothing_at_the_desk(
    world: World, sol: Staff, acme: Acme, carl: Client
) -> None:
    before = rows.dump(world.app)
    sol.invites(carl.email, **EXTRA)
    sol.at("contacts/new").presses("Add contact", name="Dora", email="dora@x.example", **EXTRA)
    sol.page_of("dora@x.example").follows("Edit").presses("Save", name="Dora D", **EXTRA)
    sol.generates_link(carl.email, **EXTRA)
    after = rows.dump(world.app)
    for table in ("staff", "staff_role", "account", "staff_session", "client_session"):
        assert after[table] == before[table]
    assert all("'acme'" in row or ", 1, " in row for row in after["contact"])
    assert {row.account_id for row in rows.links(world.app)} == {1}
    assert {row.kind for row in rows.links(world.app)} == {"invite", "magic"}
    (access,) = after["portal_access"]
    assert "'invited'" in access
    assert "99" not in access.split("datetime")[0]


def test_another_accounts_contact_cannot_be_named(world: World, sol: Staff, acme: Acme) -> None:
    Acme(world, "birch", "bea@birch.example").invites("only@birch.example")
    world.worker.drains()
    contacts = rows.dump(world.app)["contact"]
    foreign = int(contacts[0].strip("(").split(",")[0])
    before = rows.dump(world.app)
    for path, button in (
        ("invitations/new", "Send Invite"),
        ("magic-links/new", "Generate Magic Link"),
    ):
        page = sol.at(path).presses(button, who="", contact_id=str(foreign))
        page.is_status(422).does_not_see("only@birch.example")
    sol.at("login-emails/new").presses("Send", contact_ids=[str(foreign)]).is_status(422)
    assert rows.dump(world.app) == before


def test_unknown_fields_change_nothing_at_the_door(world: World, invited: Client) -> None:
    invited.letters()
    page = invited.opens("/p/acme/").presses(
        "Email me a sign-in link",
        **EXTRA,
        contact_id="2",
        email=invited.email,
        browser="x",
        flow_digest="00",
    )
    page.presses("Sign in", **EXTRA, contact_id="2", code=invited.letter().code).sees("Carl")
    (session,) = rows.sessions(world.app)
    assert (session.account_id, session.via, session.bound) == (1, "code", True)
    assert len(rows.dump(world.app)["staff_role"]) == 3


def test_a_form_of_the_same_account_cannot_sign_in_elsewhere(
    world: World, acme: Acme, invited: Client
) -> None:
    """The portal named by the form is a hint about cookies; the link alone says whose it is."""
    page = invited.opens(acme.copies_link(invited.email))
    page.presses("Sign in", portal="birch").is_at("/p/acme/").sees("Welcome to Acme")
    assert [one.account_id for one in rows.sessions(world.app)] == [1]


POSTS = [
    ("/p/acme/", {"email": "carl@carter.example"}),
    ("/p/acme/code", {"code": "0000 0000"}),
    ("/p/acme/ask-again", {}),
    ("/p/acme/sign-out", {}),
    ("/p/acme/access/end-all", {}),
    ("/p/acme/access/1/end", {}),
    ("/admin/", {"email": "ada@acme.example", "password": "x" * 12}),
    ("/admin/link", {}),
    ("/admin/sign-out", {}),
    ("/admin/password", {"password": "seven green bottles"}),
    ("/admin/acme/invitations/new", {"who": "mallory@nowhere.example"}),
    ("/admin/acme/contacts/1/revoke", {}),
    ("/admin/acme/contacts/1/suspend", {}),
]


def test_a_post_without_its_token_is_refused(world: World, ada: Staff, joined: Client) -> None:
    both = everyone(ada, joined)
    before = rows.dump(world.app)
    for path, data in POSTS:
        for token in ({}, {"csrf_token": ""}, {"csrf_token": "forged"}):
            assert both.asks("POST", path, data={**data, **token}).status_code == 400
    assert rows.dump(world.app) == before


def test_a_post_from_another_site_is_refused_even_with_a_token(
    world: World, ada: Staff, joined: Client
) -> None:
    both = everyone(ada, joined)
    csrf = both.opens("/p/acme/").field("csrf_token")
    before = rows.dump(world.app)
    for site, (path, data) in product(("cross-site", "same-site", "none", "nonsense"), POSTS):
        sent, headers = {**data, "csrf_token": csrf}, {"Sec-Fetch-Site": site}
        assert both.asks("POST", path, data=sent, headers=headers).status_code == 403
    assert rows.dump(world.app) == before


def test_a_token_of_another_browser_is_refused(
    world: World, ada: Staff, joined: Client, mallory: Client
) -> None:
    both = everyone(ada, joined)
    csrf = mallory.opens("/p/acme/").field("csrf_token")
    before = rows.dump(world.app)
    for path, data in POSTS:
        assert both.asks("POST", path, data={**data, "csrf_token": csrf}).status_code == 400
    assert rows.dump(world.app) == before


def test_a_link_cannot_be_pressed_from_elsewhere(world: World, acme: Acme, invited: Client) -> None:
    page = invited.opens(acme.copies_link(invited.email))
    good = {"csrf_token": page.field("csrf_token"), "portal": "acme"}
    far = {"Sec-Fetch-Site": "cross-site"}
    assert invited.browser.asks("POST", page.url, data={"portal": "acme"}).status_code == 400
    assert invited.browser.asks("POST", page.url, data=good, headers=far).status_code == 403
    assert rows.sessions(world.app) == []
    page.presses("Sign in").sees("Welcome to Acme")


def everyone(ada: Staff, carl: Client) -> Browser:
    """A browser in which Ada and Carl are both signed in."""
    browser = twin(carl.browser)
    for cookie in ada.browser.http._cookies.values():
        if cookie.key == "portal_staff":
            browser.http.set_cookie(cookie.key, cookie.value, domain="127.0.0.1")
    return browser
