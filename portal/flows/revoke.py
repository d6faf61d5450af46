"""Suspend, revoke, restore: end a contact's access at once, or open it again."""

from __future__ import annotations

from collections.abc import Sequence

from portal.db import atomic
from portal.languages import mark
from portal.models.account import Account
from portal.models.contact import Contact
from portal.models.delivery import Delivery
from portal.models.event import Event
from portal.models.portal_access import OPEN, Access, PortalAccess
from portal.models.staff import Staff

BATCH = 50


_SHUT_OUT = {
    Access.SUSPENDED: mark("The contact's access was suspended."),
    Access.REVOKED: mark("The contact's access was revoked."),
}


@atomic
def suspend(contact: Contact, *, by: Staff, request_id: str = "") -> bool:
    """Shut the contact out for now. Links, codes, sessions and queued messages end at once."""
    return _shut_out(contact, Access.SUSPENDED, OPEN, by, request_id)


@atomic
def revoke(contact: Contact, *, by: Staff, request_id: str = "") -> bool:
    """Take the contact's access away, with all that `suspend` ends."""
    return _shut_out(contact, Access.REVOKED, (*OPEN, Access.SUSPENDED), by, request_id)


def revoke_all(
    account: Account, contact_ids: Sequence[int], *, by: Staff, request_id: str = ""
) -> int:
    """Revoke the access of the account's own among *contact_ids*; return how many had one.

    In transactions of fifty, so that nobody waits long for a lock; pressing again goes on.
    """
    ids = sorted(set(contact_ids))
    return sum(
        _revoke_some(account, ids[start : start + BATCH], by, request_id)
        for start in range(0, len(ids), BATCH)
    )


@atomic
def restore(contact: Contact, *, by: Staff, request_id: str = "") -> bool:
    """Open the access again. What was ended stays ended: a new message is needed."""
    if not PortalAccess.restore(contact.id):
        return False
    _record("restored", contact, by, request_id)
    return True


@atomic
def _revoke_some(account: Account, ids: Sequence[int], by: Staff, request_id: str) -> int:
    found = sorted(Contact.find_all(account, ids), key=lambda one: one.id)
    was = (*OPEN, Access.SUSPENDED)
    return sum(_shut_out(one, Access.REVOKED, was, by, request_id) for one in found)


def _shut_out(
    contact: Contact, status: Access, was: tuple[Access, ...], by: Staff, request_id: str
) -> bool:
    if not PortalAccess.change_status(contact.id, status, was=was):
        return False
    Delivery.cancel_pending(contact.id, _SHUT_OUT[status])
    _record(str(status), contact, by, request_id)
    return True


def _record(kind: str, contact: Contact, by: Staff, request_id: str) -> None:
    Event.record(
        kind, account_id=contact.account_id, contact_id=contact.id, by=by, request_id=request_id
    )
