"""Who may be the same person as a contact: a few with the same phone or the same name."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import ColumnElement, select, text
from sqlalchemy.sql.elements import TextClause

from portal.db import db
from portal.languages import mark
from portal.models.contact import Contact

SHOWN = 3
"""Of each kind: a phone that a whole family shares is no list to read."""
_BOTH = mark("same phone number and name")


class Duplicate(NamedTuple):
    """Somebody like the contact, and in what."""

    contact: Contact
    same: str


def of(contact: Contact) -> list[Duplicate]:
    """Return whom an index finds; it takes as long with a million contacts."""
    found: dict[int, Duplicate] = {}
    for same, is_same in _likenesses(contact):
        query = select(Contact).where(
            Contact.account_id == contact.account_id, Contact.id != contact.id, *is_same
        )
        for other in db.session.scalars(query.order_by(Contact.id).limit(SHOWN)):
            found[other.id] = Duplicate(other, _BOTH if other.id in found else same)
    return [*found.values()]


def _likenesses(contact: Contact) -> list[tuple[str, tuple[ColumnElement[bool] | TextClause, ...]]]:
    likenesses: list[tuple[str, tuple[ColumnElement[bool] | TextClause, ...]]] = []
    if contact.phone:
        # Said as the index says it: SQLite uses it for nothing else.
        has_phone = text("contact.phone <> ''")
        likenesses.append((mark("same phone number"), (Contact.phone == contact.phone, has_phone)))
    if contact.name:
        named = Contact.name != ""
        likenesses.append((mark("same name"), (Contact.sort_key == contact.sort_key, named)))
    return likenesses
