"""The Brand page: what owners and admins choose, and what their clients then see."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

from portal.flows.staff_access import add_staff
from portal.models.staff_role import Role
from tests.brand.paint import SECRET, painted
from tests.cast import Client, Page, Staff

TYPED = {
    "name": "Acme & Sons",
    "accent": "8A2BE2",
    "support": "help@acme.example",
    "footer": "Acme <b>Ltd</b>, 1 High Street",
}


def upload(staff: Staff, what: str, data: bytes) -> Page:
    page = staff.at("brand/")
    form: dict[str, Any] = {"csrf_token": page.field("csrf_token"), "what": what}
    form["picture"] = (BytesIO(data), "picture.png")
    return staff.browser.posts(f"/admin/{staff.slug}/brand/picture", form)


def source(page: Page, selector: str) -> str:
    return str(page.soup.select_one(selector)[{"img.logo": "src"}.get(selector, "href")])  # type: ignore[index]


def test_what_is_saved_stands_on_pages_and_in_messages(ada: Staff, carl: Client) -> None:
    ada.at("brand/").presses("Save", **TYPED).sees("Saved.", "#8a2be2")
    door = carl.home().sees("Acme & Sons", "Questions? help@acme.example", "Acme <b>Ltd</b>")
    assert source(door, ".brand-foot a") == "mailto:help@acme.example"
    ada.invites(carl.email)
    letter = carl.letter()
    for words in (letter.text, letter.html):
        assert "help@acme.example" in words
    assert "Acme <b>Ltd</b>, 1 High Street" in letter.text
    assert "Acme &lt;b&gt;Ltd&lt;/b&gt;" in letter.html
    assert "#8a2be2" in letter.html
    carl.signs_in().sees("You are in", "Questions? help@acme.example")
    ada.at("history/").sees("Ada Byron changed the account", "Accent colour: #1f6f5c → #8a2be2")
    ada.at("brand/").presses("Save").sees("Nothing was changed")


def test_a_colour_that_cannot_be_read_is_answered_with_the_nearest_that_can(ada: Staff) -> None:
    refused = ada.at("brand/").presses("Save", accent="#ffcc00").is_status(422)
    refused.sees("#ffcc00 cannot be read on a white page", "1.5 to 1")
    nearest = refused.field("nearest")
    assert re.fullmatch("#[0-9a-f]{6}", nearest)
    ada.at("brand/").does_not_see("#ffcc00")
    refused.presses(f"Use {nearest}").sees("Saved.", nearest)
    ada.at("brand/").presses("Save", accent="teal").is_status(422).sees("six digits")
    ada.at("brand/").presses("Save", accent="#05a").sees("Saved.", "#0055aa")


def test_plain_words_and_odd_addresses_of_support_are_no_links(ada: Staff, carl: Client) -> None:
    for support, link in {
        "Ask Ada at the counter": None,
        "javascript:alert(1)": None,
        "https://acme.example/help": "https://acme.example/help",
        "+44 20 7946 0000": "tel:+442079460000",
    }.items():
        ada.at("brand/").presses("Save", support=support).sees("Saved.")
        found = carl.home().sees(support).soup.select_one(".brand-foot a")
        assert (found["href"] if found else None) == link


def test_logo_and_favicon_are_served_as_we_drew_them(ada: Staff, carl: Client) -> None:
    upload(ada, "logo", painted("JPEG")).sees("Saved.")
    upload(ada, "icon", painted("GIF")).sees("Saved.")
    door = carl.home()
    logo, icon = source(door, "img.logo"), source(door, 'link[rel="icon"]')
    for address in (logo, icon):
        answer = carl.browser.http.get(address, base_url=carl.browser.base)
        assert answer.status_code == 200
        assert answer.data.startswith(b"\x89PNG")
        assert SECRET not in answer.data
        assert answer.mimetype == "image/png"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "immutable" in answer.headers["Cache-Control"]
    assert door.soup.select_one("img.logo")["alt"] == "Acme"  # type: ignore[index]
    assert carl.opens(logo.replace("acme", "birch")).status == 404
    upload(ada, "logo", painted("PNG", (60, 20))).sees("Saved.")
    assert source(carl.home(), "img.logo") != logo
    assert carl.opens(logo).status == 404
    ada.at("brand/").presses("Remove").sees("Removed.")
    assert carl.home().soup.select_one("img.logo") is None


def test_an_svg_is_refused_in_words_beside_its_field(ada: Staff) -> None:
    page = upload(ada, "logo", b"<svg><script>alert(1)</script></svg>").is_status(422)
    page.sees("An SVG can carry scripts, so it is not taken")
    assert "error" in str(page.soup.select_one("#logo .error"))
    assert ada.browser.posts("/admin/acme/brand/picture", {
        "csrf_token": page.field("csrf_token"), "what": "../logo"}).status == 400  # fmt: skip


def test_support_may_not_and_admins_may(ada: Staff, sol: Staff) -> None:
    assert sol.at("brand/").status == 404
    sol.at().does_not_see("Brand")
    with ada.world.app.app_context():
        add_staff("amir@acme.example", "acme", Role.ADMIN, "Amir")
    amir = Staff(ada.world, "amir@acme.example", "acme").signs_in()
    amir.at("brand/").presses("Save", name="Acme 2").sees("Saved.")
