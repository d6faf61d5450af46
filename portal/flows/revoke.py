"""Suspend, revoke, restore: end a contact's access at once, or open it again."""

from __future__ import annotations

from portal.db import atomic
from portal.models.contact import Contact
from portal.models.delivery import Delivery
from portal.models.event import Event
from portal.models.portal_access import OPEN, Access, PortalAccess
from portal.models.staff import Staff


@atomic
def suspend(contact: Contact, *, by: Staff, request_id: str = "") -> bool:
    """Shut the contact out for now. Links, codes, sessions and queued messages end at once."""
    return _shut_out(contact, Access.SUSPENDED, OPEN, by, request_id)


@atomic
def revoke(contact: Contact, *, by: Staff, request_id: str = "") -> bool:
    """Take the contact's access away, with all that `suspend` ends."""
    return _shut_out(contact, Access.REVOKED, (*OPEN, Access.SUSPENDED), by, request_id)


@atomic
def restore(contact: Contact, *, by: Staff, request_id: str = "") -> bool:
    """Open the access again. What was ended stays ended: a new message is needed."""
    if not PortalAccess.restore(contact.id):
        return False
    _record("restored", contact, by, request_id)
    return True


def _shut_out(
    contact: Contact, status: Access, was: tuple[Access, ...], by: Staff, request_id: str
) -> bool:
    if not PortalAccess.change_status(contact.id, status, was=was):
        return False
    Delivery.cancel_pending(contact.id, f"The contact's access was {status}.")
    _record(str(status), contact, by, request_id)
    return True


def _record(kind: str, contact: Contact, by: Staff, request_id: str) -> None:
    Event.record(
        kind, account_id=contact.account_id, contact_id=contact.id, by=by, request_id=request_id
    )
