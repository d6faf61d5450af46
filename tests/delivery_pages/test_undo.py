"""Undo for a few seconds, and messages for later: until they go, staff can take them back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
import time_machine

from portal.web.admin import undo
from portal.web.admin.local_time import NoTimeError, send_time
from tests.cast import Client, Staff
from tests.delivery_pages.conftest import Acme

NOON = datetime(2026, 3, 20, 12, tzinfo=UTC)


@pytest.fixture
def patient(acme: Acme) -> Acme:
    """Acme gives itself ten seconds, or a minute for many."""
    acme.choose(undo_one=10, undo_bulk=60)
    return acme


@pytest.fixture
def at_noon() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def test_an_invitation_can_be_taken_back_for_a_few_seconds(
    patient: Acme, ada: Staff, carl: Client
) -> None:
    page = ada.invites(carl.email).sees("is on its way.", "It goes out in 10 s.")
    assert carl.letters() == []
    page.presses("Undo").sees("Taken back: nothing was sent.")
    patient.change(patient.last().id, due_at=NOON)
    assert carl.letters() == []
    ada.page_of(carl.email).sees("The message was not sent", "Ada Byron took it back.")
    assert patient.last().status == "cancelled"


def test_it_can_be_sent_at_once(patient: Acme, ada: Staff, carl: Client) -> None:
    ada.invites(carl.email).presses("Send now").sees("On its way.")
    assert len(carl.letters()) == 1


def test_it_can_be_taken_back_from_the_timeline(patient: Acme, ada: Staff, carl: Client) -> None:
    ada.invites(carl.email)
    page = ada.page_of(carl.email).sees("Its message is queued")
    page.presses("Undo").sees("Taken back: nothing was sent.").is_at(page.path)
    ada.page_of(carl.email).presses("Resend invite").sees("It goes out in 10 s.")


def test_too_late_is_said_so(patient: Acme, ada: Staff, carl: Client) -> None:
    page = ada.invites(carl.email)
    patient.change(patient.last().id, due_at=NOON)
    assert len(carl.letters()) == 1
    page.presses("Undo").sees("It has already gone out.").does_not_see("Taken back")


def test_many_are_taken_back_together(patient: Acme, ada: Staff) -> None:
    emails = [f"client{n}@carter.example" for n in range(3)]
    for email in emails:
        ada.adds("", email)
    page = ada.sends_login_email(*emails).sees("3 login e-mails are on the way.", "in 60 s.")
    patient.change(patient.deliveries()[1].id, due_at=NOON)
    patient.world.worker.drains()
    page.presses("Undo").sees("2 taken back. 1 had already gone out.")
    assert [one.status for one in patient.deliveries()] == ["cancelled", "sent", "cancelled"]


def test_nobody_takes_back_what_is_anothers(
    patient: Acme, ada: Staff, bea: Staff, carl: Client
) -> None:
    ada.invites(carl.email)
    token, delivery = bea.at().field("csrf_token"), patient.last()
    for path in ("undo", "send-now"):
        data = {"ids": f"1-{delivery.id + 5}", "csrf_token": token}
        bea.browser.posts(f"/admin/birch/deliveries/{path}", data).sees("It has already gone out.")
    assert patient.last().status == "queued"
    assert patient.last().due_at == delivery.due_at


@pytest.mark.parametrize("text", ["", "x", "1-", "-1", "9" * 30, "1,x", "1-2-3", "²"])
def test_nonsense_names_no_delivery(text: str) -> None:
    assert undo.ids_in(text) == ([1] if text == "1-" else [])


def test_ids_travel_in_few_letters_and_come_back() -> None:
    assert undo.ranges([9, 7, 8, 12]) == "7-9,12"
    assert undo.ids_in("7-9,12") == [7, 8, 9, 12]
    assert len(undo.ids_in("1-999999999")) == undo.MOST


def test_a_message_for_later_waits_until_then(acme: Acme, ada: Staff, carl: Client) -> None:
    at = (datetime.now(UTC) + timedelta(days=2)).replace(second=0, microsecond=0)
    ada.at("invitations/new").sees("Send later", "The time is in UTC.")
    page = ada.invites(carl.email, send_at=at.strftime("%Y-%m-%dT%H:%M"))
    page.sees("is on its way.", "It goes out on", "Scheduled")
    assert carl.letters() == []
    assert abs(acme.last().due_at - at) < timedelta(seconds=1)
    assert acme.last().deadline_at > at + timedelta(days=6), "its life begins when it goes out"
    ada.at("deliveries/").sees("Scheduled for")
    with time_machine.travel(at + timedelta(seconds=2), tick=False):
        assert len(carl.letters()) == 1


def test_a_time_that_cannot_be_is_told_at_its_field(acme: Acme, ada: Staff, carl: Client) -> None:
    ada.adds("Carl", carl.email)
    who = {"who": carl.email, "contact_ids": str(ada.id_of(carl.email))}
    forms = (("invitations/new", "Send Invite"), ("login-emails/new", "Send"))
    times = ("2001-01-01T09:00", "soon", "2030-01-01T09:00+01:00")
    for (path, button), typed in product(forms, times):
        page = ada.at(path).presses(button, send_at=typed, **who).is_status(422)
        field = page.soup.find(attrs={"name": "send_at"})
        assert field
        assert field["aria-invalid"] == "true"
        assert re.search("over|Type a date|without a zone", page.words)
    assert acme.deliveries() == []


@pytest.mark.parametrize(
    ("typed", "zone", "meant"),
    [
        ("", "UTC", None),
        ("2026-03-21T09:00", "Europe/Berlin", datetime(2026, 3, 21, 8, tzinfo=UTC)),
        ("2026-03-30T09:00", "Europe/Berlin", datetime(2026, 3, 30, 7, tzinfo=UTC)),
        ("2026-04-05T02:30", "Australia/Sydney", datetime(2026, 4, 4, 15, 30, tzinfo=UTC)),
        ("2026-03-29T02:30", "Europe/Berlin", "There is no 02:30 on that day"),
        ("2026-03-20T11:59", "UTC", "This time is over"),
        ("2026-06-30T12:00", "UTC", "within the next 90 days"),
        ("9999-12-31T23:59", "America/New_York", "within the next 90 days"),
        ("0001-01-01T00:00", "Asia/Tokyo", "within the next 90 days"),
        ("2026-02-30T12:00", "UTC", "Type a date and a time"),
    ],
)
def test_a_time_is_read_in_the_accounts_zone(
    at_noon: object, typed: str, zone: str, meant: datetime | str | None
) -> None:
    if isinstance(meant, str):
        with pytest.raises(NoTimeError, match=meant):
            send_time(typed, zone)
    else:
        assert send_time(typed, zone) == meant
