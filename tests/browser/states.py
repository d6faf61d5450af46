"""Every page in every state, one after the other, for those who look at them: the tests with
axe-core, and whoever takes pictures. Each function acts on and yields (name, page)."""

from __future__ import annotations

import re
from base64 import b32decode
from collections.abc import Callable, Iterator

from playwright.sync_api import Locator, Page, expect

from portal import totp
from portal.db import now
from tests.brand.paint import painted
from tests.browser.arabic_states import desk_in_arabic
from tests.browser.domain_states import domain
from tests.browser.house import ADA, BEA, Desk, House, eventually, html_of, text_of
from tests.browser.run_states import run_waiting, runs
from tests.browser.setting_states import account_settings, ends_of_access

State = tuple[str, Page]
States = Callable[[House], Iterator[State]]

WRONG_CODE = "0000 0000"
UNKNOWN_TOKEN = "AAAAAAAAAAAAAAAAAAAAAABg"  # whole, and never given out
LONG_NAME = "Bartholomew Featherstonehaugh-Cholmondeley of Wriothesley and Sons (Holdings)"


def staff_door(house: House) -> Iterator[State]:
    link = house.tells("staff", "add", BEA, "--account", "acme")
    page = house.visitor().opens("/admin/")
    yield "staff sign-in", page
    page.get_by_label("E-mail address").fill(ADA)
    page.get_by_label("Password").fill("not her password")
    presses(page, "Sign in")
    expect(page.get_by_role("alert")).to_be_visible()
    yield "staff sign-in refused", page
    page.goto(link)
    yield "staff link", page
    presses(page, "Sign in")
    expect(page.get_by_role("heading", name="Your accounts")).to_be_visible()
    yield "accounts", page
    page.goto("/admin/password")
    yield "password", page
    page.get_by_label("New password").fill("too short")
    presses(page, "Save password")
    expect(page.get_by_label("New password")).to_be_focused()
    yield "password refused", page
    page = house.visitor().opens(link)
    yield "staff link used", page
    page.goto(link[:-6])
    yield "staff link unknown", page


def second_factors(house: House) -> Iterator[State]:
    pia = "pia@acme.example"
    visitor = house.visitor()
    page = visitor.opens(house.tells("staff", "add", pia, "--account", "acme", "--role", "owner"))
    presses(page, "Sign in")
    page.goto("/admin/_sign-in/")
    visitor.has_passkeys()
    page.get_by_label("What to call it").fill(
        "A telephone with a name that goes on and on for long"
    )
    presses(page, "Add a passkey")
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    presses(page, "Make ten codes")
    codes = page.get_by_label("Ten codes").input_value().split()
    yield "recovery codes made", page
    page.goto("/admin/_sign-in/")
    page.get_by_text("Rename").click()
    yield "your sign-in, renaming", page
    presses(page, "Set up one-time codes")
    page.get_by_label("Code from the app").fill("123456")
    presses(page, "Switch on")
    expect(page.get_by_label("Code from the app")).to_be_focused()
    yield "one-time codes refused", page
    secret = b32decode(page.get_by_label("Or type this").input_value().replace(" ", ""))
    page.get_by_label("Code from the app").fill(totp.code_at(secret, totp.step_at(now())))
    presses(page, "Switch on")
    page.get_by_text("One-time codes are on").wait_for()
    page.goto("/admin/_confirm/")
    yield "is it you", page
    page.goto("/admin/acme/team/")
    presses(page, "Ask everybody for one")
    page.get_by_text("Who has none is told").wait_for()
    yield "team, a second factor asked for", page
    desk = house.staff()
    yield "second factor to be set up", desk.at()
    desk.page.goto("/admin/_sign-in/")
    yield "your sign-in, asked for a second factor", desk.page
    presses(page, "Ask for none any more")
    half = house.visitor().opens(house.tells("staff", "link", pia))
    presses(half, "Sign in")
    half.get_by_label("Code").fill("000000")
    presses(half, "Sign in")
    expect(half.get_by_label("Code")).to_be_focused()
    yield "second step refused", half
    half.get_by_label("Code").fill(codes[0])
    presses(half, "Sign in")
    half.get_by_text("9 are left").wait_for()
    house.tells("staff", "add", pia, "--account", "acme", "--role", "support")
    desk.at("team/").get_by_role("link", name=pia).click()
    yield "team member with a second factor", desk.page


def empty_account(house: House) -> Iterator[State]:
    desk = house.staff(BEA, "birch")
    yield "overview empty", desk.at()
    yield "contacts empty", desk.at("contacts/")
    yield "adoption empty", desk.at("adoption/")


