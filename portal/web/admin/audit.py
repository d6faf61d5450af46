"""History: every change by staff and every sign-in, filtered, and as a file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from flask import Response, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue

from portal.db import now, reads_only
from portal.languages import mark
from portal.models import history_list
from portal.models.account import Account
from portal.models.event import EventLine
from portal.models.history_list import Filter
from portal.models.staff_role import Role
from portal.web import csv_cells, keys
from portal.web.admin.desk import at_desk, desk
from portal.web.admin.history import KINDS, timeline_line
from portal.web.admin.kind_words import kind_name
from portal.web.admin.local_time import day_typed, start_of

bp = desk("history", __name__, path="/history", roles=(Role.OWNER, Role.ADMIN))

GROUPS = (
    (history_list.CHANGES_AND_SIGN_INS, mark("Changes and sign-ins")),
    (history_list.OF_CHANGES, mark("Changes alone")),
    (history_list.OF_SIGN_INS, mark("Sign-ins alone")),
    (history_list.OF_MESSAGES, mark("Messages and links")),
    (history_list.EVERYTHING, mark("Everything")),
)
OTHERS = (
    ("client", mark("Clients")),
    ("portal", mark("The portal")),
    ("operator", mark("The operator")),
)
HEADINGS = (
    "Time (UTC)", "Who", "Actor", "What", "Kind", "Contact", "Contact's e-mail", "Details",
    "Request", "Event",
)  # fmt: skip
LONGEST_Q = 200


@bp.get("/")
def index() -> ResponseReturnValue:
    account, _staff = at_desk()
    asked = _asked()
    before = keys.read(request.args.get("before", ""), keys.moment, keys.row_id)
    page = history_list.page(account, _filter(account, asked), before=before)
    older = None
    if page.following is not None:
        at, event_id = page.following
        older = url_for(".index", **asked, before=keys.write(at.isoformat(), event_id))
    return render_template(
        "admin/history.html",
        lines=[(timeline_line(line), line) for line in page.lines],
        asked={"q": "", "what": "", "who": "", "since": "", "until": "", **asked},
        is_filtered=bool(asked),
        groups=GROUPS,
        kinds=_kinds(),
        people=[("", mark("Everyone")), *history_list.people(account), *OTHERS],
        older_url=older,
        first_url=url_for(".index", **asked) if before else None,
        export_url=url_for(".export", **asked),
        looked_back_to=page.looked_back_to,
    )


@bp.get("/export.csv")
def export() -> ResponseReturnValue:
    """Send all that matches, a stretch at a time: neither memory nor the database holds it."""
    account, _staff = at_desk()
    wanted = _filter(account, _asked())
    answer = Response(stream_with_context(_file(account, wanted)), mimetype="text/csv")
    name = f"history-{account.slug}-{now():%Y-%m-%d}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _file(account: Account, wanted: Filter) -> Iterator[str]:
    yield csv_cells.BOM + csv_cells.row(HEADINGS)
    lines = history_list.every(account, wanted)
    while True:
        token = reads_only.set(True)  # the request itself is over
        try:
            line = next(lines, None)
        finally:
            reads_only.reset(token)
        if line is None:
            return
        yield _row(line)


def _row(line: EventLine) -> str:
    shown = timeline_line(line)
    return csv_cells.row(
        (
            line.at.isoformat(timespec="microseconds"),
            line.staff_name or "",
            line.actor,
            shown.sentence,
            line.kind,
            line.contact_name or "",
            line.contact_email or "",
            shown.detail,
            line.request_id,
            line.id,
        )
    )


def _asked() -> dict[str, Any]:
    """Return the filters of this page's address that can be used, by name."""
    asked: dict[str, Any] = {}
    q = " ".join(request.args.get("q", "").replace("\0", "").split())[:LONGEST_Q]
    what, who = request.args.get("what", ""), request.args.get("who", "")
    if q:
        asked["q"] = q
    if what and what in {*dict(GROUPS), *KINDS}:
        asked["what"] = what
    if who in history_list.PEOPLE or (who.isascii() and who.isdecimal() and len(who) <= 18):
        asked["who"] = who
    for name in ("since", "until"):
        if day := day_typed(request.args.get(name, "")):
            asked[name] = day.isoformat()
    return asked


def _filter(account: Account, asked: dict[str, Any]) -> Filter:
    since, until = (day_typed(asked.get(name, "")) for name in ("since", "until"))
    return Filter(
        what=asked.get("what", ""),
        who=asked.get("who", ""),
        q=asked.get("q", ""),
        since=start_of(since, account.time_zone) if since else None,
        until=start_of(until + timedelta(days=1), account.time_zone) if until else None,
    )


def _kinds() -> list[tuple[str, str]]:
    return sorted(((kind, kind_name(kind)) for kind in KINDS), key=lambda pair: pair[1])
