"""Deliveries: every message owed or sent, what became of it, and what staff can do about it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal import plugins
from portal.flows.channel_settings import try_now as try_channel_now
from portal.flows.outbox import cancel, retry_all, send_now
from portal.languages import _, _n, mark
from portal.models import delivery_list
from portal.models.delivery import Delivery
from portal.models.delivery_list import REVIVABLE, Filter
from portal.web import keys
from portal.web.admin import delivery_words, undo
from portal.web.admin.delivery_lines import as_line
from portal.web.admin.desk import at_desk, desk, go
from portal.web.admin.local_time import day_typed, start_of
from portal.web.admin.paused import paused_channels
from portal.web.languages import number

bp = desk("deliveries", __name__, path="/deliveries")

FILTERS = ("q", "status", "kind", "channel", "cause", "since", "until")
MOST_AT_ONCE = 500
STRETCHES = 10
"""So many stretches of the outbox are looked through for one bulk retry."""


@bp.get("/")
def index() -> ResponseReturnValue:
    account, _staff = at_desk()
    asked = _asked()
    before = _before()
    return render_template(
        "admin/deliveries.html",
        **_listed(asked, before),
        asked=dict.fromkeys(FILTERS, "") | asked,
        statuses=delivery_words.STATUSES,
        kinds=delivery_words.KINDS,
        causes=delivery_words.CAUSES,
        channels=[("", mark("Every channel")), *_channels()],
        paused=paused_channels(account.id),
        first_url=url_for(".index", **asked) if before else None,
    )


@bp.get("/list")
def live() -> ResponseReturnValue:
    g.is_poll = True
    return render_template("admin/_deliveries.html", **_listed(_asked(), _before()))


@bp.route("/retry", methods=["GET", "POST"], endpoint="retry_all")
def retry_matching() -> ResponseReturnValue:
    """Say how many can be sent again, and send them again when that is confirmed."""
    account, staff = at_desk()
    asked = _asked()
    ids, has_more = _revivable(asked)
    if request.method != "POST":
        return render_template(
            "admin/confirm_retry.html", count=len(ids), has_more=has_more, asked=asked
        )
    count = retry_all(account, ids, by=staff, request_id=g.request_id)
    if count:
        flash(
            _n(
                "%(count)s message is on the way again.",
                "%(count)s messages are on the way again.",
                count,
            ),
            "good",
        )
    else:
        flash(_("None of them can be sent again: their links open nothing any more."), "note")
    return go(url_for(".index", **asked))


@bp.post("/undo", endpoint="undo")
def take_back() -> ResponseReturnValue:
    account, staff = at_desk()
    ids = undo.ids_in(request.form.get("ids", ""))
    count = cancel(account, ids, by=staff, request_id=g.request_id)
    if count and count == len(ids):
        flash(_n("Taken back: nothing was sent.", "%(count)s taken back.", count), "good")
    elif count:
        out = number(len(ids) - count)
        taken = number(count)
        flash(
            _("%(taken)s taken back. %(out)s had already gone out.", taken=taken, out=out), "note"
        )
    else:
        flash(_("It has already gone out."), "bad")
    return _back(ids)


@bp.post("/send-now", endpoint="send_now")
def hurry() -> ResponseReturnValue:
    account, staff = at_desk()
    ids = undo.ids_in(request.form.get("ids", ""))
    if send_now(account, ids, by=staff, request_id=g.request_id):
        flash(_("On its way.") if len(ids) == 1 else _("On their way."), "good")
    else:
        flash(_("It has already gone out."), "note")
    return _back(ids)


@bp.post("/try-now")
def try_now() -> ResponseReturnValue:
    """Let one message of a paused channel go: when it gets through, the others follow."""
    account, staff = at_desk()
    channel_id = request.form.get("channel", "").replace("\0", "")
    if try_channel_now(account, channel_id, by=staff, request_id=g.request_id):
        flash(_("One message is tried now. When it gets through, the others follow."), "good")
    else:
        flash(_("The channel is not paused any more."), "note")
    return go(url_for(".index"))


def _asked() -> dict[str, Any]:
    """Return the filters of this page's address that can be used, by name."""
    given = {name: request.values.get(name, "") for name in ("status", "kind", "cause")}
    known = {
        "status": dict(delivery_words.STATUSES),
        "kind": dict(delivery_words.KINDS),
        "cause": delivery_words.CAUSES,
    }
    asked: dict[str, Any] = {
        name: value for name, value in given.items() if value and value in known[name]
    }
    channel = request.values.get("channel", "")
    if channel and len(channel) <= 30 and "\0" not in channel:
        asked["channel"] = channel
    for name in ("since", "until"):
        if day := day_typed(request.values.get(name, "")):
            asked[name] = day.isoformat()
    q = " ".join(request.values.get("q", "").replace("\0", "").split())[:200]
    return {**asked, "q": q} if q else asked


def _filter(asked: dict[str, Any]) -> Filter:
    account, _staff = at_desk()
    since, until = (day_typed(asked.get(name, "")) for name in ("since", "until"))
    words = {name: asked.get(name, "") for name in ("status", "channel", "kind", "cause", "q")}
    return Filter(
        **words,
        since=start_of(since, account.time_zone) if since else None,
        until=start_of(until + timedelta(days=1), account.time_zone) if until else None,
    )


def _before() -> Any:
    return keys.read(request.args.get("before", ""), keys.moment, keys.row_id)


def _listed(asked: dict[str, Any], before: Any) -> dict[str, Any]:
    account, _staff = at_desk()
    page = delivery_list.page(account, _filter(asked), before=before)
    here = {**asked, "before": request.args["before"]} if before else asked
    return {
        "lines": [as_line(line) for line in page.lines],
        "pending": any(
            delivery_words.is_moving(line.status, due_at=line.due_at) for line in page.lines
        ),
        "can_retry": any(line.status in REVIVABLE for line in page.lines),
        "live_url": url_for(".live", **here),
        "retry_url": url_for(".retry_all", **asked),
        "older_url": _older(asked, page.following),
        "looked_back_to": page.looked_back_to,
        "is_filtered": bool(asked),
    }


def _older(asked: dict[str, Any], key: delivery_list.Key | None) -> str | None:
    if key is None:
        return None
    return url_for(".index", **asked, before=keys.write(key[0].isoformat(), key[1]))


def _revivable(asked: dict[str, Any]) -> tuple[list[int], bool]:
    account, _staff = at_desk()
    wanted, found, before = _filter(asked), list[int](), None
    for _stretch in range(STRETCHES):
        ids, before = delivery_list.revivable(
            account, wanted, before=before, most=MOST_AT_ONCE - len(found)
        )
        found += ids
        if before is None or len(found) >= MOST_AT_ONCE:
            break
    return found, before is not None


def _channels() -> list[tuple[str, str]]:
    found = plugins.current().channels.values()
    return [(one.id, one.name) for one in found if not one.caps.synchronous]


def _back(ids: list[int]) -> ResponseReturnValue:
    account, _staff = at_desk()
    to = request.form.get("to", "")
    if to and len(ids) == 1:
        delivery = Delivery.find(account.id, ids[0])
        if delivery is not None and to == "delivery":
            return go(url_for("delivery.show", delivery_id=delivery.id))
        if delivery is not None:
            return go(url_for("contacts.show", contact_id=delivery.contact_id))
    return go(url_for("overview.page"))
