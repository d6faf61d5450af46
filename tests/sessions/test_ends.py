"""What ends a session: time, idleness, signing out, and nothing that only polls."""

from __future__ import annotations

from tests.cast import LAPTOP, Client, Page, Staff, World
from tests.links import rows
from tests.links.browsers import cookie, holding, twin
from tests.links.fixtures import Clock

OUT = "Email me a sign-in link"


def test_a_client_is_signed_out_after_seven_idle_days(clock: Clock, joined: Client) -> None:
    for _ in range(3):
        clock.passes(days=6, hours=23)
        joined.home().sees("Welcome to Acme")
    clock.passes(days=7, seconds=1)
    joined.home().sees(OUT)


def test_a_client_is_signed_out_after_thirty_days_in_all(clock: Clock, joined: Client) -> None:
    for _ in range(5):
        clock.passes(days=5, hours=23)
        joined.home().sees("Welcome to Acme")
    clock.passes(hours=6)
    joined.home().sees(OUT)


def test_being_in_use_is_written_at_most_once_an_hour(
    clock: Clock, world: World, joined: Client
) -> None:
    before = rows.sessions(world.app)[0].last_seen_at
    clock.passes(minutes=59)
    joined.home()
    assert rows.sessions(world.app)[0].last_seen_at == before
    clock.passes(minutes=2)
    joined.home()
    assert rows.sessions(world.app)[0].last_seen_at > before


def test_staff_are_signed_out_after_an_idle_hour(clock: Clock, ada: Staff) -> None:
    for _ in range(3):
        clock.passes(minutes=59)
        ada.at().sees("Client Portal")
    clock.passes(minutes=60, seconds=1)
    ada.at().is_at("/admin/").sees("Password")


def test_staff_are_signed_out_after_twelve_hours_in_all(clock: Clock, ada: Staff) -> None:
    for _ in range(13):
        clock.passes(minutes=55)
        ada.at().sees("Client Portal")
    clock.passes(minutes=10)
    ada.at().is_at("/admin/")


def test_a_page_left_open_does_not_keep_staff_signed_in(
    clock: Clock, ada: Staff, invited: Client
) -> None:
    timeline = f"contacts/{ada.id_of(invited.email)}/timeline"
    for _ in range(6):
        clock.passes(minutes=9)
        ada.at("activity").is_status(200)
        ada.at(timeline).is_status(200)
    clock.passes(minutes=9)
    ada.at("activity").is_at("/admin/")
    ada.at().is_at("/admin/")


def test_signing_out_ends_a_copied_cookie(world: World, joined: Client, ada: Staff) -> None:
    copy = cookie(joined.browser, "portal_acme")
    joined.home().presses("Sign out").sees(OUT)
    assert not cookie(joined.browser, "portal_acme")
    holding(world.app, "portal_acme", copy).opens("/p/acme/").sees(OUT)
    copy = cookie(ada.browser, "portal_staff")
    ada.at().presses("Sign out")
    holding(world.app, "portal_staff", copy).opens("/admin/acme/").is_at("/admin/")


def test_your_access_lists_browsers_and_ends_another(joined: Client, ada: Staff) -> None:
    laptop = second_browser(joined)
    page = joined.home().follows("Your access")
    page.sees("Safari on iPhone", "This browser", "Chrome on Windows")
    button = page.soup.select("ul.browsers form")[0]
    ended = button.find("button")
    assert ended
    assert "Chrome on Windows" in ended.get_text()
    joined.browser.posts(str(button["action"]), {"csrf_token": page.field("csrf_token")}).sees(
        "That browser is signed out."
    ).does_not_see("Chrome on Windows")
    laptop.opens("/p/acme/").sees(OUT)
    joined.home().sees("Welcome to Acme")


def test_sign_out_everywhere_leaves_no_browser_in(world: World, joined: Client) -> None:
    laptop = second_browser(joined)
    joined.home().follows("Your access").presses("Sign out everywhere").sees(OUT)
    laptop.opens("/p/acme/").sees(OUT)
    assert rows.sessions(world.app) == []


def test_nobody_ends_the_session_of_another_contact(
    world: World, joined: Client, ada: Staff
) -> None:
    dora = Client(world, "dora@carter.example", "acme", name="Dora Carter")
    ada.invites(dora.email, name=dora.name)
    dora.signs_in().sees("Dora")
    (carls,) = [one.id for one in rows.sessions(world.app) if "iPhone" in one.browser][:1]
    form = {"csrf_token": dora.opens("/p/acme/access").field("csrf_token")}
    answers = [
        Page(dora.browser, dora.browser.asks("POST", f"/p/acme/access/{one}/end", data=form), "")
        for one in (carls, 999_999)
    ]
    assert [answer.status for answer in answers] == [404, 404]
    assert answers[0].soup.h1 == answers[1].soup.h1
    joined.home().sees("Welcome to Acme")


def test_a_stale_your_access_page_ends_nothing_after_signing_out(
    world: World, joined: Client
) -> None:
    second_browser(joined)
    page = joined.home().follows("Your access")
    old = twin(joined.browser)
    joined.home().presses("Sign out")
    Page(old, page.response, page.url).presses("Sign out everywhere").sees(OUT)
    assert len(rows.sessions(world.app)) == 1


def second_browser(client: Client) -> object:
    laptop = client.another_browser(LAPTOP)
    laptop.opens(f"/p/{client.slug}/").presses("Email me a sign-in link", email=client.email)
    laptop.opens(client.letter().link).presses("Sign in").sees("Welcome")
    return laptop
