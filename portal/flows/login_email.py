"""Login e-mail: staff send one or many contacts a link to sign in with."""

from __future__ import annotations

from collections.abc import Sequence
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
def send_login_emails(
    account: Account,
    contacts: Sequence[Contact],
    *,
    by: Staff,
    send_at: datetime | None = None,
    request_id: str = "",
) -> int:
    """Queue one login e-mail for each of *contacts*, all or none; return how many.

    They go out at *send_at*, or once the account's undo window for one or for many is over.
    Someone who was never invited gets access by it. Raises AccessError for the first who is
    suspended or revoked.
    """
    wait = account.wait_until(send_at, many=len(contacts) > 1)
    for contact in contacts:
        access = PortalAccess.grant(contact)
        link = MagicLink.issue(
            contact, Kind.LOGIN, access, life=account.life_of(Kind.LOGIN), wait=wait, issued_by=by
        )
        channel = routing.first(account, Kind.LOGIN, contact)
        delivery = Delivery.queue(link, channel, wait=wait)
        Event.record(
            "login_email",
            account_id=account.id,
            contact_id=contact.id,
            by=by,
            link_id=link.id,
            delivery_id=delivery.id,
            request_id=request_id,
        )
    return len(contacts)
