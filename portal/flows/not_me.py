"""Not me: whoever got an invitation that is not for them says so, and hears no more of it."""

from __future__ import annotations

from portal.db import atomic
from portal.models.event import Event
from portal.models.look import Look
from portal.models.portal_access import PortalAccess
from portal.models.reminder import NOT_ME, Reminder


@atomic
def not_me(look: Look, *, browser: str, network: str, request_id: str = "") -> None:
    """End the reminders of the invitation that was opened, and tell staff. Once more is harmless.

    Nobody signs in for it, so nothing else is ended: whoever merely holds the message could do it.
    """
    PortalAccess.hold(look.contact_id)
    if not Reminder.refuse(look.contact_id, look.account_id):
        return
    Event.record(
        "not_me",
        account_id=look.account_id,
        contact_id=look.contact_id,
        actor="client",
        link_id=look.id,
        request_id=request_id,
        detail={"browser": browser, "network": network},
    )


def is_told(look: Look) -> bool:
    """Tell whether somebody has said so already."""
    found = Reminder.of(look.contact_id)
    return found is not None and found.ended == NOT_ME
