"""Login e-mail: staff send one or many contacts a link to sign in with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from portal.db import atomic
from portal.errors import AccessError
from portal.models.account import Account
from portal.models.contact import Contact
from portal.models.magic_link import Kind
from portal.models.staff import Staff
from portal.sending import send_links

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
    sent = send_links(account, contacts, Kind.LOGIN, by=by, wait=wait, request_id=request_id)
    for contact in contacts:
        if contact.id in sent.refused:
            raise AccessError(sent.refused[contact.id])
    return len(sent.deliveries)


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
    wait, contacts = account.wait_until(None, many=True), Contact.find_all(account, ids)
    sent = send_links(account, contacts, Kind.LOGIN, by=by, wait=wait, request_id=request_id)
    return len(sent.deliveries)
