"""The pages of messages with scripts: they renew themselves, count down, and work by keyboard."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.house import BEA, Desk, House
from tests.browser.test_desk import workers_resting
from tests.browser.test_keyboard import shows_focus, tabs_to


def test_a_message_goes_from_queued_to_sent_by_itself(house: House, ada: Desk) -> None:
    with workers_resting(house):
        ada.invites("dana@deliveries.example", "Dana Dove")
        page = ada.at("deliveries/")
        row = page.get_by_role("listitem").filter(has_text="Dana Dove")
        expect(row.get_by_text("Queued")).to_be_visible()
        page.evaluate("window.isTheSamePage = true")
    expect(row.get_by_text("Sent", exact=True)).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Sent")).to_contain_text("Dana Dove")
    assert page.evaluate("window.isTheSamePage")


def test_undo_is_reached_by_keyboard_and_goes_when_its_time_is_over(house: House) -> None:
    desk = house.staff(BEA, "birch")
    lets_undo(desk, 300)
    page = desk.invites("uma@undo.example", "Uma Undo")
    expect(page.get_by_text("It goes out in 29")).to_be_visible()
    tabs_to(page, "button", "Undo")
    assert shows_focus(page)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Taken back: nothing was sent.")).to_be_visible()
    lets_undo(desk, 2)
    page = desk.invites("uri@undo.example", "Uri Undo")
    expect(page.get_by_text("It is on its way now.")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    house.letter_to("uri@undo.example")


def test_the_form_of_a_channel_shows_what_belongs_to_the_choice_made(ada: Desk) -> None:
    page = ada.at("channels/sms")
    expect(page.get_by_role("group", name="Twilio")).to_be_visible()
    expect(page.get_by_role("group", name="Gateway")).to_be_hidden()
    expect(page.get_by_role("group", name="Callbacks")).to_be_hidden()
    page.get_by_label("Provider").select_option("gateway")
    expect(page.get_by_role("group", name="Twilio")).to_be_hidden()
    expect(page.get_by_role("group", name="Gateway")).to_be_visible()
    expect(page.get_by_role("group", name="Callbacks")).to_be_visible()


def lets_undo(desk: Desk, seconds: int) -> None:
    page = desk.at("settings/")
    page.get_by_label("Time to take back one message", exact=True).fill(str(seconds))
    page.get_by_label("Unit of “Time to take back one message”").select_option(label="seconds")
    page.get_by_role("region", name="Undo").get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