def overview(house: House) -> Iterator[State]:
    desk = lived_in(house)
    page = desk.at()
    page.get_by_text("Failed").first.wait_for()
    yield "overview", page
    page.get_by_text("Actions", exact=True).click()
    yield "actions menu", page
    page.get_by_text("Ada Byron", exact=True).click()
    yield "menu of the person", page
    page.get_by_text("Show as a table").click()
    yield "sign-ins as a table", page


def invite(house: House) -> Iterator[State]:
    desk = house.staff()
    desk.adds("Joan Joined", "joan@joined.example")
    page = house.visitor().opens(desk.magic_link("joan@joined.example"))
    presses(page, "Sign in")
    page.get_by_role("heading", name="You are in").wait_for()
    page = desk.invites("blanche@blocked.example", "Blanche Blocked")
    presses(desk.page_of("blanche@blocked.example"), "Suspend")
    page.get_by_text("is shut out").wait_for()
    for opens, kind in ((as_dialog, "dialog"), (as_page, "page")):
        sheet = opens(desk, "Invite to Client Portal", "invitations/new")
        who = sheet.get_by_label("Contact or e-mail address")
        yield f"invite {kind}", page
        presses(sheet, "Send Invite")
        expect(who).to_be_focused()
        yield f"invite {kind} with an error", page
        who.press_sequentially("mar")
        expect(sheet.get_by_role("option").first).to_be_visible()
        yield f"invite {kind} with suggestions", page
        who.press("Escape")
        who.fill("ma")
        presses(sheet, "Send Invite")
        expect(sheet.get_by_role("radio").first).to_be_visible()
        yield f"invite {kind} with choices", page
        who.fill("carl@gmial.com")
        presses(sheet, "Send Invite")
        expect(sheet.get_by_text("Did you mean")).to_be_visible()
        yield f"invite {kind} with a typo", page
        sheet = opens(desk, "Invite to Client Portal", "invitations/new")
        sheet.get_by_label("Contact or e-mail address").fill("joan@joined.example")
        presses(sheet, "Send Invite")
        expect(sheet.get_by_text("already joined")).to_be_visible()
        yield f"invite {kind}, already joined", page
        sheet = opens(desk, "Invite to Client Portal", "invitations/new")
        sheet.get_by_label("Contact or e-mail address").fill("blanche@blocked.example")
        presses(sheet, "Send Invite")
        expect(sheet.get_by_text("is suspended")).to_be_visible()
        yield f"invite {kind}, suspended", page


def login_email(house: House) -> Iterator[State]:
    desk = house.staff()
    page = desk.adds("Rob Refused", "rob@refused.example")
    desk.invites("rob@refused.example")
    presses(desk.page_of("rob@refused.example"), "Suspend")
    page.get_by_text("is shut out").wait_for()
    sheet = as_dialog(desk, "Send Login Email", "")
    yield "login e-mail dialog", page
    presses(sheet, "Send")
    expect(sheet.get_by_label("Find contacts")).to_be_focused()
    yield "login e-mail dialog with an error", page
    for name in ("Rob", "Hana", "Bridget"):
        sheet.get_by_label("Find contacts").press_sequentially(name)
        sheet.get_by_role("option", name=name).click()
    yield "login e-mail dialog with three chosen", page
    presses(sheet, "Send")
    expect(sheet.get_by_text("Access is suspended")).to_be_visible()
    yield "login e-mail dialog, one suspended", page
    sheet = as_page(desk, "Send Login Email", "login-emails/new")
    yield "login e-mail page", page
    sheet.get_by_label("Find contacts").fill("nobody at all")
    presses(sheet, "Search")
    yield "login e-mail page, nobody found", page
    sheet.get_by_label("Find contacts").fill("s")
    presses(sheet, "Search")
    expect(sheet.get_by_role("checkbox").first).to_be_visible()
    yield "login e-mail page with some found", page


def magic_link(house: House) -> Iterator[State]:
    desk = house.staff()
    page = desk.adds(LONG_NAME, "bartholomew@featherstonehaugh-cholmondeley-and-sons.example")
    for opens, kind in ((as_dialog, "dialog"), (as_page, "page")):
        sheet = opens(desk, "Generate Magic Link", "magic-links/new")
        who = sheet.get_by_label("Contact or e-mail address")
        yield f"magic link {kind}", page
        who.fill("nobody@nowhere.example")
        presses(sheet, "Generate Magic Link")
        expect(who).to_be_focused()
        yield f"magic link {kind} with an error", page
        who.fill("bartholomew")
        presses(sheet, "Generate Magic Link")
        sheet.get_by_role("radio").check()
        presses(sheet, "Generate Magic Link")
        expect(sheet.get_by_text("Works once", exact=True)).to_be_visible()
        yield f"magic link {kind}, ready", page
    page.reload()
    expect(page.get_by_role("heading", name="already shown")).to_be_visible()
    yield "magic link page, already shown", page


