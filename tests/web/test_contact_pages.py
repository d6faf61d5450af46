"""The pages of the list: filters that fold away, order, columns and paging both ways."""

from __future__ import annotations

import pytest

from portal.db import atomic, db
from portal.flows.edit_contact import Details, add_contact
from portal.models import Account, Contact, Delivery, PortalAccess, Staff, Tag, contact_list
from portal.models.contact_tag import ContactTag
from portal.models.delivery import Status
from tests.cast import Page
from tests.cast import Staff as StaffPerson

PHONE = "+44 20 7946 0018"


def knows(person: StaffPerson, *people: Details) -> None:
    """Let the person's account know *people*."""
    with person.world.app.app_context():
        account, staff = Account.by_slug(person.slug), Staff.by_email(person.email)
        assert account
        assert staff
        for details in people:
            add_contact(account, details, by=staff)


def shown(page: Page) -> list[str]:
    return [str(name.get_text()) for name in page.soup.select(".people .who strong")]


def search(person: StaffPerson, **typed: str) -> Page:
    return person.at("contacts/").presses("Search", **typed)


def test_staff_find_people_by_what_they_know(ada: StaffPerson) -> None:
    knows(ada, Details("Zoë Ångström", "zoe@north.example", PHONE, "", "C-17"),
          Details("Dora Dale", "dora@dale.example"))  # fmt: skip
    for q in ("ANGSTROM", "(020) 7946-0018", "c-1", "north.ex"):
        assert shown(search(ada, q=q)) == ["Zoë Ångström"], q
    search(ada, q="%").sees("No contact matches").follows("Show all contacts").sees("Dora Dale")
    ada.at("contacts/?q=%25&status=nonsense&seen=9&tag=x&channel=fax").is_status(200)
    ada.at("contacts/?after=bm9uc2Vuc2U&before=WyJhIiwxXQ&sort=seen").is_status(200)


def test_filters_order_and_columns_stay_from_page_to_page(
    ada: StaffPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(contact_list.page.__kwdefaults__, "size", 2)
    knows(ada, *(Details(f"P{n}", f"p{n}@people.example", f"+4420794600{n:02}") for n in range(5)))
    folded = ada.at("contacts/")
    assert not folded.soup.select("details.more[open]")
    first = search(ada, channel="sms", sort="added", columns=["phone", "added"])
    assert first.soup.select("details.more[open]")
    assert shown(first) == ["P4", "P3"]
    second = first.sees("Phone: +442079460004", "Added:").follows("Next page")
    assert shown(second.sees("Phone:")) == ["P2", "P1"]
    third = second.follows("Next page").does_not_see("Next page")
    assert shown(third) == ["P0"]
    assert shown(third.follows("Previous page")) == ["P2", "P1"]
    assert shown(third.follows("First page").does_not_see("Previous page")) == ["P4", "P3"]


@atomic
def bounces(emails: dict[str, Status]) -> None:
    for delivery, contact in db.session.execute(
        db.select(Delivery, Contact).join(Contact, Contact.id == Delivery.contact_id)
    ):
        if contact.email in emails:
            delivery.status = emails[contact.email]
            PortalAccess.mark_delivery(contact.id, undelivered=True)


def test_each_status_seen_and_tag_has_its_people(ada: StaffPerson, bea: StaffPerson) -> None:
    knows(ada, Details("Nora New", "nora@new.example"))
    knows(bea, Details("Nina Next", "nina@next.example"))
    for name in ("bob", "fay", "ivy"):
        ada.invites(f"{name}@people.example", name=name.title())
    with ada.world.app.app_context():
        bounces({"bob@people.example": Status.BOUNCED, "fay@people.example": Status.FAILED})
        tags = wears("nora@new.example", "VIP"), wears("nina@next.example", "Other")
    for status, names in {
        "none": ["Nora New"],
        "invited": ["Bob", "Fay", "Ivy"],
        "undelivered": ["Bob", "Fay"],
        "bounced": ["Bob"],
        "dormant": [],
        "joined": [],
    }.items():
        assert shown(search(ada, status=status)) == names, status
    assert shown(search(ada, seen="never", status="bounced")) == ["Bob"]
    assert shown(search(ada, seen="not90")) == []
    assert shown(search(ada, tag=str(tags[0]), columns="tags").sees("Tags: VIP")) == ["Nora New"]
    assert shown(ada.at(f"contacts/?tag={tags[1]}")) == []
    ada.at("contacts/").does_not_see("Other")


@atomic
def wears(email: str, tag: str) -> int:
    contact = db.session.scalars(db.select(Contact).where(Contact.email == email)).one()
    found = Tag.find_or_add(contact.account_id, tag)
    ContactTag.put_on(found.id, [contact.id])
    return found.id


def test_a_tag_is_put_on_used_and_taken_off(ada: StaffPerson, sol: StaffPerson) -> None:
    knows(ada, Details("Nora New", "nora@new.example"), Details("Ole Old", "ole@old.example"))
    page = sol.page_of("nora@new.example").presses("Add tag", tag="  Very   IMPORTANT ")
    page.sees("Very IMPORTANT", "Sol Sand tagged Nora New: Very IMPORTANT")
    page.presses("Add tag", tag="very important").sees("has the tag “very important” already")
    ada.page_of("ole@old.example").presses("Add tag", tag=" ").sees("Type a tag")
    assert shown(page.follows("Very IMPORTANT")) == ["Nora New"]
    tag = str(page.soup.select(".chip form")[0]["action"])
    gone = ada.browser.posts(tag, {"csrf_token": ada.at().field("csrf_token")})
    gone.sees("Ada Byron took a tag off Nora New")
    assert not gone.soup.select(".chip")
    ada.at("contacts/").does_not_see("Any tag")


def test_a_view_is_saved_opened_renamed_and_deleted(ada: StaffPerson, sol: StaffPerson) -> None:
    knows(ada, Details("Nora New", "nora@new.example"))
    ada.invites("ivy@people.example", name="Ivy In")
    ada.at("contacts/").does_not_see("Save this view")
    search(ada, status="none", columns="added").presses("Save", name="To invite").sees("was saved")
    opened = sol.at("contacts/").follows("To invite").sees("Added:").does_not_see("Save this view")
    assert shown(opened) == ["Nora New"]
    search(sol, q="ivy").presses("Save", name="to  INVITE").sees("There is a view called")
    search(sol, q="ivy").presses("Save", name=" ").sees("Give the view a name")
    search(sol, q="ivy").presses("Save", name="Ivies").sees("was saved")
    edited = sol.at("contacts/").follows("To invite")
    to = str(edited.soup.select(".chip-edit")[0]["href"])
    sol.opens(to).presses("Save name", name="Ivies").is_status(422).sees("Choose another name")
    assert shown(sol.opens(to).presses("Save name", name="Newcomers")) == ["Nora New"]
    sol.opens(to).presses("Delete view").sees("was deleted").does_not_see("Newcomers To")
    ada.at("contacts/").does_not_see("Newcomers")
