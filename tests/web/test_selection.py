"""A selection of contacts: who is meant, what is asked first, and what is done with them."""

from __future__ import annotations

import csv
import io

import pytest

from portal.db import db
from portal.flows.edit_contact import Details
from portal.models import Event, contact_selection
from portal.web.admin import deeds, selection
from tests.cast import Client, Page, Staff
from tests.web.test_contact_pages import knows, search, shown

PEOPLE = [Details(f"N{n}", f"n{n}@new.example", "", "", f"R-{n}") for n in range(5)]


def selecting(staff: Staff, query: str = "") -> Page:
    return staff.at(f"contacts/?{query}").follows("Select several")


def statuses(staff: Staff) -> dict[str, int]:
    return {name: len(shown(search(staff, status=name))) for name in
            ("none", "invited", "joined", "revoked")}  # fmt: skip


def test_those_ticked_are_invited_and_others_are_left_out(ada: Staff, carl: Client) -> None:
    knows(ada, *PEOPLE)
    ada.invites(carl.email)
    carl.signs_in()
    ids = [str(ada.id_of(email)) for email in ("n1@new.example", "n2@new.example", carl.email)]
    asked = selecting(ada).presses("Continue", deed="invite", contact_ids=ids)
    asked.sees("2 contacts of the 3 that you selected").presses("Send invitations").sees(
        "2 invitations are on the way"
    )
    assert statuses(ada) == {"none": 3, "invited": 2, "joined": 1, "revoked": 0}
    assert ada.world.worker.drains() == 2
    again = selecting(ada).presses("Continue", deed="invite", contact_ids=ids)
    again.sees("This is for none of them").follows("Back to the list")
    selecting(ada).presses("Continue", deed="revoke").sees("Nobody is selected")


def test_everyone_who_matches_is_asked_about_first(ada: Staff, bea: Staff) -> None:
    knows(ada, *PEOPLE, Details("Other", "other@old.example"))
    knows(bea, Details("N9", "n9@new.example"))
    matching = selecting(ada, "q=new.example").presses("Continue", deed="tag", scope="all")
    matching.sees("5 contacts, everyone who matches").presses("Add tag", tag_name="New").sees(
        "5 contacts tagged “New”"
    )
    for deed, button, told in (
        ("login_email", "Send login e-mails", "6 login e-mails are on the way"),
        ("resend", "Send invitations again", "6 invitations are on the way"),
        ("revoke", "Revoke", "6 contacts can enter no more"),
    ):
        selecting(ada).presses("Continue", deed=deed, scope="page").presses(button).sees(told)
    assert statuses(ada) == {"none": 0, "invited": 0, "joined": 0, "revoked": 6}
    assert statuses(bea) == {"none": 1, "invited": 0, "joined": 0, "revoked": 0}
    tagged = search(ada, q="n1").soup.select_one("#tag option[value]:not([value=''])")
    assert tagged
    few = selecting(ada, f"tag={tagged['value']}&q=n1").presses(
        "Continue", deed="untag", scope="all"
    )
    few.presses("Take it off", tag_name="New").sees("1 contact freed of the tag “New”")
    assert len(shown(ada.at(f"contacts/?tag={tagged['value']}"))) == 4


def test_a_large_selection_becomes_a_run(ada: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    knows(ada, *PEOPLE)
    for name in ("invite", "login_email", "revoke"):
        monkeypatch.setitem(deeds.DEEDS, name, deeds.DEEDS[name]._replace(most=3))
    monkeypatch.setattr(contact_selection, "COUNTED", 4)
    monkeypatch.setattr(selection, "COUNTED", 4)
    too_many = selecting(ada).presses("Continue", deed="invite", scope="all")
    preview = too_many.sees("more than 4 contacts", "done by a run").presses("Show the preview")
    preview.sees("Selected contacts", "5 rows", "In your contacts, never invited")
    assert statuses(ada)["none"] == 5, "nothing has happened yet"
    preview.presses("Begin the run").sees("Running", "0 of 5 rows")
    ada.world.worker.drains()
    assert statuses(ada)["invited"] == 5
    assert len(ada.world.postman.letters) == 5
    form = {"csrf_token": ada.at().field("csrf_token"), "deed": "revoke", "scope": "all"}
    ada.browser.posts("/admin/acme/contacts/selection/", {**form, "deed": "export"}).is_status(404)
    for left in (2, 0):
        page = selecting(ada).presses("Continue", deed="revoke", scope="all")
        page.presses("Revoke").sees("can enter no more")
        assert statuses(ada)["invited"] == left


def test_an_export_holds_everyone_and_no_formula(
    ada: Staff, sol: Staff, bea: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contact_selection, "BATCH", 2)
    evil = ("=1+1", "+44 20 7946 0018", '@SUM(A1), "x"', "-2", "\u3000=3", "Zoë; 李")
    knows(ada, *(Details(name, f"{n}=x@new.example", "", "", name) for n, name in enumerate(evil)))
    knows(bea, Details("Strange", "strange@new.example"))
    page = selecting(sol).presses("Continue", deed="export", scope="all").sees("6 contacts")
    answer = page.presses("Download").response
    assert answer.mimetype == "text/csv"
    assert 'filename="contacts-acme.csv"' in answer.headers["Content-Disposition"]
    text = answer.get_data().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["Name"].removeprefix("'") for row in rows} == set(evil)
    cells = [cell for row in rows for cell in row.values()]
    assert all(cell.lstrip()[:1] not in ("=", "+", "-", "@") for cell in cells if cell)
    assert {row["E-mail"] for row in rows} == {f"{n}=x@new.example" for n in range(6)}
    with ada.world.app.app_context():
        noted = db.session.scalars(db.select(Event).where(Event.kind == "exported")).one()
        assert noted.detail == {"contacts": 6}
