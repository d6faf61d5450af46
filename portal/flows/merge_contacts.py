"""Merge two contacts that are one person: nothing of their history is lost."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from portal.db import atomic, db
from portal.languages import mark
from portal.models import contact_merge
from portal.models.account import Account
from portal.models.contact import Contact
from portal.models.contact_hold import hold, once_more
from portal.models.delivery import Delivery
from portal.models.event import Event
from portal.models.portal_access import PortalAccess
from portal.models.staff import Staff

FIELDS = ("name", "email", "phone", "external_id", "locale")
"""What is chosen from the one or the other."""


@once_more
@atomic
def merge_contacts(
    account: Account,
    kept_id: int,
    gone_id: int,
    *,
    known_as: dict[int, str],
    taken: Collection[str] = (),
    by: Staff,
    request_id: str = "",
) -> Contact:
    """Let *kept_id* be all that both were; the fields *taken* are those of *gone_id*.

    *known_as* says who both are, by their normalised addresses. Of two people who merge the same
    contacts at once, in whatever direction, one does it. Raises GoneError for the other one.
    """
    held = {contact.id: contact for contact in hold(account, known_as)}
    kept, gone = held[kept_id], held[gone_id]
    after = {name: getattr(gone if name in taken else kept, name) for name in FIELDS}
    before = {name: getattr(kept, name) for name in FIELDS}
    merged = {name: getattr(gone, name) for name in FIELDS}
    addresses = {**gone.addresses, **kept.addresses}
    contact_merge.move(gone, kept)
    if kept.change(**after, addresses=addresses):
        PortalAccess.end_everything(kept.id)
        Delivery.cancel_pending(kept.id, mark("The contact's address was changed."))
    db.session.flush()
    Event.record(
        "merged",
        account_id=account.id,
        contact_id=kept.id,
        by=by,
        request_id=request_id,
        detail=_told(before, after, merged),
    )
    return kept


def _told(before: dict[str, Any], after: dict[str, Any], merged: dict[str, Any]) -> dict[str, Any]:
    changes = {name: [before[name], after[name]] for name in FIELDS if before[name] != after[name]}
    told = {"merged": {name: value for name, value in merged.items() if value}}
    return {**told, "changes": changes} if changes else told
