"""Plan reminders: an account chooses whether and when those who have not come are asked again."""

from __future__ import annotations

from portal.db import atomic
from portal.models import account_choices
from portal.models.account import Account
from portal.models.event import Event
from portal.models.reminder_plan import Plan
from portal.models.staff import Staff


@atomic
def plan_reminders(account: Account, plan: Plan, *, by: Staff, request_id: str = "") -> bool:
    """Let *plan* hold from now on; tell whether anything changed."""
    held = account_choices.locked(account.id)
    before = Plan.of(held)
    if before == plan:
        return False
    account_choices.choose(held, reminders=plan.kept())
    Event.record(
        "reminders_changed",
        account_id=account.id,
        by=by,
        request_id=request_id,
        detail={"changes": {"reminders": [before.words, plan.words]}},
    )
    return True