def contacts_filtered(desk: Desk) -> Iterator[State]:
    page = desk.page_of("priya@ramanstudio.example")
    for tag in ("VIP", "Architects and designers of the north"):
        page.get_by_label("Tag to add").fill(tag)
        presses(page, "Add tag")
        page.get_by_role("link", name=tag, exact=True).wait_for()
    yield "contact with tags", page
    columns = "columns=phone,reference,tags,language,added"
    desk.at(f"contacts/?sort=added&{columns}")
    yield "contacts, filters open, with all columns", page
    page.get_by_text("Save this view").click()
    page.get_by_label("Name of the view").fill("Latest, with everything we know")
    presses(page, "Save")
    page.get_by_text("was saved").wait_for()
    yield "contacts, a saved view", page
    page.get_by_label("Rename or delete the view").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    yield "view dialog", page


def contacts_selected(desk: Desk) -> Iterator[State]:
    page = desk.at("contacts/?status=none")
    page.get_by_role("link", name="Select several").click()
    page.get_by_label("Select Hana Suzuki").check()
    yield "contacts, selecting", page
    page.get_by_label("Do").select_option("tag")
    presses(page, "Continue")
    expect(page.get_by_role("heading", name="Tag them")).to_be_visible()
    yield "selection, to be confirmed", page
    page.goto(page.url.replace("deed=tag", "deed=resend"))
    yield "selection for none of them", page


def contacts(house: House) -> Iterator[State]:
    desk = lived_in(house)
    page = desk.at("contacts/")
    yield "contacts", page
    page.get_by_label("Name, address, phone or your reference").fill("nobody at all")
    presses(page, "Search")
    expect(page.get_by_role("heading", name="No contact matches")).to_be_visible()
    yield "contacts, no match", page
    yield from contacts_filtered(desk)
    yield from contacts_selected(desk)
    desk.page_of("grace.okafor@okafor-clinic.example")
    yield "contact with a timeline", page
    desk.at("contacts/")
    page.get_by_role("link", name="Support code").click()
    expect(page.get_by_role("dialog", name="Support code")).to_be_visible()
    yield "support code dialog", page
    page.get_by_role("textbox", name="Code").fill("K7M 4QX")
    presses(page, "Open the timeline")
    expect(page.get_by_text("No page showed this code")).to_be_visible()
    yield "support code that leads nowhere", page
    page.goto(page.url.partition("?")[0].replace("contacts/", "support-code/"))
    page.get_by_role("textbox", name="Code").fill(
        support_code(house.visitor().opens("/l/cut-in-two"))
    )
    presses(page, "Open the timeline")
    expect(page.get_by_role("heading", name="Nobody we know by name")).to_be_visible()
    yield "support code of a stranger", page
    lost = desk.magic_link("grace.okafor@okafor-clinic.example")
    house.lets_expire(lost)
    code = support_code(house.visitor().opens(lost))
    desk.at("contacts/").get_by_role("searchbox").fill(code)
    presses(page, "Search")
    expect(page.get_by_text("The support code leads here")).to_be_visible()
    yield "contact with the line of a support code", page
    desk.page_of("grace.okafor@okafor-clinic.example")
    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_role("dialog", name="Edit contact")).to_be_visible()
    yield "edit dialog", page
    page.get_by_label("E-mail address").fill("not an address")
    presses(page, "Save")
    expect(page.get_by_label("E-mail address")).to_be_focused()
    yield "edit dialog with an error", page
    page.get_by_label("E-mail address").fill("grace@okafor-clinic.con")
    presses(page, "Save")
    expect(page.get_by_text("Did you mean")).to_be_visible()
    yield "edit dialog with a typo", page
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Revoke").click()
    expect(page.get_by_role("dialog", name="Revoke access?")).to_be_visible()
    yield "revoke dialog", page
    page.goto(page.url + "/edit")
    yield "edit page", page
    page.goto(page.url.replace("/edit", "/revoke"))
    yield "revoke page", page
    desk.adds("Nora New", "nora@new.example")
    yield "contact never invited", page
    desk.invites("nora@new.example")
    desk.page_of("nora@new.example").get_by_role("link", name="Edit").click()
    page.get_by_label("E-mail address").fill("nora@newer.example")
    presses(page, "Save")
    expect(page.get_by_role("button", name="Send a new invitation")).to_be_visible()
    yield "contact with a corrected address", page
    desk.at("contacts/new")
    yield "add contact page", page
    presses(page, "Add contact")
    expect(page.get_by_label("E-mail address")).to_be_focused()
    yield "add contact page with an error", page


