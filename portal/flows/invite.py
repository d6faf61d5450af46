"""Invite: give someone the right to enter and send them the way in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from portal import routing
from portal.db import atomic
from portal.errors import AccessError
from portal.models.account import Account
from portal.models.contact import Contact
from portal.models.delivery import Delivery
from portal.models.event import Event
from portal.models.magic_link import Kind, MagicLink
from portal.models.portal_access import PortalAccess
from portal.models.staff import Staff

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
    request_id: str = "",
) -> Contact:
    """Give *email* access to the portal of *account* and queue an invitation.

    It goes out at *send_at*, or once the account's undo window is over.
    Inviting twice is harmless: the access stays one, the message goes again.
    Raises AddressError, or AccessError for someone suspended or revoked.
    """
    contact = Contact.find_or_add(account, email, name)
    _send(account, contact, account.wait_until(send_at), by=by, note=note, request_id=request_id)
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
    wait, invited = account.wait_until(None, many=True), 0
    for contact in sorted(Contact.find_all(account, ids), key=lambda one: one.id):
        try:
            _send(account, contact, wait, by=by, note="", request_id=request_id)
        except AccessError:
            continue
        invited += 1
    return invited


def _send(
    account: Account, contact: Contact, wait: timedelta, *, by: Staff, note: str, request_id: str
) -> None:
    access = PortalAccess.grant(contact)
    link = MagicLink.issue(
        contact, Kind.INVITE, access, life=account.life_of(Kind.INVITE), wait=wait, issued_by=by
    )
    channel = routing.first(account, Kind.INVITE, contact)
    delivery = Delivery.queue(link, channel, note=note, wait=wait)
    Event.record(
        "invited",
        account_id=account.id,
        contact_id=contact.id,
        by=by,
        link_id=link.id,
        delivery_id=delivery.id,
        request_id=request_id,
    )
