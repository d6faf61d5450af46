"""Login e-mail: staff send one or many contacts a link to sign in with."""

from __future__ import annotations

from collections.abc import Sequence

from portal import plugins
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
    account: Account, contacts: Sequence[Contact], *, by: Staff, request_id: str = ""
) -> int:
    """Queue one login e-mail for each of *contacts*, all or none; return how many.

    Someone who was never invited gets access by it. Raises AccessError for the first who is
    suspended or revoked.
    """
    channel = plugins.current().first_for(Kind.LOGIN)
    for contact in contacts:
        access = PortalAccess.grant(contact)
        link = MagicLink.issue(
            contact, Kind.LOGIN, access, life=account.life_of(Kind.LOGIN), issued_by=by
        )
        delivery = Delivery.queue(link, channel)
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
