"""The help article's steps by keyboard alone. Where the focus is can be seen at every step."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.house import House, eventually

MOST_STEPS = 40
IS_FOCUSED = "element => element === element.ownerDocument.activeElement"
SHOWS_FOCUS = """() => {
  const at = document.activeElement;
  if (at === document.body || at.tagName === "IFRAME") return true;
  const style = getComputedStyle(at);
  const box = at.getBoundingClientRect();
  const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const seen = box.width > 0 && box.bottom > 0 && box.top < innerHeight;
  return (outlined && seen) || `${at.outerHTML.slice(0, 150)} ${style.outline} ${box.top}`;
}"""


def test_all_three_actions_work_by_keyboard(new_house: House) -> None:
    ada = new_house.visitor()
    page = ada.opens(new_house.portico.line("Owner sign-in"))
    tabs_to(page, "button", "Sign in")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Client Portal", exact=True)).to_be_visible()

    takes(page, "Invite to Client Portal", 1)
    expect(page.get_by_label("Contact or e-mail address")).to_be_focused()
    picks(page, "carl", "Carl Carter")
    expect(page.get_by_label("Contact or e-mail address")).to_have_value(re.compile("^carl"))
    tabs_to(page, "button", "Send Invite")
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("Invitation to .* is on its way"))).to_be_visible()
    comes_in_by_letter(new_house, "carl.carter@carter-joinery.example", "Open the client portal")

    takes(page, "Send Login Email", 2)
    expect(page.get_by_label("Find contacts")).to_be_focused()
    picks(page, "priya", "Priya Raman")
    picks(page, "hana", "Hana Suzuki")
    tabs_to(page, "button", "Remove Hana Suzuki")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove Priya Raman")).to_be_focused()
    tabs_to(page, "button", "Send")
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("Login e-mail to priya.* is on its way"))).to_be_visible()
    comes_in_by_letter(new_house, "priya@ramanstudio.example", "Sign in")

    takes(page, "Generate Magic Link", 3)
    picks(page, "inès", "Inès Dubois")
    tabs_to(page, "button", "Generate Magic Link")
    page.keyboard.press("Enter")
    expect(
        page.get_by_role("dialog").get_by_role("button", name="Copy", exact=True)
    ).to_be_focused()
    link = page.get_by_label("Link", exact=True).input_value()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_text("Actions", exact=True)).to_be_focused()
    assert shows_focus(page)
    ines = new_house.visitor().opens(link)
    tabs_to(ines, "button", "Sign in")
    ines.keyboard.press("Enter")
    expect(ines.get_by_role("heading", name=re.compile("Good .*, Inès"))).to_be_visible()


def test_esc_closes_a_list_then_the_dialog_and_gives_the_focus_back(house: House) -> None:
    page = house.staff().at()
    takes(page, "Invite to Client Portal", 1)
    page.keyboard.type("mar")
    expect(page.get_by_role("listbox", name="Contacts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox", name="Contacts")).to_be_hidden()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_text("Actions", exact=True)).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("link", name="Generate Magic Link")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="Invite to Client Portal")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Invite to Client Portal")).to_be_hidden()
    expect(page.get_by_text("Actions", exact=True)).to_be_focused()


def test_the_focus_stays_inside_an_open_dialog(house: House) -> None:
    page = house.staff().at()
    takes(page, "Generate Magic Link", 3)
    for _step in range(12):
        page.keyboard.press("Tab")
        where = page.evaluate(
            "document.activeElement === document.body"
            " || document.getElementById('dialog').contains(document.activeElement)"
        )
        assert where, page.evaluate("document.activeElement.outerHTML")


def test_the_first_tab_leads_past_the_menu(house: House) -> None:
    page = house.staff().at("contacts/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    assert shows_focus(page)
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Support code")).to_be_focused()


def takes(page: Page, action: str, steps_down: int) -> None:
    """Open the menu from wherever the focus is, and walk down to *action*."""
    page.wait_for_load_state()  # the arrow keys work once the page's scripts have run
    tabs_to_summary(page, "Actions")
    page.keyboard.press("Enter")
    for _step in range(steps_down):
        page.keyboard.press("ArrowDown")
        assert shows_focus(page)
    expect(page.get_by_role("link", name=action)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name=action)).to_be_visible()


def picks(page: Page, typed: str, name: str) -> None:
    """Type into the type-ahead, which has the focus, and take the first contact."""
    if page.evaluate("document.activeElement.getAttribute('role')") != "combobox":
        tabs_to(page, "combobox", "", back=True)
    page.keyboard.type(typed)
    expect(page.get_by_role("option", name=name)).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option", name=name)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.get_by_role("option", name=name)).to_be_hidden()


def comes_in_by_letter(house: House, address: str, button: str) -> None:
    """Open the newest letter in the mailbox and press its button, all with Tab and Enter."""
    page = house.visitor().page

    def arrives() -> bool:
        page.goto("/mailbox/")
        return page.get_by_role("link", name=address).count() > 0

    eventually(arrives, f"a letter to {address}")
    tabs_to(page, "link", address)
    page.keyboard.press("Enter")
    letter = page.get_by_title("The message as HTML").content_frame
    wanted = letter.get_by_role("link", name=button, exact=True)
    wanted.wait_for()
    for _step in range(MOST_STEPS):
        page.keyboard.press("Tab")
        assert shows_focus(page)
        if wanted.and_(letter.locator(":focus")).count():  # no script may run in there
            break
    else:
        raise AssertionError(f"Tab does not reach {button!r} in the letter")
    page.keyboard.press("Enter")
    page.wait_for_url("**/l/open/*")
    tabs_to(page, "button", "Sign in")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="You are in")).to_be_visible()


def tabs_to(page: Page, role: str, name: str, *, back: bool = False) -> None:
    """Press Tab until the focus is there, and see it at every step."""
    page.wait_for_load_state()
    exact = role != "link"
    wanted = page.get_by_role(role, name=name, exact=exact) if name else page.get_by_role(role)  # type: ignore[arg-type]
    wanted.first.wait_for()
    for _step in range(MOST_STEPS):
        page.keyboard.press("Shift+Tab" if back else "Tab")
        assert shows_focus(page)
        if wanted.first.evaluate(IS_FOCUSED):
            return
    raise AssertionError(f"Tab does not reach {role} {name!r}")


def tabs_to_summary(page: Page, words: str) -> None:
    wanted = page.get_by_text(words, exact=True)
    for _step in range(MOST_STEPS):
        if wanted.evaluate(IS_FOCUSED):
            return
        page.keyboard.press("Tab")
        assert shows_focus(page)
    raise AssertionError(f"Tab does not reach {words!r}")


def shows_focus(page: Page) -> bool:
    answer = page.evaluate(SHOWS_FOCUS)
    assert answer is True, answer
    return True
