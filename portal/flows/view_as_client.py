"""View as client: staff see the portal as a client sees it, for a reason that the client reads."""

from __future__ import annotations

from portal import tokens
from portal.db import atomic
from portal.errors import AccessError
from portal.languages import _
from portal.models.account import Account
from portal.models.client_view import ClientView
from portal.models.contact import Contact
from portal.models.event import Event
from portal.models.portal_access import PortalAccess
from portal.models.staff import Staff


@atomic
def view_as_client(
    contact: Contact, *, by: Staff, session_id: int, reason: str, request_id: str = ""
) -> str:
    """Begin a view that belongs to *by*'s session; return the secret of its cookie.

    Raises AccessError for somebody who may not enter: there is nothing that they would see.
    """
    access = PortalAccess.of(contact.id)
    if access is None or not access.is_open:
        raise AccessError(
            _(
                "%(who)s has no access, so there is no portal to see as them.",
                who=contact.called,
            )
        )
    secret = tokens.new_secret()
    ClientView.open(contact, session_id, tokens.digest(secret))
    Event.record(
        "viewed",
        account_id=contact.account_id,
        contact_id=contact.id,
        by=by,
        request_id=request_id,
        detail={"reason": reason},
    )
    return secret


@atomic
def end_view(account: Account, session_id: int) -> int | None:
    """End the view that this staff session has; return the contact, or None if there was none."""
    return ClientView.end(account.id, session_id)
