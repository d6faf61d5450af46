"""With the client on the line: the verdict above the timeline, its button, and who came by."""

from __future__ import annotations

import pytest

from tests.cast import LAPTOP, Browser, Client, Page, Staff, World
from tests.links import rows
from tests.links.fixtures import Clock

on_one = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""For what asks nothing of the database that the others do not ask."""
BARE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/150.0.0.0 Safari/537.36"


def verdict(page: Page) -> str:
    found = page.soup.select_one(".verdict")
    assert found, f"no verdict on: {page.words[:500]}"
    return " ".join(found.get_text(" ").split())


def timeline(page: Page) -> list[str]:
    return [" ".join(line.get_text(" ").split()) for line in page.soup.select("li.event")]


def test_a_clients_way_in_is_told_in_one_sentence_at_each_step(
    clock: Clock, sol: Staff, carl: Client, world: World
) -> None:
    sol.adds("Carl Carter", carl.email)
    page = sol.page_of(carl.email)
    assert verdict(page) == "Carl Carter is not invited yet. Invite to Client Portal"
    page.follows("Invite to Client Portal").presses("Send Invite", who=carl.email)
    assert verdict(sol.page_of(carl.email)) == "The invitation is about to go out."

    link = carl.letter().link
    clock.passes(minutes=3)
    said = "Accepted by carter.example 3 min ago, not opened yet."
    assert verdict(sol.page_of(carl.email)) == said

    scanner = carl.another_browser(LAPTOP, address="209.222.80.5")
    scanner.opens(link)
    page = sol.page_of(carl.email)
    assert verdict(page) == "A mail scanner opened the link; Carl Carter has not."
    first = timeline(page)[0]
    assert "A program opened the link, as mail scanners do" in first
    assert "its network belongs to Barracuda" in first
    assert "Chrome on Windows · from 209.222.80.0/24" in first

    opened = carl.opens(link)
    page = sol.page_of(carl.email)
    assert verdict(page).startswith("Carl Carter opened the link just now in Safari on iPhone;")
    assert "The link was opened, and nothing pressed yet" in timeline(page)[0]

    opened.presses("Sign in").sees("Welcome to Acme")
    page = sol.page_of(carl.email)
    assert verdict(page).startswith("Carl Carter is in, since ")
    assert verdict(page).endswith(", on an iPhone.")
    assert "Safari on iPhone, with the link · from 198.51.100.0/24" in timeline(page)[0]
    clock.passes(days=8)
    sol.signs_in()
    assert "They are signed out now. Send Login Email" in verdict(sol.page_of(carl.email))
    clock.passes(days=100)
    page = sol.signs_in().page_of(carl.email)
    assert "was last seen 108 days ago. Nobody is signed in." in verdict(page)
    page = page.presses("Send Login Email")
    assert verdict(page).startswith("The login e-mail is about to go out.")


def test_a_refusal_leads_to_what_mends_it(
    ada: Staff, sol: Staff, carl: Client, world: World
) -> None:
    world.postman.refusal = "550 5.1.1 No such user here"
    sol.invites(carl.email)
    world.worker.drains()
    page = sol.page_of(carl.email)
    said = "The mailbox does not exist: carter.example does not know it. Correct the address"
    assert verdict(page) == said
    page.follows("Correct the address").presses("Save", email="karl@carter.example")
    world.postman.refusal = "550 5.7.23 SPF validation failed"
    page = sol.page_of("karl@carter.example")
    assert "opens nothing any more" in verdict(page)
    page.presses("Resend invite")
    world.worker.drains()
    refused = "carter.example refuses us: the checks of our sender address failed"
    page = sol.page_of("karl@carter.example")
    assert refused in verdict(page)
    assert "Ask the owner to mend it." in verdict(page)
    page = ada.page_of("karl@carter.example")
    assert refused in verdict(page)
    page.follows("Open the channel").sees("Mail server")
    world.postman.refusal = "452 4.2.2 Mailbox full"
    ada.page_of("karl@carter.example").presses("Resend invite")
    world.worker.drains()
    page = ada.page_of("karl@carter.example")
    assert "Not sent yet: the mailbox is full. The next try is at" in verdict(page)
    world.postman.refusal = ""
    page.presses("Try now")
    world.worker.drains()
    assert "Accepted by carter.example just now" in verdict(ada.page_of("karl@carter.example"))
    ada.page_of("karl@carter.example").presses("Suspend")
    page = ada.page_of("karl@carter.example")
    assert verdict(page).endswith("is suspended: nothing lets them in. Restore")
    page.presses("Restore").sees("may enter again")


@on_one
def test_a_copied_link_that_came_too_late_is_copied_anew(
    clock: Clock, sol: Staff, carl: Client
) -> None:
    sol.adds("Carl Carter", carl.email)
    link = sol.generates_link(carl.email)
    page = sol.page_of(carl.email)
    assert "A link was copied for Carl Carter just now" in verdict(page)
    clock.passes(minutes=20)
    carl.opens(link).is_status(410)
    page = sol.page_of(carl.email)
    assert "when the link had expired. Generate Magic Link" in verdict(page)
    page.follows("Generate Magic Link").presses("Generate Magic Link").sees("Works once")


def test_a_link_used_by_another_browser_is_noticed(sol: Staff, carl: Client) -> None:
    sol.invites(carl.email)
    link = carl.letter().link
    carl.another_browser(LAPTOP).opens(link).presses("Sign in")
    carl.opens(link).sees("already used")
    said = verdict(sol.page_of(carl.email))
    assert "The link was used at" in said
    assert "in Chrome on Windows; somebody came with it again at" in said
    assert said.endswith("in Safari on iPhone. Send Login Email")


@on_one
def test_the_verdict_is_renewed_with_the_timeline_while_it_may_change(
    sol: Staff, carl: Client, world: World
) -> None:
    sol.invites(carl.email)
    trigger = 'hx-trigger="every {}s, refresh"'
    at = f"contacts/{sol.id_of(carl.email)}/timeline"
    assert trigger.format(2) in sol.at(at).response.get_data(as_text=True)
    world.worker.drains()
    polled = sol.at(at)
    assert trigger.format(5) in polled.response.get_data(as_text=True)
    assert "Accepted by carter.example" in verdict(polled)
    carl.signs_in()
    polled = sol.at(at)
    assert 'hx-trigger="refresh"' in polled.response.get_data(as_text=True)
    assert "is in, since" in verdict(polled)


@on_one
def test_what_tells_a_program_from_a_person(world: World, sol: Staff, carl: Client) -> None:
    """A browser that is only quick stays a person; two signs, or one that is certain, do not."""
    sol.invites(carl.email)
    link = carl.letter().link
    carl.opens(link)
    clean = carl.browser.asks("GET", link).headers["Location"]
    bare = Browser(world.app, BARE)
    bare.headers = {"User-Agent": BARE}
    bare.opens(link)
    Browser(world.app, "Barracuda Sentinel (EE)").opens(link)
    Browser(world.app).asks("GET", clean)  # keeps no cookie, and comes within seconds
    carl.another_browser("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0").asks("HEAD", clean)
    events = [*rows.events(world.app, "opened"), *rows.events(world.app, "turned_away")]
    signs = [event.detail.get("signs") for event in events]
    assert signs == [
        ["speed"],
        ["headers", "speed"],
        ["name", "speed"],
        ["cookies", "speed"],
        ["method", "cookies", "speed"],
    ]
    assert [event.detail.get("is_program", False) for event in events] == [
        False, True, True, True, True
    ]  # fmt: skip
    assert "opened the link just now in Safari on iPhone" in verdict(sol.page_of(carl.email))
