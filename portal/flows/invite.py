"""Invite: give someone the right to enter and send them the way in."""

from __future__ import annotations

from datetime import datetime

from portal import routing
from portal.db import atomic
from portal.models.account import Account
from portal.models.contact import Contact
from portal.models.delivery import Delivery
from portal.models.event import Event
from portal.models.magic_link import Kind, MagicLink
from portal.models.portal_access import PortalAccess
from portal.models.staff import Staff


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
    access = PortalAccess.grant(contact)
    wait = account.wait_until(send_at)
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
    return contact