def portal_door(house: House) -> Iterator[State]:
    house.staff().invites("dora@door.example", "Dora Door")
    page = house.visitor().opens("/p/acme/")
    yield "portal sign-in", page
    presses(page, "Email me a sign-in link")
    expect(page.get_by_label("Your e-mail address")).to_be_focused()
    yield "portal sign-in with an error", page
    page.get_by_label("Your e-mail address").fill("dora@door.example")
    presses(page, "Email me a sign-in link")
    expect(page.get_by_role("heading", name="Check your e-mail")).to_be_visible()
    yield "code page", page
    page.get_by_label("Code from the message").fill("12")
    presses(page, "Sign in")
    yield "code page, too short", page
    house.code_to("dora@door.example")
    for attempt in range(6):
        page.get_by_label("Code from the message").fill(WRONG_CODE)
        presses(page, "Sign in")
        page.wait_for_load_state()
        if attempt == 0:
            expect(page.get_by_text("That code does not match")).to_be_visible()
            yield "code page, wrong", page
        elif page.get_by_role("alert").count():
            break
    expect(page.get_by_text("Too many tries")).to_be_visible()
    yield "code page, off", page


def links(house: House) -> Iterator[State]:
    desk = house.staff()
    desk.adds("Lily Link", "lily@link.example")
    desk.adds("Otto Other", "otto@other.example")
    lily = desk.magic_link("lily@link.example")
    page = house.visitor().opens(lily)
    yield "link page", page
    presses(page, "Sign in")
    page.get_by_role("heading", name="You are in").wait_for()
    page.goto(desk.magic_link("otto@other.example"))
    expect(page.get_by_role("link", name="Stay signed in as Lily")).to_be_visible()
    yield "link page, someone else is signed in", page
    stranger = house.visitor()
    yield "dead link, used", stranger.opens(lily)
    late = desk.magic_link("otto@other.example")
    house.lets_expire(late)
    yield "dead link, expired", stranger.opens(late)
    earlier = desk.magic_link("otto@other.example")
    current = desk.regenerates()
    yield "dead link, replaced", stranger.opens(earlier)
    yield "dead link, incomplete", stranger.opens(current[:-3])
    yield "dead link, unknown", stranger.opens(f"/l/{UNKNOWN_TOKEN}")
    yield "dead link, cookies refused", house.visitor().opens("/l/open/000000000000")
    yield from not_for_me(house, desk)
    desk.page_of("otto@other.example").get_by_role("link", name="Revoke").click()
    presses(desk.page.get_by_role("dialog"), "Revoke")
    desk.page.get_by_text("has ended everywhere").wait_for()
    yield "dead link, no access", stranger.opens(current)


def not_for_me(house: House, desk: Desk) -> Iterator[State]:
    desk.invites("nora@notme.example", "Nora Notme")
    page = house.visitor().opens(house.link_to("nora@notme.example"))
    yield "link page of an invitation", page
    page.get_by_role("link", name="This is not for me").click()
    expect(page.get_by_role("heading", name="Not for you?")).to_be_visible()
    yield "not for me", page
    presses(page, "This is not for me")
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    yield "not for me, told", page


def rooms(house: House) -> Iterator[State]:
    desk = house.staff()
    desk.adds("Henry Home", "henry@home.example")
    page = house.visitor().opens(desk.magic_link("henry@home.example"))
    presses(page, "Sign in")
    page.get_by_role("heading", name="You are in").wait_for()
    yield "home", page
    page.get_by_role("link", name="Your access").click()
    expect(page.get_by_role("heading", name="Your access")).to_be_visible()
    yield "your access", page
    bea = house.staff(BEA, "birch")
    bea.adds("Wilma Wood", "wilma@wood.example")
    yield from view_as_client(desk, page)
    page = house.visitor().opens(bea.magic_link("wilma@wood.example"))
    presses(page, "Sign in")
    expect(page.get_by_role("link", name="Papers")).to_be_visible()
    yield "home with sections", page
    page.get_by_role("link", name="Papers").click()
    expect(page.get_by_text("None yet.")).to_be_visible()
    yield "section", page
    page.goto("/p/birch/s/invoices")
    expect(page.get_by_text("This area cannot be shown right now")).to_be_visible()
    yield "section that failed", page
    page.goto("/x/papers/broken")
    yield "error 500", page


