"""The overview: the portal's address, how many are in, and what happened lately."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask import g, render_template
from flask.typing import ResponseReturnValue

from portal.db import now
from portal.models.account_domain import AccountDomain
from portal.models.account_tally import AccountTally, SignInDay
from portal.models.delivery_list import OTHER, trouble
from portal.models.event import Event
from portal.models.staff_role import Role
from portal.models.staff_task import StaffTask
from portal.web.admin.delivery_words import cause_words, kind_words
from portal.web.admin.desk import at_desk, desk
from portal.web.admin.history import activity_line, is_pending
from portal.web.admin.paused import paused_channels

bp = desk("overview", __name__)

LINES = 12
TASKS = 5
DAYS = 30


@bp.get("/")
def page() -> ResponseReturnValue:
    account, _staff = at_desk()
    has_lost = g.at_work.role != Role.SUPPORT and account.domain_since and not account.domain
    today = now().astimezone(ZoneInfo(account.time_zone)).date()
    tally = AccountTally.of(account.id)
    return render_template(
        "admin/overview.html",
        tally=tally,
        sign_ins=SignInDay.last(account.id, DAYS, today=today),
        trouble=_trouble(account.id) if tally.undelivered else [],
        tasks=StaffTask.page(account.id, size=TASKS + 1),
        shown_tasks=TASKS,
        kind_words=kind_words,
        paused=paused_channels(account.id),
        failing_domain=AccountDomain.failing(account.id) if has_lost else "",
        **_lately(account.id),
    )


@bp.get("/activity")
def activity() -> ResponseReturnValue:
    g.is_poll = True
    account, _staff = at_desk()
    return render_template("admin/_activity.html", **_lately(account.id))


def _trouble(account_id: int) -> list[tuple[str, str, int]]:
    """Return (filter, words, messages) for each reason why something did not arrive."""
    return [(cause or OTHER, cause_words(cause), count) for cause, count in trouble(account_id)]


def _lately(account_id: int) -> dict[str, object]:
    lines = Event.recent(account_id, size=LINES)
    return {"activity": [activity_line(line) for line in lines], "pending": is_pending(lines)}
