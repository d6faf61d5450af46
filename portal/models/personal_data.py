"""Personal data: all rows that are held on one contact, for whoever asks what is known of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import select

from portal.db import db
from portal.models.client_session import ClientSession
from portal.models.contact import Contact
from portal.models.delivery import Delivery
from portal.models.event import PAGE, Event, EventLine
from portal.models.magic_link import MagicLink
from portal.models.portal_access import PortalAccess
from portal.models.reminder import Reminder
from portal.models.run import Run
from portal.models.run_row import RunRow
from portal.models.staff_task import StaffTask
from portal.models.support_code import SupportCode
from portal.models.tag import Tag


class PersonalData(NamedTuple):
    """Everything on one person, oldest first. What only opens doors (digests, nonces) is left out
    by whoever writes it down."""

    contact: Contact
    access: PortalAccess | None
    tags: list[Tag]
    messages: list[Delivery]
    links: list[MagicLink]
    browsers: list[ClientSession]
    support_codes: list[SupportCode]
    tasks: list[StaffTask]
    reminder: Reminder | None
    lines: list[RunRow]
    """Of files and of pasted addresses, by which staff brought them in."""


def of(contact: Contact) -> PersonalData:
    return PersonalData(
        contact,
        PortalAccess.of(contact.id),
        Tag.of_contacts([contact.id]).get(contact.id, []),
        _rows(Delivery, contact.id),
        _rows(MagicLink, contact.id),
        _rows(ClientSession, contact.id),
        _rows(SupportCode, contact.id),
        _rows(StaffTask, contact.id),
        Reminder.of(contact.id),
        _lines(contact),
    )


def timeline(contact: Contact) -> Iterator[EventLine]:
    """Yield the whole history of the contact, latest first."""
    before = None
    while True:
        lines = Event.timeline(contact.id, before=before)
        yield from lines
        if len(lines) < PAGE:
            return
        before = (lines[-1].at, lines[-1].id)


def _lines(contact: Contact) -> list[RunRow]:
    of_account = select(Run.id).where(Run.account_id == contact.account_id)
    names_them = (RunRow.contact_id == contact.id) | (RunRow.email_norm == contact.email_norm)
    query = select(RunRow).where(RunRow.run_id.in_(of_account), names_them)
    return list(db.session.scalars(query.order_by(RunRow.id)))


def _rows(table: Any, contact_id: int) -> list[Any]:
    query = select(table).where(table.contact_id == contact_id)
    return list(db.session.scalars(query.order_by(table.created_at, table.id)))
