"""Login e-mail: staff send one or many contacts a link to sign in with."""

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
        _send(account, contact, wait, by=by, request_id=request_id)
    return len(contacts)


def send_login_emails_to(
    account: Account, contact_ids: Sequence[int], *, by: Staff, request_id: str = ""
) -> int:
    """Queue one login e-mail for each of the account's own among *contact_ids*; return how many.

    In transactions of fifty, so that nobody waits long for a lock. Who was suspended or revoked
    meanwhile is left out.
    """
    ids = sorted(set(contact_ids))
    return sum(
        _send_some(account, ids[start : start + BATCH], by, request_id)
        for start in range(0, len(ids), BATCH)
    )


@atomic
def _send_some(account: Account, ids: Sequence[int], by: Staff, request_id: str) -> int:
    wait, sent = account.wait_until(None, many=True), 0
    for contact in sorted(Contact.find_all(account, ids), key=lambda one: one.id):
        try:
            _send(account, contact, wait, by=by, request_id=request_id)
        except AccessError:
            continue
        sent += 1
    return sent


def _send(
    account: Account, contact: Contact, wait: timedelta, *, by: Staff, request_id: str
) -> None:
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
