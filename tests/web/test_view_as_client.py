"""View as client: staff look at the portal as one client sees it, and change nothing there."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
import time_machine
from flask import Flask

from portal.db import Base, db, now
from portal.flows.open_account import open_account
from portal.flows.staff_access import add_staff, make_staff_link
from portal.models.client_session import ClientSession
from portal.models.client_view import ClientView
from portal.models.staff_role import Role
from tests.cast import Browser, Client, Page, Staff, Worker, World
from tests.postman import Postman

PLUGIN = '''
"""An area that counts, and pages of its own for everybody."""

import flask

from portal.channel import Section
from portal.hookspecs import hookimpl


def render(asked):
    return "<p>Seen by " + ("staff" if asked.is_view else asked.contact_name) + "</p>"


@hookimpl
def portal_sections(account_slug):
    return [Section("files", "Files", render=render), Section("broken", "Broken", render=fall)]


def fall(asked):
    raise ValueError("This section always falls.")


@hookimpl
def portal_blueprint(place):
    bp = flask.Blueprint("filing", __name__)
    for method in ("post", "put", "patch", "delete"):
        bp.add_url_rule(f"/{method}/<int:n>", method, lambda n: "written", methods=[method])
    bp.add_url_rule("/look", "look", lambda: "looked")
    return bp if place == "public" else None
'''
UNSAFE = ("DELETE", "PATCH", "POST", "PUT")
REASON = "He cannot find his invoice"


class Scene(NamedTuple):
    ada: Staff
    carl: Client
    app: Flask

    def looks(self, reason: str = REASON) -> Page:
        page = self.ada.page_of(self.carl.email).follows("View as client")
        return page.presses("View as client", reason=reason)

    def rows(self) -> dict[str, list[str]]:
        """Return all that the database holds but what staff themselves are noted by."""
        with self.app.app_context(), db.engine.connect() as connection:
            return {
                table.name: sorted(map(repr, connection.execute(table.select())))
                for table in Base.metadata.sorted_tables
                if table.name not in ("staff_session", "rate_count", "plugin_fault")
            }


@pytest.fixture
def scene(make_app: Callable[..., Flask], tmp_path: Path, postman: Postman) -> Scene:
    """Carl has joined Acme, whose portal has a plugin's areas."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "filing.py").write_text(PLUGIN)
    app = make_app(limits="off")
    with app.app_context():
        for slug, name in (("acme", "Ada Byron"), ("birch", "Bea Bell")):
            mail = f"{name[:3].lower()}@{slug}.example"
            open_account(slug.capitalize(), slug=slug, owner_email=mail, owner_name=name)
        add_staff("sol@acme.example", "acme", Role.SUPPORT, "Sol Sand")
    world = World(app, postman, Worker(app))
    ada = Staff(world, "ada@acme.example", "acme").signs_in()
    carl = Client(world, "carl@carter.example", "acme", name="Carl Carter")
    ada.adds(carl.name, carl.email)
    ada.invites(carl.email)
    carl.signs_in().sees("Good")
    return Scene(ada, carl, app)


def test_staff_see_what_the_client_sees_and_the_client_is_told(scene: Scene) -> None:
    ada, carl = scene.ada, scene.carl
    form = ada.page_of(carl.email).follows("View as client")
    form.presses("View as client", reason="  ").is_status(422).sees("the client reads it")
    page = scene.looks()
    page.is_at("/p/acme/").sees("You see the portal as Carl Carter", "Read only, until", "Files")
    page.does_not_see("Sign out", "Ada")
    assert re.search(r"until \d\d:\d\d", page.words)
    page.follows("Files").sees("Seen by staff", "You see the portal as Carl Carter")
    ada.opens("/p/acme/s/broken").is_status(503).sees("You see the portal as Carl Carter")
    ada.opens("/p/acme/s/nothing").is_status(404).sees("You see the portal as Carl Carter")
    ada.opens("/p/acme/code").is_at("/p/acme/").sees("Files")
    access = ada.opens("/p/acme/access").sees("Safari on iPhone", REASON)
    access.does_not_see("Sign out")
    assert not [one for one in access.soup.select("form") if "/client-views/end" not in str(one)]
    mine = carl.opens("/p/acme/access").does_not_see("You see the portal as")
    mine.sees("Ada Byron of Acme looked at your portal on", REASON)
    ada.page_of(carl.email).sees("Ada Byron looked at the portal as Carl Carter sees it", REASON)
    ada.page_of(carl.email).does_not_see("You see the portal as")
    ada.opens("/p/acme/").presses("End").sees("You no longer see", "Carl Carter")
    ada.opens("/p/acme/").sees("Email me a sign-in link")


