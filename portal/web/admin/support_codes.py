"""Support code: staff type what a client reads out, and land where the client was."""

from __future__ import annotations

from flask import Response, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal import support_codes
from portal.flows.support import Found, find, may_try, miss, miss_aside
from portal.languages import _, mark
from portal.web.admin.desk import at_desk, desk, go
from portal.web.admin.support_code_words import page_words
from portal.web.browser import by_number
from portal.web.forms import SupportCodeForm
from portal.web.redirects import see_other

bp = desk("support_codes", __name__, path="/support-code")

TOO_MANY = mark(
    "That were many codes that lead nowhere. Wait five minutes, then ask for the code again."
)
UNKNOWN = mark("No page showed this code in the last 24 hours. Ask them to read it out once more.")


@bp.route("/", methods=["GET", "POST"])
def enter() -> ResponseReturnValue:
    form = SupportCodeForm()
    if request.method != "POST":
        form.code.data = request.args.get("code", "")[:20]
        return _page(form)
    if not form.validate():
        return _page(form, 422)
    account, staff = at_desk()
    if not may_try(account, staff):
        return _wrong(form, TOO_MANY)
    found = find(account, form.code.data or "")
    if found is None:
        miss(account, staff)
        return _wrong(form, UNKNOWN)
    if found.contact_id is None:
        return render_template("admin/support_code_found.html", found=found, **_words(found))
    flash(_("The client's page is marked on the timeline."), "good")
    return go(where(found))


def search(typed: str) -> Response | None:
    """Return where a support code leads that was typed into a search which found nobody else."""
    account, staff = at_desk()
    code = support_codes.read(typed)
    if not code or not may_try(account, staff):
        return None
    found = find(account, code)
    if found is None:
        miss_aside(account, staff)
        return None
    known = found.contact_id is not None
    return see_other(where(found) if known else url_for("support_codes.enter", code=code))


def _page(form: SupportCodeForm, status: int = 200) -> ResponseReturnValue:
    return render_template("admin/support_code.html", form=form), status


def _wrong(form: SupportCodeForm, words: str) -> ResponseReturnValue:
    form.code.errors = [words]
    return _page(form, 422)


def _words(found: Found) -> dict[str, object]:
    blind = found.blind
    saw, next_step = page_words(found.page)
    return {
        "saw": saw,
        "next_step": next_step,
        "browser": found.browser or by_number(blind.browser if blind else 0),
        "since": blind.since if blind else None,
        "until": blind.until if blind else None,
    }


def where(found: Found) -> str:
    """Return the address of the contact's timeline, at the line that the code is about."""
    event = found.event_id or None
    anchor = f"event-{event}" if event else None
    return url_for("contacts.show", contact_id=found.contact_id, event=event, _anchor=anchor)
