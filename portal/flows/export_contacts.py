"""Export contacts: who took how many of them out is part of the account's history."""

from __future__ import annotations

from portal.db import atomic
from portal.models import contact_selection
from portal.models.account import Account
from portal.models.contact_selection import Selection
from portal.models.event import Event
from portal.models.staff import Staff


@atomic
def note_export(
    account: Account, selection: Selection, *, by: Staff | None, request_id: str = ""
) -> None:
    """Write down that *by*, or the operator, takes the selected contacts out, before the first of
    them goes."""
    Event.record(
        "exported",
        account_id=account.id,
        by=by,
        actor="" if by else "operator",
        request_id=request_id,
        detail={"contacts": contact_selection.count(account, selection)},
    )