def test_nothing_can_be_written_while_somebody_looks(scene: Scene) -> None:
    """Each route outside the desk, with each unsafe method: those of plugins are among them."""
    scene.ada.browser.opens("/p/acme/").presses("Email me a sign-in link", email=scene.carl.email)
    link, token = scene.carl.letter().link, scene.looks().field("csrf_token")
    with scene.app.app_context():
        session_id = ClientSession.of_contact(scene.ada.id_of(scene.carl.email), {})[0].id
    scene.ada.browser.opens("/p/acme/")
    before = scene.rows()
    values = {"slug": "acme", "session_id": session_id, "name": "files", "token": link[-24:],
              "handle": "0123456789ab", "n": 1}  # fmt: skip
    tried = []
    for rule in scene.app.url_map.iter_rules():
        if rule.rule.startswith("/admin") or rule.endpoint.startswith(("mailbox.", "receipts.")):
            continue
        bound = scene.app.url_map.bind("127.0.0.1:8000")
        named = {name: values.get(name, "x") for name in rule.arguments}
        for method in sorted((rule.methods or set()) & set(UNSAFE)):
            for slug in ("acme", "birch") if "slug" in named else ("",):
                url = bound.build(rule.endpoint, {**named, **({"slug": slug} if slug else {})})
                for form in ({"csrf_token": token, "email": "x@y.example"}, {}):
                    status = scene.ada.browser.asks(method, url, data=form).status_code
                    assert status == 403, f"{method} {url} answered {status}"
                tried.append(f"{method} {rule.endpoint}")
    assert {"POST portal.sign_out", "POST links.page", "POST links.renew"} <= set(tried)
    assert sum("filing" in one for one in tried) == len(UNSAFE)
    scene.ada.opens("/x/filing/look").is_status(200)
    scene.ada.opens(link).is_status(403).sees("can be opened while you see the portal as Carl")
    assert scene.rows() == before
    scene.carl.opens(link).is_at("/p/acme/")  # signed in already; unspent
    scene.carl.another_browser().opens(link).presses("Sign in").sees("Good")


def test_a_view_ends_by_itself_and_with_whatever_it_rests_on(scene: Scene) -> None:
    ada, carl, birch = scene.ada, scene.carl, "/p/birch/"
    scene.looks().sees("Read only")
    ada.opens(birch).sees("Email me a sign-in link").does_not_see("Carl Carter sees")
    copied = Browser(scene.app)
    cookie = ada.browser.http.get_cookie("portal_client_view", domain="127.0.0.1")
    assert cookie is not None
    copied.http.set_cookie("portal_client_view", cookie.value, domain="127.0.0.1")
    copied.opens("/p/acme/").sees("Your view has ended").does_not_see("Files")
    sol = Staff(ada.world, "sol@acme.example", "acme").signs_in()
    sol.browser.http.set_cookie("portal_client_view", cookie.value, domain="127.0.0.1")
    sol.opens("/p/acme/").sees("Your view has ended").does_not_see("Files")
    with time_machine.travel(now() + timedelta(minutes=15, seconds=1)):
        ada.opens("/p/acme/").sees("Your view has ended")
        ada.opens("/p/acme/").sees("Email me a sign-in link")
    scene.looks().sees("Read only")
    ada.page_of(carl.email).presses("Suspend").does_not_see("View as client")
    ada.opens("/p/acme/").sees("Your view has ended").does_not_see("Files")
    ada.page_of(carl.email).presses("Restore")
    scene.looks().sees("Read only")
    ada.at().presses("Sign out")
    ada.opens("/p/acme/").sees("Your view has ended").does_not_see("Files")
    with scene.app.app_context():
        assert db.session.query(ClientView).count() == 0
        token = make_staff_link(ada.email)
    ada.opens(f"/admin/in/{token}").presses("Sign in")
    ada.opens("/p/acme/").sees("Email me a sign-in link")


def test_a_view_is_no_visit_of_the_client(scene: Scene) -> None:
    def client_rows() -> list[str]:
        return [*scene.rows()["client_session"], *scene.rows()["portal_access"]]

    with time_machine.travel(now() + timedelta(hours=3)):
        with scene.app.app_context():
            token = make_staff_link(scene.ada.email)
        scene.ada.opens(f"/admin/in/{token}").presses("Sign in")
        before = client_rows()
        scene.looks().sees("Files")
        scene.ada.opens("/p/acme/access")
        assert client_rows() == before
        names = {cookie.key for cookie in scene.ada.browser.http._cookies.values()}
        assert "portal_acme" not in names
