"""Pages that plugins bring, and sections that fail: the portal around them stays whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from portal.plugins import Fault, guard
from tests.cast import Client, Staff, Stranger, Worker, World
from tests.plugins.plugs import Folder
from tests.postman import Postman

PAGES = """
from flask import Blueprint, g, render_template_string, request, url_for

@hookimpl
def portal_blueprint(place):
    bp = Blueprint("anything", __name__)

    @bp.get("/")
    def index():
        if place == "desk":
            return f"{g.account.name} for {g.staff.email} at {url_for('.index')}"
        return f"for all at {url_for('.index')}"

    @bp.route("/press", methods=["GET", "POST"])
    def press():
        form = '<form method="post"><button>Press</button>' \\
               '<input type="hidden" name="csrf_token" value="{{ csrf_token() }}"></form>'
        return "pressed" if request.method == "POST" else render_template_string(form)

    @bp.get("/broken")
    def broken():
        raise RuntimeError("the shelf fell down, see https://a.example/l/Zq8-abcdefghijkl_mnopq42")

    return bp
"""
BAD_PAGES = {
    "raises": "raise RuntimeError('no page')",
    "wrong type": "return 'a page'",
}
BAD_MOUNTS = {
    "twice": "bp.add_url_rule('/', 'a', lambda: ''); bp.add_url_rule('/b', 'a', lambda: 'b')",
    "every page": "bp.before_app_request(lambda: 'mine')",
    "every error": "bp.app_errorhandler(404)(lambda error: 'mine')",
}
SECTIONS = """
from portal.channel import Section

def hangs(asked):
    import time
    time.sleep(60)

def broken(asked):
    raise RuntimeError(f"no papers for {asked.contact_email}")

@hookimpl
def portal_sections(account_slug):
    return [
        Section("hangs", "Hangs", render=hangs),
        Section("broken", "Broken", render=broken),
        Section("number", "Number", render=lambda asked: 5),
        Section("papers", "Papers", render=lambda asked: "<p>None yet.</p>"),
        Section("plain", "Plain", "Nothing but this line"),
    ]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture
def open_house(
    world: World, make_app: Callable[..., Flask], postman: Postman
) -> Callable[[], tuple[World, list[Fault]]]:
    """Start an app with what lies in the folder by now, and hear its plugins' failures."""

    def start() -> tuple[World, list[Fault]]:
        app, faults = make_app(), list[Fault]()
        app.extensions["portal_plugins"].on_fault = faults.append
        return World(app, postman, Worker(app)), faults

    return start


def test_a_plugin_has_pages_for_staff_behind_the_desks_guard(
    folder: Folder, open_house: Callable[[], tuple[World, list[Fault]]]
) -> None:
    folder.put("shelf", PAGES)
    world, _faults = open_house()
    ada = Staff(world, "ada@acme.example", "acme").signs_in()
    ada.at("x/shelf/").sees("Acme for ada@acme.example at /admin/acme/x/shelf/")
    Staff(world, "bea@birch.example", "birch").signs_in().opens("/admin/acme/x/shelf/").is_status(
        404
    )
    Stranger(world).opens("/admin/acme/x/shelf/").is_at("/admin/").sees("Staff sign-in")
    ada.at("x/shelf/press").presses("Press").sees("pressed")


def test_a_plugin_has_pages_for_everybody_with_the_portals_headers_and_checks(
    folder: Folder, open_house: Callable[[], tuple[World, list[Fault]]]
) -> None:
    folder.put("shelf", PAGES)
    world, _faults = open_house()
    mallory = Stranger(world)
    page = mallory.opens("/x/shelf/").sees("for all at /x/shelf/")
    assert "default-src 'none'" in page.response.headers["Content-Security-Policy"]
    mallory.browser.posts("/x/shelf/press", {}).is_status(400)
    mallory.opens("/x/shelf/press").presses("Press").sees("pressed")
    form = mallory.opens("/x/shelf/press")
    statuses = [form.presses("Press").status for _press in range(61)]
    assert statuses[-1] == 429
    form.browser.opens("/x/shelf/press").is_status(200)


def test_a_page_that_fails_is_reported_without_links(
    folder: Folder, open_house: Callable[[], tuple[World, list[Fault]]]
) -> None:
    folder.put("shelf", PAGES)
    world, faults = open_house()
    Stranger(world).opens("/x/shelf/broken").is_status(500).sees("Something went wrong on our side")
    Stranger(world).opens("/x/shelf/nothing-here").is_status(404)
    (fault,) = faults
    assert (fault.plugin, fault.hook) == ("shelf", "portal_blueprint")
    assert fault.words == "RuntimeError: the shelf fell down, see …"


@pytest.mark.parametrize("how", [*BAD_PAGES, *BAD_MOUNTS])
def test_pages_that_cannot_be_mounted_leave_the_others_alone(
    folder: Folder, open_house: Callable[[], tuple[World, list[Fault]]], how: str
) -> None:
    hook = "from flask import Blueprint\n@hookimpl\ndef portal_blueprint(place):\n    "
    body = BAD_PAGES.get(how) or f"bp = Blueprint('x', 'x'); {BAD_MOUNTS[how]}; return bp"
    folder.put("z_bad", hook + body)
    folder.put("shelf", PAGES)
    world, _faults = open_house()
    Stranger(world).opens("/x/shelf/").sees("for all")
    Stranger(world).opens("/x/z_bad/").is_status(404).does_not_see("mine")
    described = world.app.extensions["portal_plugins"].described()
    states = {one.name: one.state for one in described}
    assert states["z_bad"] == ("loaded" if how in BAD_PAGES else "kept out")


def test_a_section_that_fails_says_so_and_the_rest_of_the_portal_works(
    folder: Folder,
    open_house: Callable[[], tuple[World, list[Fault]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(guard, "USUAL_LIMIT", 0.3)
    folder.put("rooms", SECTIONS)
    world, faults = open_house()
    ada = Staff(world, "ada@acme.example", "acme").signs_in()
    carl = Client(world, "carl@carter.example", "acme", name="Carl")
    ada.adds(carl.name, carl.email)
    carl.opens(ada.generates_link(carl.email)).presses("Sign in").sees("Papers")
    for name in ("broken", "number", "hangs"):
        page = carl.opens(f"/p/acme/s/{name}").is_status(503)
        page.sees("This area cannot be shown right now.", "Papers")
    carl.opens("/p/acme/s/papers").is_status(200).sees("None yet.")
    carl.opens("/p/acme/s/plain").is_status(200).sees("Nothing but this line")
    assert [fault.plugin for fault in faults] == ["rooms"] * 3
    assert faults[0].words == "RuntimeError: no papers for …"
    assert "within 0.3 seconds" in faults[2].words
