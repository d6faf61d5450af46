"""The overview: the portal's address, how many are in, and what happened lately."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask import g, render_template
from flask.typing import ResponseReturnValue

from portal.db import now
from portal.models.account_tally import AccountTally, SignInDay
from portal.models.event import Event
from portal.web.admin.desk import at_desk, desk
from portal.web.admin.history import activity_line, is_pending

bp = desk("overview", __name__)

LINES = 12
DAYS = 30


@bp.get("/")
def page() -> ResponseReturnValue:
    account, _staff = at_desk()
    today = now().astimezone(ZoneInfo(account.time_zone)).date()
    return render_template(
        "admin/overview.html",
        tally=AccountTally.of(account.id),
        sign_ins=SignInDay.last(account.id, DAYS, today=today),
        **_lately(account.id),
    )


@bp.get("/activity")
def activity() -> ResponseReturnValue:
    g.is_poll = True
    account, _staff = at_desk()
    return render_template("admin/_activity.html", **_lately(account.id))


def _lately(account_id: int) -> dict[str, object]:
    lines = Event.recent(account_id, size=LINES)
    return {"activity": [activity_line(line) for line in lines], "pending": is_pending(lines)}