def view_as_client(desk: Desk, clients: Page) -> Iterator[State]:
    page = desk.page_of("henry@home.example")
    page.get_by_role("link", name="View as client").click()
    sheet = page.get_by_role("dialog")
    expect(sheet.get_by_label("Reason")).to_be_visible()
    yield "view as client dialog", page
    sheet.get_by_label("Reason").fill("He asked on the phone where his invoices are")
    presses(sheet, "View as client")
    expect(page.get_by_text("Read only, until")).to_be_visible()
    yield "view as client", page
    page.goto("/p/acme/access")
    yield "view as client, your access", page
    page.goto("/l/AAAA")
    yield "view as client, a link", page
    page.go_back()
    presses(page, "End")
    expect(page.get_by_text("You no longer see the portal")).to_be_visible()
    clients.reload()
    yield "your access, looked at", clients
    page.get_by_role("link", name="View as client").click()
    sheet.get_by_label("Reason").fill("Once more")
    presses(sheet, "View as client")
    expect(page.get_by_text("Read only, until")).to_be_visible()
    presses(desk.page_of("henry@home.example"), "Suspend")
    page.get_by_text("is shut out").wait_for()
    page.goto("/p/acme/")
    expect(page.get_by_role("heading", name="Your view has ended")).to_be_visible()
    yield "view as client, over", page


def errors(house: House) -> Iterator[State]:
    visitor = house.visitor()
    yield "error 404", visitor.opens("/nothing/here")
    page = visitor.opens("/p/acme/")
    visitor.context.clear_cookies()
    page.get_by_label("Your e-mail address").fill("someone@example.com")
    presses(page, "Email me a sign-in link")
    expect(page.get_by_text("Error 400")).to_be_visible()
    yield "error 400", page
    for _again in range(10):
        page.goto("/p/acme/")
        page.get_by_label("Your e-mail address").fill("someone@example.com")
        presses(page, "Email me a sign-in link")
        page.wait_for_load_state()
        if page.get_by_text("Error 429").count():
            break
    expect(page.get_by_role("heading", name="Too many tries")).to_be_visible()
    yield "error 429", page


def mailbox(house: House) -> Iterator[State]:
    house.staff().invites("mia@mailbox.example", "Mia Mailbox")
    house.letter_to("mia@mailbox.example")
    page = house.visitor().opens("/mailbox/")
    yield "mailbox", page
    page.get_by_role("link", name="mia@mailbox.example").first.click()
    expect(page.get_by_title("The message as HTML")).to_be_visible()
    yield "mailbox, a message", page
    page.get_by_role("link", name="Text").click()
    expect(page.get_by_role("region", name="The message as text")).to_be_visible()
    yield "mailbox, its text", page
    page.goto("/mailbox/")
    presses(page, "Delete all")
    expect(page.get_by_text("No messages yet")).to_be_visible()
    yield "mailbox, empty", page


def letters(house: House) -> Iterator[State]:
    """The messages as mail programs show them, which keep no rules of ours."""
    desk = house.staff()
    desk.adds("Lena Letter", "lena@letter.example")
    desk.invites("lena@letter.example")
    presses(desk.page_of("lena@letter.example"), "Send Login Email")
    page = house.visitor().opens("/p/acme/")
    page.get_by_label("Your e-mail address").fill("lena@letter.example")
    presses(page, "Email me a sign-in link")
    programme = house.visitor().page
    for name, subject in (("invite", "invitation"), ("login", "Your sign-in"), ("self", "Sign in")):
        programme.set_content(html_of(house.letter_to("lena@letter.example", subject)))
        yield f"{name} message", programme
    in_arabic(desk, "Layla Letter", "layla@letter.example")
    desk.invites("layla@letter.example")
    programme.set_content(html_of(house.letter_to("layla@letter.example", "دعوتك")))
    yield "invite message, in Arabic", programme


def adoption(house: House) -> Iterator[State]:
    page = lived_in(house).at("adoption/")
    expect(page.get_by_role("heading", name="What to do next")).to_be_visible()
    yield "adoption", page
    page.get_by_role("link", name="Reminders: off").click()
    page.get_by_label("Third reminder").fill("5")
    presses(page, "Save")
    expect(page.get_by_text("Each reminder needs a later day")).to_be_visible()
    yield "reminders refused", page
    page.goto("/admin/acme/reminders/")
    yield "reminders", page


def deliveries(house: House) -> Iterator[State]:
    page = house.staff(BEA, "birch").at("deliveries/")
    yield "deliveries, empty", page
    desk = lived_in(house)
    page = desk.at("deliveries/")
    yield "deliveries", page
    page.get_by_text("More filters").click()
    page.get_by_label("Kind").select_option("Login e-mail")
    page.get_by_label("Name, e-mail address or number").fill("nobody at all")
    presses(page, "Search")
    expect(page.get_by_role("heading", name="No message matches")).to_be_visible()
    yield "deliveries, no match", page
    desk.at().get_by_role("link", name="Domain takes no mail").click()
    page.get_by_role("link", name="Retry all that match").click()
    expect(page.get_by_role("dialog", name="Retry all that match?")).to_be_visible()
    yield "retry dialog", page
    page.keyboard.press("Escape")
    page.get_by_role("main").get_by_role("link", name="Mateusz").first.click()
    expect(page.get_by_role("button", name="Retry")).to_be_visible()
    yield "delivery that failed", page
    page.get_by_text("As text").click()
    yield "delivery, its text", page


