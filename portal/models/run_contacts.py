"""The contacts of a run's rows: those that are missing are added, and the others filled in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from portal.db import db, execute, now
from portal.models.account import Account
from portal.models.contact import Contact, with_keys
from portal.models.contact_tag import ContactTag
from portal.models.run_row import RunRow
from portal.models.tag import Tag


def of_rows(account: Account, rows: Sequence[RunRow]) -> tuple[dict[str, Contact], set[int]]:
    """Return the contacts of *rows* by normalised address, and the ids of those just added.

    Two who add the same at once add one. What a contact has already is kept; what is missing is
    filled in.
    """
    before = _found(account, rows)
    missing = [row for row in rows if row.email_norm not in before]
    _add(account, missing)
    contacts = {**before, **_found(account, missing)} if missing else before
    added = {contacts[row.email_norm].id for row in missing}
    for row in rows:
        _fill_in(contacts[row.email_norm], row)
    db.session.flush()
    return contacts, added


def tag(account: Account, wanted: dict[str, list[int]]) -> dict[str, list[int]]:
    """Put each tag on its contacts; return on whom each was new."""
    done = {}
    for name in sorted(wanted):
        ids = ContactTag.put_on(Tag.find_or_add(account.id, name).id, sorted({*wanted[name]}))
        if ids:
            done[name] = sorted(ids)
    return done


def _found(account: Account, rows: Sequence[RunRow]) -> dict[str, Contact]:
    query = select(Contact).where(
        Contact.account_id == account.id,
        Contact.email_norm.in_([row.email_norm for row in rows]),
    )
    found = db.session.scalars(query.execution_options(populate_existing=True))
    return {contact.email_norm: contact for contact in found}


def _add(account: Account, rows: Sequence[RunRow]) -> None:
    if not rows:
        return
    dialect: Any = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    at = now()
    execute(
        dialect.insert(Contact).on_conflict_do_nothing(index_elements=["account_id", "email_norm"]),
        [
            {
                "account_id": account.id,
                "addresses": {},
                "locale": "",
                "created_at": at,
                **with_keys(
                    {
                        "name": row.name,
                        "email": row.email,
                        "email_norm": row.email_norm,
                        "phone": row.phone,
                        "external_id": row.external_id,
                    }
                ),
            }
            for row in sorted(rows, key=lambda one: one.email_norm)
        ],
    )


def _fill_in(contact: Contact, row: RunRow) -> None:
    missing = [
        name
        for name in ("name", "phone", "external_id")
        if getattr(row, name) and not getattr(contact, name)
    ]
    for name in missing:
        setattr(contact, name, getattr(row, name))
    if missing:
        contact.refresh_keys()
