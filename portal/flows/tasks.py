"""Tasks: staff have handed the link over, or say that it is not needed."""

from __future__ import annotations

from portal.db import atomic
from portal.models.staff import Staff
from portal.models.staff_task import StaffTask


@atomic
def close_task(task: StaffTask, why: str, *, by: Staff) -> None:
    """Close what is open for the task's contact: one way in is enough."""
    StaffTask.close(task.contact_id, why, by=by.id)