def history(house: House) -> Iterator[State]:
    desk = lived_in(house)
    page = desk.at("history/")
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    yield "history", page
    page.get_by_label("Contact", exact=True).fill("nobody at all")
    page.get_by_text("More filters").click()
    page.get_by_label("Who").select_option("The operator")
    presses(page, "Search")
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    yield "history, no match", page


def undo(house: House) -> Iterator[State]:
    desk = house.staff(BEA, "birch")
    page = desk.at("settings/")
    page.get_by_label("Time to take back one message", exact=True).fill("300")
    presses(page.get_by_role("region", name="Undo"), "Save")
    page.get_by_text("Saved.").wait_for()
    desk.at("invitations/new").get_by_label("Send later").fill("2001-01-01T09:00")
    page.get_by_label("Contact or e-mail address").fill("ulla@undo.example")
    presses(page, "Send Invite")
    expect(page.get_by_label("Send later")).to_be_focused()
    yield "invite page, the time is over", page
    page.get_by_label("Send later").fill("")
    presses(page, "Send Invite")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    yield "overview with undo", page
    desk.page_of("ulla@undo.example")
    yield "contact with undo", page
    page.get_by_role("link", name="The message").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    yield "delivery that can be cancelled", page
    presses(page, "Cancel")
    expect(page.get_by_text("Taken back: nothing was sent.")).to_be_visible()
    yield "delivery that was taken back", page


def channels(house: House) -> Iterator[State]:
    desk = house.staff(BEA, "birch")
    page = desk.at("channels/email")
    yield "channel", page
    page.get_by_label("Port", exact=True).fill("70000")
    page.get_by_label("Most messages a minute").fill("0")
    presses(page, "Save")
    expect(page.get_by_text("Not saved yet")).to_be_visible()
    yield "channel with errors", page
    page = desk.at("channels/email")
    page.get_by_label("Mail server").fill("127.0.0.1")
    page.get_by_label("Port", exact=True).fill("9")
    page.get_by_label("Encryption", exact=True).select_option("never")
    page.get_by_label("User name", exact=True).fill("birch")
    page.get_by_label("Password", exact=True).fill("a password of Birch")
    presses(page, "Save")
    page.get_by_text("Saved. Check it").wait_for()
    presses(page, "Check")
    page.locator("#trials").get_by_text("Failed", exact=True).first.wait_for()
    yield "channel with a failed check", page
    house.pauses("birch", "email", "535 5.7.8 Authentication credentials invalid")
    page = desk.at("channels/")
    yield "channels, one paused", page
    yield "overview with a paused channel", desk.at()
    page = desk.at("channels/sms")
    yield "channel for text messages", page
    desk.at("channels/email").get_by_label("Mail server").fill("")
    for name in ("User name", "Password"):
        page.get_by_label(name, exact=True).fill("")
    page.get_by_label("Remove the stored one").first.check()
    presses(page, "Save")
    page.get_by_text("Saved. Check it").wait_for()
    yield "channels", house.staff().at("channels/")


def branding(house: House) -> Iterator[State]:
    desk = house.staff()
    page = desk.at("brand/")
    page.get_by_label("Accent colour").fill("#ffcc00")
    presses(page, "Save")
    expect(page.get_by_text("cannot be read on a white page")).to_be_visible()
    yield "brand with a colour that cannot be read", page
    page.get_by_role("button", name="Use #").click()
    page.get_by_text("Saved. Pages").wait_for()
    page.get_by_label("Support contact").fill("help@acme.example")
    page.get_by_label("Footer line").fill("Acme Ltd, 1 High Street, Anytown")
    presses(page, "Save")
    page.get_by_text("Saved. Pages").wait_for()
    for what, size in (("logo", (480, 120)), ("icon", (64, 64))):
        box = page.locator(f"#{what}")
        box.get_by_label("Picture").set_input_files(
            {"name": "it.png", "mimeType": "image/png", "buffer": painted("PNG", size)}
        )
        presses(box, "Upload")
        expect(box.get_by_role("img")).to_be_visible()
    yield "brand", page
    page.locator("#logo").get_by_label("Another picture").set_input_files(
        {"name": "it.svg", "mimeType": "image/svg+xml", "buffer": b"<svg/>"}
    )
    presses(page.locator("#logo"), "Upload")
    expect(page.get_by_text("An SVG can carry scripts")).to_be_visible()
    yield "brand with an SVG refused", page
    desk.adds("Lola Logo", "lola@logo.example")
    link = desk.magic_link("lola@logo.example")
    visitor = house.visitor().opens("/p/acme/")
    yield "portal sign-in with a logo", visitor
    visitor.goto(link)
    presses(visitor, "Sign in")
    visitor.get_by_role("heading", name="You are in").wait_for()
    yield "home with a logo", visitor
    for what in ("logo", "icon"):
        presses(desk.at("brand/").locator(f"#{what}"), "Remove")
        page.get_by_text("Removed.").wait_for()
    page.get_by_label("Accent colour").fill("#1f6f5c")
    page.get_by_label("Support contact").fill("")
    page.get_by_label("Footer line").fill("")
    presses(page, "Save")
    page.get_by_text("Saved. Pages").wait_for()


