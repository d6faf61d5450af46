"""Two of staff press at the same moment: each deed is done once, and nobody sees an error."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from portal.channel import PermanentError
from portal.db import db
from portal.errors import AlreadyShownError
from portal.flows.channel_settings import Typed, save_settings
from portal.flows.magic_link import hand_over
from portal.flows.outbox import cancel, retry_all, send_by
from portal.models import Contact, Delivery, Staff, StaffTask
from portal.models.delivery import Status
from portal.models.delivery_story import link_of
from tests.cast import Client
from tests.cast import Staff as Person
from tests.delivery.provider import Provider, raises
from tests.delivery_pages.conftest import Acme

CROWD = 4


def at_once(acme: Acme, *deeds: Callable[[], Any]) -> list[Any]:
    """Do all of *deeds* at the same moment, and return what each answered or raised."""
    start, answers = threading.Barrier(len(deeds), timeout=10), list[Any]()

    def do(deed: Callable[[], Any]) -> None:
        with acme.app.app_context():
            start.wait()
            try:
                answers.append(deed())
            except Exception as error:
                answers.append(error)

    threads = [threading.Thread(target=do, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return answers


def by() -> Staff:
    found = Staff.by_email("ada@acme.example")
    assert found
    return found


@pytest.fixture
def failed(acme: Acme, ada: Person) -> list[int]:
    """The ids of messages that did not arrive, and whose links still open."""
    error = PermanentError("There is no such mailbox.", cause="no_mailbox")
    Provider.of(acme.app, raises(error))
    for number in range(8):
        ada.invites(f"lost{number}@carter.example")
    acme.world.worker.drains()
    return [one.id for one in acme.deliveries()]


def test_what_two_send_again_goes_once(acme: Acme, failed: list[int]) -> None:
    account = acme.account()
    orders = (failed, failed[::-1], failed, failed[::-1])
    counts = at_once(
        acme,
        *(lambda ids=ids: retry_all(account, ids, by=by()) for ids in orders),  # type: ignore[misc]
    )
    assert sum(counts) == len(failed)
    assert len(acme.events("retried")) == len(failed)


def test_what_two_take_back_is_taken_back_once(acme: Acme, failed: list[int]) -> None:
    account = acme.account()
    for delivery_id in failed:
        acme.change(delivery_id, status=Status.QUEUED)
    orders = (failed, failed[::-1], failed, failed[::-1])
    counts = at_once(
        acme,
        *(lambda ids=ids: cancel(account, ids, by=by()) for ids in orders),  # type: ignore[misc]
    )
    assert sum(counts) == len(failed)
    assert len(acme.events("cancelled")) == len(failed)


def test_one_message_stands_in_however_many_ask_for_it(acme: Acme, failed: list[int]) -> None:
    def ask() -> bool:
        delivery = db.session.get_one(Delivery, failed[0])
        return send_by(delivery, "pigeon", by=by()) is not None

    assert sorted(at_once(acme, *[ask] * CROWD)) == [False] * (CROWD - 1) + [True]
    assert [one.follows_id for one in acme.deliveries()].count(failed[0]) == 1


def test_a_link_is_handed_over_to_one_of_them(acme: Acme, failed: list[int]) -> None:
    account = acme.account()

    def ask() -> str:
        task = StaffTask.page(account.id)[0]
        found = StaffTask.find(account.id, task.id)
        contact = Contact.find(account, task.contact_id)
        assert found
        assert contact
        link = link_of(found)
        assert link
        return hand_over(account, contact, link, by()).link

    answers = at_once(acme, *[ask] * CROWD)
    assert sum(isinstance(one, AlreadyShownError) for one in answers) == CROWD - 1
    assert sum(isinstance(one, str) for one in answers) == 1


def test_settings_that_two_save_at_once_are_those_of_one(
    acme: Acme, carl_has_a_phone: Client
) -> None:
    account, pigeon = acme.account(), acme.pigeon

    def save(word: str) -> None:
        typed = Typed({"loft": word, "word": word})
        save_settings(account, pigeon, typed, becomes_ready=True, by=by())

    assert at_once(acme, *(lambda n=n: save(f"n{n}") for n in range(CROWD))) == [None] * CROWD  # type: ignore[misc]
    stored = acme.stored()
    assert stored["loft"] == stored["word"]
    assert acme.account().chosen_channels("invite").count("pigeon") == 1
