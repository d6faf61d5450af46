"""The staff's pages with scripts: they renew themselves, complete names, copy and stay in place."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import zxingcpp
from playwright.sync_api import Page, expect

from tests.browser.house import Desk, House
from tests.browser.states import as_dialog

PIXELS = """async (picture) => {
  const blob = await (await fetch(`data:image/png;base64,${picture}`)).blob();
  const bitmap = await createImageBitmap(blob);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const pen = canvas.getContext("2d");
  pen.drawImage(bitmap, 0, 0);
  const {data} = pen.getImageData(0, 0, bitmap.width, bitmap.height);
  const grey = [];
  for (let i = 0; i < data.length; i += 4) grey.push((data[i] + data[i + 1] + data[i + 2]) / 3 | 0);
  return {grey, shape: [bitmap.height, bitmap.width]};
}"""


def test_activity_goes_from_queued_to_sent_by_itself(house: House, ada: Desk) -> None:
    with workers_resting(house):
        page = ada.invites("quinn@queue.example", "Quinn Queue")
        row = page.get_by_role("listitem").filter(has_text="invited Quinn Queue")
        expect(row.get_by_text("Queued")).to_be_visible()
        page.evaluate("window.isTheSamePage = true")
    expect(row.get_by_text("Sent", exact=True)).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Sent")).to_contain_text("Quinn Queue")
    assert page.evaluate("window.isTheSamePage")


def test_a_message_that_cannot_go_says_why(house: House, ada: Desk) -> None:
    page = ada.invites("gone@company.invalid", "Gus Gone")
    row = page.get_by_role("listitem").filter(has_text="invited Gus Gone")
    expect(row.get_by_text("Failed")).to_be_visible()
    expect(row.get_by_text("domain does not exist")).to_be_visible()


@pytest.mark.parametrize("has_api", [True, False], ids=["https", "plain http"])
def test_copy_puts_the_link_on_the_clipboard(house: House, has_api: bool) -> None:
    desk = house.staff()
    if not has_api:  # as browsers do on plain http, except on this machine
        desk.visitor.context.add_init_script("delete Navigator.prototype.clipboard")
    desk.adds("Cleo Copy", f"cleo{has_api:d}@copy.example")
    link = desk.magic_link(f"cleo{has_api:d}@copy.example")
    assert desk.page.evaluate("'clipboard' in navigator") is has_api
    desk.page.get_by_role("button", name="Copy", exact=True).click()
    expect(desk.page.get_by_role("button", name="Copied")).to_be_focused()
    field = desk.at("contacts/").get_by_label("Name, address, phone or your reference")
    field.press("Control+V")
    expect(field).to_have_value(link)
    desk.at().get_by_role("button", name="Copy").click()
    expect(desk.page.get_by_role("button", name="Copied")).to_be_focused()
    field = desk.at("contacts/").get_by_label("Name, address, phone or your reference")
    field.press("Control+V")
    expect(field).to_have_value(f"{house.url}/p/acme")


def test_copy_message_puts_the_whole_text_on_the_clipboard(house: House, ada: Desk) -> None:
    ada.adds("Cora Chat", "cora@chat.example")
    link = ada.magic_link("cora@chat.example")
    ada.page.get_by_role("button", name="Copy message").click()
    expect(ada.page.get_by_role("button", name="Copied")).to_be_focused()
    note = ada.at("invitations/new").get_by_label("Personal note")
    note.press("Control+V")
    lines = note.input_value().splitlines()
    assert "Hello Cora Chat," in lines
    assert lines.count(link) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_reads_the_same_link_from_the_qr_code(house: House, scheme: str) -> None:
    desk = house.staff(color_scheme=scheme)
    desk.adds("Kira Camera", f"kira-{scheme}@camera.example")
    link = desk.magic_link(f"kira-{scheme}@camera.example")
    code = desk.page.get_by_role("img", name="The same link as a QR code")
    assert reads(code.screenshot(), house.visitor().page) == [link]


def test_a_magic_link_is_shown_once(house: House, ada: Desk) -> None:
    ada.adds("Ona Once", "ona@once.example")
    link = ada.magic_link("ona@once.example")
    page = ada.page
    page.reload()
    expect(page.get_by_role("heading", name="This link was already shown")).to_be_visible()
    assert link.rsplit("/", 1)[1] not in page.content()
    new = ada.regenerates()
    assert new != link
    page = house.visitor().opens(link)
    expect(page.get_by_role("heading", name="There is a newer link")).to_be_visible()


def test_regenerate_stays_in_the_dialog(house: House, ada: Desk) -> None:
    ada.adds("Rae Again", "rae@again.example")
    sheet = as_dialog(ada, "Generate Magic Link", "")
    sheet.get_by_label("Contact or e-mail address").fill("rae@again.example")
    sheet.get_by_role("button", name="Generate Magic Link").click()
    field = sheet.get_by_label("Link", exact=True)
    first = field.input_value()
    sheet.get_by_role("button", name="Regenerate").click()
    expect(field).not_to_have_value(first)
    expect(field).to_have_value(re.compile("/l/"))
    sheet.get_by_role("button", name="Close").click()
    expect(ada.page.locator("#magic-link")).to_have_count(0)
    assert "/l/" not in ada.page.content()


def test_type_ahead_completes_names_with_the_mouse(ada: Desk) -> None:
    sheet = as_dialog(ada, "Invite to Client Portal", "")
    who = sheet.get_by_label("Contact or e-mail address")
    who.press_sequentially("oster")
    sheet.get_by_role("option", name="Maren Østergård").click()
    expect(who).to_have_value("maren@ostergard-arkitekter.example")
    expect(sheet.get_by_role("listbox")).to_be_hidden()
    assert sheet.locator("[name=contact_id]").input_value()
    who.press_sequentially("x")
    assert not sheet.locator("[name=contact_id]").input_value()


def test_an_open_list_does_not_take_the_button_from_under_the_mouse(ada: Desk) -> None:
    sheet = as_dialog(ada, "Invite to Client Portal", "")
    sheet.get_by_label("Contact or e-mail address").press_sequentially("ma")
    expect(sheet.get_by_role("option").nth(3)).to_be_visible()
    sheet.get_by_role("button", name="Send Invite").click()
    expect(sheet.get_by_text("Who do you mean?")).to_be_visible()
    sheet.get_by_label("Contact or e-mail address").press("ArrowDown")
    expect(sheet.get_by_role("option").first).to_be_visible()
    sheet.get_by_label("Name").click()
    expect(sheet.get_by_role("option").first).to_be_hidden()


def test_type_ahead_completes_addresses_with_the_keyboard(ada: Desk) -> None:
    sheet = as_dialog(ada, "Send Login Email", "")
    find = sheet.get_by_label("Find contacts")
    for typed in ("leeandsons", "boulangerie", "leeandsons"):
        find.press_sequentially(typed)
        expect(sheet.get_by_role("option").first).to_be_visible()
        find.press("ArrowDown")
        find.press("Enter")
        expect(find).to_have_value("")
    chips = sheet.get_by_role("button", name=re.compile("^Remove "))
    assert chips.evaluate_all("all => all.map(one => one.ariaLabel)") == [
        "Remove Sam Lee",
        "Remove Inès Dubois",
    ]


@pytest.mark.parametrize(
    ("action", "button", "label"),
    [
        ("Invite to Client Portal", "Send Invite", "Contact or e-mail address"),
        ("Send Login Email", "Send", "Find contacts"),
        ("Generate Magic Link", "Generate Magic Link", "Contact or e-mail address"),
    ],
)
def test_an_error_stays_in_the_dialog_with_its_field_focused(
    ada: Desk, action: str, button: str, label: str
) -> None:
    sheet = as_dialog(ada, action, "")
    sheet.get_by_role("button", name=button, exact=True).click()
    field = sheet.get_by_label(label)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(re.compile("(Type|Choose) .*"))
    assert ada.page.url.endswith("/admin/acme/")
    ada.page.keyboard.press("Escape")
    expect(ada.page.get_by_role("dialog")).to_be_hidden()


def test_picking_someone_puts_an_error_right(ada: Desk) -> None:
    sheet = as_dialog(ada, "Send Login Email", "")
    sheet.get_by_role("button", name="Send", exact=True).click()
    expect(sheet.get_by_text("Choose at least one contact.")).to_be_visible()
    field = sheet.get_by_label("Find contacts")
    field.press_sequentially("hana")
    sheet.get_by_role("option", name="Hana Suzuki").click()
    expect(sheet.get_by_text("Choose at least one contact.")).to_be_hidden()
    expect(field).not_to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description("By name or e-mail address. Choose one or many.")


def test_a_dialog_that_cannot_be_sent_says_so_and_keeps_what_was_typed(ada: Desk) -> None:
    sheet = as_dialog(ada, "Invite to Client Portal", "")
    sheet.get_by_label("Contact or e-mail address").fill("olaf@offline.example")
    ada.visitor.context.set_offline(True)
    sheet.get_by_role("button", name="Send Invite").click()
    expect(sheet.get_by_text("That did not work. Nothing was changed.")).to_be_visible()
    ada.visitor.context.set_offline(False)
    sheet.get_by_role("button", name="Send Invite").click()
    expect(ada.page.get_by_text("Invitation to olaf@offline.example")).to_be_visible()
    # The browser's remarks about the broken line; the last of them can be late.
    ada.visitor.complaints.clear()


def test_a_link_can_still_be_opened_in_a_tab_of_its_own(ada: Desk) -> None:
    page = ada.at()
    page.get_by_text("Actions", exact=True).click()
    with ada.visitor.context.expect_page() as opened:
        page.get_by_role("link", name="Send Login Email").click(modifiers=["ControlOrMeta"])
    expect(opened.value.get_by_role("heading", name="Send Login Email")).to_be_visible()
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_session_that_ended_leads_from_the_dialog_to_the_door(house: House) -> None:
    desk = house.staff()
    sheet = as_dialog(desk, "Invite to Client Portal", "")
    sheet.get_by_label("Contact or e-mail address").fill("eve@ended.example")
    desk.visitor.context.clear_cookies(name="portal_staff")
    sheet.get_by_role("button", name="Send Invite").click()
    expect(desk.page.get_by_role("heading", name="Staff sign-in")).to_be_visible()


def reads(picture: bytes, page: Page) -> list[str]:
    """Return the texts of the QR codes in a PNG, which a bare page takes apart for us."""
    found = page.evaluate(PIXELS, base64.b64encode(picture).decode())
    pixels = memoryview(bytes(found["grey"])).cast("B", found["shape"])
    return [one.text for one in zxingcpp.read_barcodes(pixels)]


@contextmanager
def workers_resting(house: House) -> Iterator[None]:
    """Messages stay queued for the length of a `with` block."""
    workers = house.portico.children("worker")
    for worker in workers:
        worker.suspend()
    try:
        yield
    finally:
        for worker in workers:
            worker.resume()