def in_arabic(desk: Desk, name: str, email: str) -> None:
    desk.at("contacts/new")
    desk.page.get_by_label("Name", exact=True).fill(name)
    desk.page.get_by_label("E-mail address").fill(email)
    desk.page.get_by_label("Language").select_option("ar")
    presses(desk.page, "Add contact")
    desk.page.get_by_role("heading", name=name).wait_for()


def right_to_left(house: House) -> Iterator[State]:
    desk = house.staff()
    in_arabic(desk, "Amal Arab", "amal@arab.example")
    link = desk.magic_link("amal@arab.example")
    page = house.visitor().opens(link)
    yield "link page, in Arabic", page
    presses(page, "تسجيل الدخول")
    page.get_by_role("heading", name="لقد دخلت").wait_for()
    yield "home, in Arabic", page
    page.get_by_role("link", name="وصولك").click()
    page.get_by_role("heading", name="وصولك").wait_for()
    yield "your access, in Arabic", page
    yield "dead link, in Arabic", house.visitor().opens(link)
    yield "words in six languages", desk.at("words/?language=ar")


def words(house: House) -> Iterator[State]:
    desk = house.staff()
    yield "words", desk.at("words/")
    page = desk.at("words/edit?kind=invite&form=email&language=en")
    page.get_by_label("Text").fill("Hello {{cleint}}")
    presses(page, "Save")
    expect(page.get_by_text("means nothing here")).to_be_visible()
    yield "words with an error", page
    page.get_by_label("Text").fill("Hello {{client}},\n\ncome in for your FREE papers.\n\n{{note}}")
    framed = page.frame_locator("iframe")
    expect(framed.get_by_text("come in for your FREE papers.")).to_be_visible()
    presses(page, "Save")
    page.get_by_text("Saved. Messages").wait_for()
    yield "words of an e-mail", page
    page = desk.at("words/edit?kind=self&form=short&language=en")
    expect(page.get_by_text("segment")).to_be_visible()
    yield "words of a text message", page
    desk.at("words/edit?kind=invite&form=email&language=en")
    page.get_by_role("button", name="Restore Portico").click()
    page.get_by_text("Restored.").wait_for()


def tasks(house: House) -> Iterator[State]:
    desk = lived_in(house)
    desk.invites("nils@nowhere.invalid", LONG_NAME)
    desk.at("tasks/")
    eventually(
        lambda: desk.at("tasks/").get_by_role("link", name="Bartholomew").count(), "the task"
    )
    yield "tasks", desk.page
    row = desk.page.get_by_role("listitem").filter(has_text="nils@nowhere.invalid")
    row.get_by_role("button", name="Show link").click()
    expect(desk.page.get_by_label("Link", exact=True)).to_be_visible()
    yield "task, its link shown", desk.page
    yield "tasks, empty", house.staff(BEA, "birch").at("tasks/")


def plugins(house: House) -> Iterator[State]:
    house.visitor().opens("/x/papers/broken")
    page = house.staff(BEA, "birch").at("plugins/")
    expect(page.get_by_text("the shelf fell down").first).to_be_visible()
    yield "plugins", page


