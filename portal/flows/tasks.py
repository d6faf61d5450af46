"""Tasks: staff have handed the link over, or say that it is not needed."""

from __future__ import annotations

from portal.db import atomic
from portal.models.event import Event
from portal.models.staff import Staff
from portal.models.staff_task import StaffTask


@atomic
def close_task(task: StaffTask, why: str, *, by: Staff, request_id: str = "") -> None:
    """Close what is open for the task's contact: one way in is enough."""
    if StaffTask.close(task.contact_id, why, by=by.id):
        Event.record(
            "task_closed",
            account_id=task.account_id,
            contact_id=task.contact_id,
            by=by,
            link_id=task.link_id,
            delivery_id=task.delivery_id,
            request_id=request_id,
            detail={"why": why},
        )
