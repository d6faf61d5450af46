"""Invite: give someone the right to enter and send them the way in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from portal.db import atomic
from portal.errors import AccessError
from portal.models import access_end
from portal.models.account import Account
from portal.models.contact import Contact
from portal.models.magic_link import Kind
from portal.models.staff import Staff
from portal.sending import send_links

BATCH = 50


@atomic
def invite(
    account: Account,
    email: str,
    *,
    by: Staff,
    name: str = "",
    note: str = "",
    send_at: datetime | None = None,
    ends_at: datetime | None = None,
    request_id: str = "",
) -> Contact:
    """Give *email* access to the portal of *account* and queue an invitation.

    It goes out at *send_at*, or once the account's undo window is over. With *ends_at* the access
    ends then; without, an end that it has already stays.
    Inviting twice is harmless: the access stays one, the message goes again.
    Raises AddressError, or AccessError for someone suspended, revoked or past their end.
    """
    contact = Contact.find_or_add(account, email, name)
    wait = account.wait_until(send_at)
    sent = send_links(
        account, [contact], Kind.INVITE, by=by, wait=wait, note=note, request_id=request_id
    )
    if sent.refused:
        raise AccessError(sent.refused[contact.id])
    if ends_at is not None:
        access_end.move(account, [contact.id], ends_at, by=by, request_id=request_id)
    return contact


def invite_all(
    account: Account, contact_ids: Sequence[int], *, by: Staff, request_id: str = ""
) -> int:
    """Invite the account's own among *contact_ids*; return how many that was.

    In transactions of fifty, so that nobody waits long for a lock; pressing again goes on. Who was
    suspended or revoked meanwhile is left out.
    """
    ids = sorted(set(contact_ids))
    return sum(
        _invite_some(account, ids[start : start + BATCH], by, request_id)
        for start in range(0, len(ids), BATCH)
    )


@atomic
def _invite_some(account: Account, ids: Sequence[int], by: Staff, request_id: str) -> int:
    wait, contacts = account.wait_until(None, many=True), Contact.find_all(account, ids)
    sent = send_links(account, contacts, Kind.INVITE, by=by, wait=wait, request_id=request_id)
    return len(sent.deliveries)