def team(house: House) -> Iterator[State]:
    desk = house.staff()
    page = desk.at("team/")
    yield "team", page
    page.get_by_label("E-mail address").fill("not an address")
    presses(page, "Send invitation")
    expect(page.get_by_label("E-mail address")).to_be_focused()
    yield "team with an error", page
    for name in ("Nia North", "Nils"):
        page.get_by_label("E-mail address").fill(f"{name.split()[0].lower()}@staff.example")
        page.get_by_label("Name").fill(name)
        presses(page, "Send invitation")
        expect(page.get_by_text("was sent")).to_be_visible()
    yield "team with invitations", page
    (link,) = re.findall(r"http\S+/admin/_join/\S+", text_of(house.letter_to("nia@staff.example")))
    guest = house.visitor().opens(link)
    yield "join", guest
    presses(guest, "Join")
    expect(guest.get_by_role("heading", name="Your password")).to_be_visible()
    guest = house.visitor().opens(link)
    yield "join, used", guest
    page.get_by_label("E-mail address").fill("nobody@gone.invalid")
    presses(page, "Send invitation")
    expect(page.get_by_role("heading", name="Copy the invitation")).to_be_visible()
    yield "team invitation to copy", page
    desk.at("team/")
    page.get_by_role("link", name="Nia North").click()
    expect(page.get_by_role("heading", name="Nia North")).to_be_visible()
    yield "member of the team", page
    page.goto("/admin/_sessions/")
    yield "where you are signed in", page


def one_person(house: House) -> Iterator[State]:
    """Somebody who is there twice, and who wants to be forgotten."""
    desk = house.staff()
    desk.adds("Petra Twice", "petra@twice.example")
    page = desk.adds("Petra Twice", "p.twice@work.example")
    yield "contact who may be there twice", page
    page.get_by_role("link", name="Merge with…").click()
    expect(page.get_by_role("dialog", name="Merge with…")).to_be_visible()
    yield "merge dialog", page
    presses(page, "Compare")
    expect(page.get_by_label("Contact or e-mail address")).to_be_focused()
    yield "merge dialog with an error", page
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Compare").click()
    expect(page.get_by_role("dialog", name="Merge these two?")).to_be_visible()
    yield "merge dialog, side by side", page
    page.goto(page.get_by_role("link", name="The other way round").get_attribute("href") or "")
    expect(page.get_by_role("heading", name="Merge these two?")).to_be_visible()
    yield "merge page, side by side", page
    presses(page, "Merge")
    expect(page.get_by_text("Both are one contact now")).to_be_visible()
    page.get_by_role("link", name="Delete…").click()
    expect(page.get_by_role("dialog", name="Delete this contact?")).to_be_visible()
    yield "delete dialog", page
    page.goto(page.url + "/delete")
    yield "delete page", page


ALL: tuple[States, ...] = (
    staff_door, second_factors, empty_account, overview, invite, login_email, magic_link,
    contacts, portal_door, links, rooms, errors, mailbox, letters, adoption, deliveries,
    history, undo, channels, branding, domain, words, right_to_left, tasks, one_person,
    plugins, runs, run_waiting, desk_in_arabic, account_settings, ends_of_access,
)  # fmt: skip


def lived_in(house: House) -> Desk:
    """Ada's desk after some busy minutes: people invited, some in, one address that is gone."""
    desk = house.staff()
    if desk.at("contacts/?status=undelivered").get_by_role("link", name="Mateusz").count():
        return desk
    for email in ("carl.carter@carter-joinery.example", "priya@ramanstudio.example",
                  "maren@ostergard-arkitekter.example"):  # fmt: skip
        desk.invites(email)
    for email in ("layla.haddad@haddad-trading.example", "carl.carter@carter-joinery.example",
                  "grace.okafor@okafor-clinic.example"):  # fmt: skip
        page = house.visitor().opens(desk.magic_link(email))
        presses(page, "Sign in")
        page.get_by_role("heading", name=re.compile("^Good ")).wait_for()
    presses(desk.page_of("grace.okafor@okafor-clinic.example"), "Send Login Email")
    desk.page_of("mateusz@kowalski-serwis.example").get_by_role("link", name="Edit").click()
    desk.page.get_by_label("E-mail address").fill("mateusz@kowalski-serwis.invalid")
    presses(desk.page.get_by_role("dialog"), "Save")
    desk.page.get_by_text("Saved.").wait_for()
    desk.invites("mateusz@kowalski-serwis.invalid")
    eventually(
        lambda: desk.at("contacts/?status=undelivered").get_by_role("link", name="Mateusz").count(),
        "the failure",
    )
    return desk


def support_code(page: Page) -> str:
    return page.locator(".support-code strong").inner_text()


def as_dialog(desk: Desk, action: str, _path: str) -> Locator:
    page = desk.at()
    page.get_by_text("Actions", exact=True).click()
    page.get_by_role("link", name=action).click()
    expect(page.get_by_role("dialog", name=action)).to_be_visible()
    return page.get_by_role("dialog")


def as_page(desk: Desk, action: str, path: str) -> Locator:
    page = desk.at(path)
    expect(page.get_by_role("heading", name=action)).to_be_visible()
    return page.get_by_role("main")


def presses(place: Page | Locator, words: str) -> None:
    place.get_by_role("button", name=words, exact=True).click()
