"""Delete a contact for good: what is held on them goes, that something happened stays."""

from __future__ import annotations

from portal.db import atomic, db
from portal.models import contact_traces
from portal.models.account import Account
from portal.models.contact_hold import hold, once_more
from portal.models.event import Event
from portal.models.staff import Staff


@once_more
@atomic
def delete_contact(
    account: Account, contact_id: int, *, known_as: str, by: Staff, request_id: str = ""
) -> None:
    """Erase the contact whose normalised address is *known_as*, at once and without a way back.

    Links, codes, sessions and messages go with the row; a worker that is sending at this moment
    finds nothing to write to. What happened stays in the history without a name or a detail.
    Raises GoneError when somebody was quicker.
    """
    (contact,) = hold(account, {contact_id: known_as})
    Event.erase_details(contact.id)
    contact_traces.erase(contact)
    db.session.delete(contact)
    db.session.flush()
    Event.record("deleted", account_id=account.id, by=by, request_id=request_id)


@atomic
def note_personal_export(
    account: Account, contact_id: int, *, by: Staff, request_id: str = ""
) -> None:
    """Write down that *by* takes out all that is held on the contact, before it goes."""
    Event.record(
        "person_exported",
        account_id=account.id,
        contact_id=contact_id,
        by=by,
        request_id=request_id,
    )
