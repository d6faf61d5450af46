"""Access for a time: at its end everything dies by the clock, and an extension revives nothing."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from portal.db import db, now
from portal.flows.end_access import end_access
from portal.models import Account, PortalAccess
from portal.models import Staff as StaffRow
from tests.cast import LAPTOP, Client, Page, Staff, World
from tests.links import rows
from tests.links.acme import Acme
from tests.links.browsers import twin
from tests.links.fixtures import Clock
from tests.wait import wait_for

OUT = "Email me a sign-in link"
ENDED = "Your access ended on"


def typed(**ahead: float) -> str:
    return f"{datetime.now(UTC) + timedelta(**ahead):%Y-%m-%dT%H:%M}"


def end_page(ada: Staff, email: str) -> Page:
    return ada.at(f"contacts/{ada.id_of(email)}/access-end/")


def test_at_the_end_everything_dies_by_the_clock_and_extending_revives_nothing(
    clock: Clock, world: World, acme: Acme, joined: Client, ada: Staff
) -> None:
    page = end_page(ada, joined.email).presses("Save", ends_at=typed(minutes=5))
    page.sees("ends on", "Ends ", "changed when the access of", "no end →")
    joined.home().sees("Welcome to Acme", "Your access ends on")
    link, other = acme.copies_link(joined.email), joined.another_browser(LAPTOP)
    other.opens("/p/acme/").presses(OUT, email=joined.email)
    code, asked = joined.letter().code, joined.letter().link
    opened = joined.another_browser()
    held = opened.opens(link).sees("Sign in")
    ada.at(f"login-emails/new?contact_ids={ada.id_of(joined.email)}").presses(
        "Send", contact_ids=[str(ada.id_of(joined.email))], send_at=typed(minutes=8)
    )
    other.opens("/p/acme/").presses(OUT, email=joined.email)  # not answered before the end
    sessions, sent = [joined.browser, twin(joined.browser)], len(world.postman.letters)

    clock.passes(minutes=6)
    for browser in sessions:
        browser.opens("/p/acme/").sees(OUT).does_not_see("Welcome")
        browser.opens("/p/acme/access").is_at("/p/acme/")
    for one in (link, asked):
        page = joined.another_browser().opens(one).is_status(410)
        page.sees(ENDED, "If you still need it, ask Acme").does_not_see("Email me a new link")
    held.presses("Sign in").is_status(410).sees(ENDED)
    other.opens("/p/acme/code").presses("Sign in", code=code).does_not_see("Welcome")
    joined.asks_for_link().sees("has access, a message is on its way.")
    world.worker.drains()
    clock.passes(minutes=3)
    world.worker.drains()
    assert len(world.postman.letters) == sent
    page = ada.page_of(joined.email)
    page.sees("ended before it went out", "Ended", "The access of Carl Carter ended ")
    page.does_not_see("Restore", "View as client")
    ada.at("contacts/?status=ended").sees(joined.email, "Ended")
    ada.at("contacts/?status=ending").does_not_see(joined.email)
    ada.invites(joined.email).sees("Extend it first, then invite again.")

    page.follows("Extend access").presses("No end").sees(
        "has no end now", "Send them a new message"
    )
    joined.home().sees(OUT)
    for one in (link, asked):
        joined.another_browser().opens(one).is_status(410).does_not_see(ENDED)
    other.opens("/p/acme/code").presses("Sign in", code=code).does_not_see("Welcome")
    world.worker.drains()
    assert len(world.postman.letters) == sent
    acme.sends_login_email(joined.email)
    joined.signs_in().sees("Welcome to Acme").does_not_see("Your access ends on")


def test_an_end_moved_before_it_came_costs_nobody_their_session(
    clock: Clock, joined: Client, ada: Staff
) -> None:
    end_page(ada, joined.email).presses("Save", ends_at=typed(minutes=5))
    end_page(ada, joined.email).presses("In 30 days").sees("Ends ")
    clock.passes(minutes=6)
    joined.home().sees("Welcome to Acme").does_not_see("Your access ends on")
    ada.at("contacts/?status=ending").sees(joined.email)
    ada.page_of(joined.email).presses("Suspend")
    ada.page_of(joined.email).presses("Restore").sees("Ends ")
    end_page(ada, joined.email).presses("Save", ends_at="").sees("has no end now")
    ada.at("contacts/?status=ending").does_not_see(joined.email)


def test_an_end_that_came_while_an_extension_waited_stays(world: World, joined: Client) -> None:
    def extend() -> None:
        with world.app.app_context():
            assert end_access(account, [access.contact_id], None, by=by) == 1

    with world.app.app_context():
        access = db.session.scalars(db.select(PortalAccess)).one()
        account = db.session.get_one(Account, access.account_id)
        by = db.session.scalars(db.select(StaffRow).order_by(StaffRow.id)).first()
        assert by
        access.ends_at = ends_at = now() + timedelta(seconds=0.6)
        db.session.commit()
        with db.engine.begin() as other:  # somebody else is at this row
            other.execute(db.update(PortalAccess).values(undelivered=False))
            thread = threading.Thread(target=extend)
            thread.start()
            wait_for(lambda: now() > ends_at)
    thread.join()
    joined.home().sees(OUT).does_not_see("Welcome")


def test_a_time_that_cannot_be_is_told_at_its_field(
    world: World, invited: Client, ada: Staff, acme: Acme
) -> None:
    acme.chooses("time_zone", "Europe/Berlin")
    page = end_page(ada, invited.email).sees("Europe/Berlin")
    for wrong, words in (
        (typed(hours=-3), "This time is over."),
        (typed(days=4000), "within the next ten years"),
        ("9999-12-31T23:59", "within the next ten years"),
        ("tomorrow", "Type a date and a time"),
        ("2029-03-25T02:30", "the clocks in Europe/Berlin go forward"),
    ):
        refused = page.presses("Save", ends_at=wrong).is_status(422).sees(words)
        assert refused.field("ends_at") == wrong
    with world.app.app_context():
        contact_id = ada.id_of(invited.email)
        access = PortalAccess.of(contact_id)
        assert access
        assert access.ends_at is None
    page.presses("Save", ends_at="2029-03-24T12:00").sees("24 Mar 2029, 12:00")
    assert page.presses("In 7 days").words.count("23:59")
    assert len(rows.events(world.app, "end_changed")) == 2
    page.presses("In 7 days")
    assert len(rows.events(world.app, "end_changed")) == 2


def test_an_invitation_and_a_selection_set_an_end(world: World, ada: Staff, bea: Staff) -> None:
    for name in ("amy", "ben", "cat"):
        ada.invites(f"{name}@end.example", ends_at=typed(days=3) if name == "amy" else "")
    bea.invites("dan@end.example")
    ada.at("contacts/?status=ending").sees("amy@end.example").does_not_see("ben@end.example")
    ada.invites("eve@end.example", ends_at=typed(days=-3)).is_status(422).sees("This time is over.")
    ada.page_of("cat@end.example").presses("Suspend")
    ids = ",".join(str(ada.id_of(f"{name}@end.example")) for name in ("amy", "ben", "cat"))
    ids += f",{bea.id_of('dan@end.example')}"
    page = ada.at(f"contacts/selection/?deed=end_access&scope=these&ids={ids}")
    page.sees("2 contacts", "When does their access end?")
    page.presses("Save", ends_at="soon").is_status(422).sees("Type a date and a time")
    page.presses("In 7 days").sees("The access of 2 contacts ends on")
    ada.at("contacts/?status=ending").sees("amy@end", "ben@end").does_not_see("cat@end", "dan@end")
    bea.at("contacts/?status=ending").does_not_see("dan@end")
    history = ada.at("history/?what=end_changed")
    history.sees("Ada Byron changed when the access of", "no end →")
