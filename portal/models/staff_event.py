"""What staff do as themselves: it stands in the history of each account that they work for."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from portal.db import db
from portal.models.event import Event
from portal.models.staff_role import StaffRole


def record(
    kind: str, staff_id: int, *, request_id: str = "", actor: str = "staff", **detail: Any
) -> None:
    """Append a line to each of the person's accounts. *actor* is `operator` for what others did to
    them on the command line."""
    query = select(StaffRole.account_id).where(StaffRole.staff_id == staff_id)
    accounts = db.session.scalars(query.order_by(StaffRole.account_id)).all()
    if accounts:
        line = {"staff_id": staff_id, "actor": actor, "request_id": request_id, "detail": detail}
        Event.record_many([{"kind": kind, "account_id": one, **line} for one in accounts])
