"""A contact who is deleted leaves nothing that names them, and a history that still verifies."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from typing import Any

import pytest
from flask import Flask

from portal.channel import SendRequest, Sent, TemporaryError
from portal.db import db
from portal.errors import GoneError
from portal.flows import deliver
from portal.flows.channel_settings import ask_trial
from portal.flows.delete_contact import delete_contact
from portal.flows.new_run import run_of_text
from portal.flows.read_run import read
from portal.flows.saved_views import save_view
from portal.models import Account, Contact, Event, Staff
from portal.models.reminder import Reminder
from portal.models.run import What
from portal.plugins import current
from tests.cast import Client, World
from tests.cast import Staff as StaffPerson
from tests.contacts.conftest import fault, found_in, seals
from tests.delivery.provider import Provider, clients, deliveries, events, owe, raises, takes

ADDRESS, PHONE, REFERENCE = "carl@carter.example", "+442079460018", "=C-17"
WORDS = ("carter.example", "Carl", "2079460018", "C-17")


def test_what_is_held_can_be_taken_out_and_is_gone_afterwards(
    world: World, ada: StaffPerson, sol: StaffPerson, carl: Client
) -> None:
    contact_id = has_lived(world, ada, carl)
    for word in WORDS:
        assert len(found_in(world.app, word)) >= 2, (
            f"the search finds {word} as long as it is there"
        )
    takes_out_everything(ada, contact_id)
    sol.page_of(ADDRESS).does_not_see("Delete…")
    sol.at(f"contacts/{contact_id}/delete").is_status(404)
    seals(world.app)
    letters = carl.letters()
    dead, mail = letters[0].link, len(letters)
    ada.sends_login_email(ADDRESS)
    Client(world, ADDRESS, "acme").asks_for_link()
    page = ada.page_of(ADDRESS).follows("Delete…").sees("What is erased", "What stays")
    page.presses("Delete for good").is_at("/admin/acme/contacts/").sees("The contact was deleted")
    assert found_in(world.app, *WORDS) == set()
    assert fault(world.app) == ""
    seals(world.app)
    assert fault(world.app) == ""
    assert len(carl.letters()) == mail, "what was queued or asked for goes to nobody"
    assert found_in(world.app, *WORDS) == set()
    carl.home().sees("Email me a sign-in link")
    carl.opens(dead).is_status(404)
    ada.at(f"contacts/{contact_id}").is_status(404)
    history = ada.at("history/?what=everything").sees("Ada Byron deleted a contact for good")
    history.sees("a contact signed in").does_not_see(*WORDS)
    page.presses("Delete for good").is_status(404)


def has_lived(world: World, ada: StaffPerson, carl: Client) -> int:
    """Let as much be known of Carl as there are places to keep it."""
    ada.at("contacts/new").presses(
        "Add contact", name="Carl Carter", email="c@carter.example", phone=PHONE,
        external_id=REFERENCE,
    )  # fmt: skip
    page = ada.page_of("c@carter.example").presses("Add tag", tag="VIP")
    page.follows("Edit").presses("Save", email=ADDRESS, use="typed")
    ada.invites(ADDRESS, note="Hi Carl")
    carl.signs_in().sees("You are in")
    refuses(world, ada)
    contact_id = ada.id_of(ADDRESS)
    with world.app.app_context():
        account, staff = Account.by_slug("acme"), Staff.by_email("ada@acme.example")
        assert account
        assert staff
        ask_trial(account, current().channels["email"], "test", by=staff, to=ADDRESS)
        save_view(account, "Him", {"q": ADDRESS})
        Reminder.refuse(contact_id, account.id)
        run = run_of_text(account, f"{ADDRESS}, {ADDRESS}", What.ADD, by=staff)
        read(run.id, seconds=9)
        db.session.commit()
    return contact_id


def refuses(world: World, ada: StaffPerson) -> None:
    """Let a provider name Carl in what it says of itself, until the channel pauses."""
    channels = world.app.extensions["portal_plugins"].channels
    real = channels["email"]
    trouble = TemporaryError(f"Cannot deliver for {ADDRESS.upper()}", reply=f"451 <{ADDRESS}>")
    Provider.of(world.app, raises(trouble))
    for _time in range(5):
        ada.sends_login_email(ADDRESS)
        world.worker.drains()
    assert events(world.app, "channel_paused"), "it is said in a line about nobody"
    channels["email"] = real
    with world.app.app_context():
        db.session.execute(db.text("UPDATE delivery SET status = 'failed' WHERE status = 'queued'"))
        db.session.execute(
            db.text("UPDATE channel_setting SET paused_until = NULL, paused_why = ''")
        )
        db.session.commit()


def takes_out_everything(ada: StaffPerson, contact_id: int) -> None:
    answer = ada.page_of(ADDRESS).presses("Export").response
    assert answer.mimetype == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    tables: dict[str, Any] = json.loads(archive.read("personal-data.json"))
    (about,) = tables["contact"]
    assert (about["Name"], about["E-mail"], about["Phone"]) == ("Carl Carter", ADDRESS, PHONE)
    assert (about["Tags"], about["Access"]) == ("VIP", "joined")
    assert any("signed in" in line["What"] for line in tables["timeline"])
    assert "c@carter.example" in json.dumps(tables["timeline"]), "with what it was changed from"
    assert any(ADDRESS in one["The provider's reply"] for one in tables["messages"])
    assert tables["messages"][0]["Note"] == "Hi Carl"
    assert tables["signed-in browsers"][0]["Browser"].startswith("Safari")
    assert tables["links"][0]["Used"]
    assert tables["reminders"][0]["Ended"] == "not me"
    assert [line["E-mail"] for line in tables["lines of runs"]] == [ADDRESS, ADDRESS]
    assert {f"{name}.csv" for name in tables} <= set(archive.namelist())
    assert f"'{REFERENCE}" in archive.read("contact.csv").decode(), "no cell is a formula"
    ada.at("history/").sees("Ada Byron exported the personal data of Carl Carter")


def test_a_worker_that_is_sending_sends_nothing_afterwards(
    world: World, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "FRESH_SECONDS", 0)

    def deletes(both: bool) -> Any:
        def send(request: SendRequest) -> Sent:
            thread = threading.Thread(target=delete_all, args=(app, request.to, both))
            thread.start()
            thread.join()
            return Sent(reply="250 taken")

        return send

    others = clients(2, "other.example")
    provider = Provider.of(app, takes, deletes(both=False), deletes(both=True))
    owe(app, "first@other.example")
    world.worker.drains()
    owe(app, *others)
    world.worker.drains()
    assert len(provider.requests) == 2, "the second of them was deleted while the first was sent"
    assert sorted(str(one.status) for one in deliveries(app)) == ["sent", "sent"]
    owe(app, *clients(2, "third.example"))
    world.worker.drains()
    assert len(provider.requests) == 3
    assert len(deliveries(app)) == 2
    assert fault_of_lines(app) == 0


def delete_all(app: Flask, now_sent: str, both: bool) -> None:
    """Delete those of the address's domain, but for itself unless *both*."""
    domain = now_sent.partition("@")[2]
    with app.app_context():
        account, staff = Account.by_slug("acme"), Staff.by_email("ada@acme.example")
        assert account
        assert staff
        people = db.session.scalars(db.select(Contact).where(Contact.email.endswith(domain))).all()
        for contact in people:
            if both or contact.email not in (now_sent, "first@other.example"):
                delete_contact(account, contact.id, known_as=contact.email_norm, by=staff)


def fault_of_lines(app: Flask) -> int:
    """Return how many lines are about somebody who is not there."""
    with app.app_context():
        strays = db.select(Event.id).where(
            Event.contact_id.is_not(None), Event.contact_id.not_in(db.select(Contact.id))
        )
        return len(db.session.scalars(strays).all())


def test_nobody_is_deleted_in_the_place_of_another(world: World, ada: StaffPerson) -> None:
    """The row's number may be somebody else's by the time the button is pressed."""
    ada.adds("Carl", ADDRESS)
    page = ada.page_of(ADDRESS).follows("Delete…")
    ada.page_of(ADDRESS).follows("Edit").presses("Save", email="dora@dale.example", use="typed")
    page.presses("Delete for good").sees("Look again").sees("dora@dale.example")
    with world.app.app_context():
        account, staff = Account.by_slug("birch"), Staff.by_email("bea@birch.example")
        assert account
        assert staff
        with pytest.raises(GoneError):
            delete_contact(account, 1, known_as="dora@dale.example", by=staff)
