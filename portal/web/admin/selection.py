"""A selection of contacts: what is to be done with whom, confirmed first, then done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response, abort, flash, g, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue

from portal.flows.end_access import end_access
from portal.flows.export_contacts import note_export
from portal.flows.invite import invite_all
from portal.flows.login_email import send_login_emails_to
from portal.flows.new_run import run_of_selection
from portal.flows.read_run import read
from portal.flows.revoke import revoke_all
from portal.flows.tag_contacts import tag_contacts, untag_contacts
from portal.languages import _, _n
from portal.models import contact_selection
from portal.models.contact_selection import COUNTED, Selection
from portal.models.run import Run, What
from portal.models.tag import LONGEST, Tag
from portal.web.admin import contact_csv, contact_filters, undo
from portal.web.admin.access_ends import chosen
from portal.web.admin.deeds import DEEDS, Deed
from portal.web.admin.desk import at_desk, desk, go
from portal.web.admin.end_times import PRESETS
from portal.web.admin.runs import AT_ONCE_SECONDS
from portal.web.forms import AccessEndForm, one_line, whole_number
from portal.web.languages import number
from portal.web.templating import when

bp = desk("selection", __name__, path="/contacts/selection")

_SENDS = {
    "invite": invite_all,
    "resend": invite_all,
    "login_email": send_login_emails_to,
}
_RUNS = {"invite": What.INVITE, "resend": What.INVITE, "login_email": What.LOGIN_EMAIL}
"""What a run does for those who are too many to be done while somebody waits."""


@bp.get("/")
def confirm() -> ResponseReturnValue:
    """Say how many it is for, and what will happen; nothing has happened yet."""
    return _confirm(AccessEndForm(formdata=None))


def _confirm(form: AccessEndForm) -> str:
    account, _staff = at_desk()
    name, asked, selection = _deed_name(), contact_filters.asked(), _selection()
    deed = DEEDS[name]
    return render_template(
        "admin/selection.html",
        name=name,
        deed=deed,
        asked=asked,
        counted=COUNTED,
        selected=contact_selection.count(account, selection),
        count=contact_selection.count(account, _for(deed, selection)),
        is_all=selection.wanted is not None,
        can_run=name in _RUNS,
        ids=undo.ranges(selection.ids),
        tags=Tag.in_use(account.id),
        list_url=url_for("contacts.index", **contact_filters.as_query(asked)),
        form=form,
        presets=PRESETS,
    )


@bp.post("/")
def act() -> ResponseReturnValue:
    account, _staff = at_desk()
    name, selection = _deed_name(), _selection()
    if name == "export":
        abort(404)  # it has an address of its own, since it answers with a file
    deed, back = DEEDS[name], url_for("contacts.index", **_query())
    selection = _for(deed, selection)
    if name in ("tag", "untag"):
        _tag(name, selection)
        return go(back)
    form = AccessEndForm()
    ends_at, is_time = chosen(form, account) if name == "end_access" else (None, True)
    if not is_time:
        return _confirm(form), 422
    ids = contact_selection.first(account, selection, deed.most + 1)
    if len(ids) > deed.most and name in _RUNS:
        return go(url_for("runs.show", run_id=_run_of(name, selection).id))
    if len(ids) > deed.most and not deed.goes_on:
        most = number(deed.most)
        words = _(
            "These are more than %(most)s. Choose fewer by the filters, then again.", most=most
        )
        flash(words, "bad")
        return go(back)
    if name == "end_access":
        _end_access(ids, ends_at)
    else:
        _do(name, ids[: deed.most], more=len(ids) > deed.most)
    return go(back)


@bp.post("/export")
def export() -> ResponseReturnValue:
    account, staff = at_desk()
    selection = _selection()
    note_export(account, selection, by=staff, request_id=g.request_id)
    answer = Response(
        stream_with_context(contact_csv.written(account, selection)), mimetype="text/csv"
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="contacts-{account.slug}.csv"'
    return answer


def _run_of(name: str, selection: Selection) -> Run:
    account, staff = at_desk()
    run = run_of_selection(account, selection, _RUNS[name], by=staff, request_id=g.request_id)
    read(run.id, seconds=AT_ONCE_SECONDS)
    return run


def _do(name: str, ids: list[int], *, more: bool) -> None:
    account, staff = at_desk()
    if name == "revoke":
        count = revoke_all(account, ids, by=staff, request_id=g.request_id)
        flash(_with_rest(_shut_out(count), more=more), "good" if count else "note")
        return
    count = _SENDS[name](account, ids, by=staff, request_id=g.request_id)
    if count:
        undo.tell(_with_rest(_on_the_way(name, count), more=more), ids)
    else:
        flash(_("Nobody of them can be sent this now."), "note")


def _shut_out(count: int) -> str:
    return _n(
        "%(count)s contact can enter no more.", "%(count)s contacts can enter no more.", count
    )


def _on_the_way(name: str, count: int) -> str:
    if name == "login_email":
        return _n(
            "%(count)s login e-mail is on the way.",
            "%(count)s login e-mails are on the way.",
            count,
        )
    return _n("%(count)s invitation is on the way.", "%(count)s invitations are on the way.", count)


def _with_rest(words: str, *, more: bool) -> str:
    return f"{words} {_('There are more: press again for the next.')}" if more else words


def _end_access(ids: list[int], ends_at: datetime | None) -> None:
    account, staff = at_desk()
    count = end_access(account, ids, ends_at, by=staff, request_id=g.request_id)
    if not count:
        flash(_("Nothing was changed."), "note")
    elif ends_at is None:
        flash(_n("The access of %(count)s contact has no end now.",
                 "The access of %(count)s contacts has no end now.", count), "good")  # fmt: skip
    else:
        flash(_n("The access of %(count)s contact ends on %(time)s.",
                 "The access of %(count)s contacts ends on %(time)s.", count,
                 time=when(ends_at)), "good")  # fmt: skip


def _tag(name: str, selection: Selection) -> None:
    account, staff = at_desk()
    most, typed = DEEDS[name].most, one_line(request.form.get("tag_name"))[:LONGEST]
    tag = Tag.named(account.id, typed) if typed else None
    if name == "untag" and tag is None:
        flash(_("There is no tag “%(tag)s”. Choose one that somebody has.", tag=typed), "bad")
        return
    worn = {"with_tag" if name == "untag" else "without_tag": tag.id} if tag else {}
    ids = contact_selection.first(account, _narrowed(selection, **worn), most + 1)
    if name == "tag":
        count = tag_contacts(account, typed, ids[:most], by=staff, request_id=g.request_id)
    elif tag is not None:
        count = untag_contacts(account, tag, ids[:most], by=staff, request_id=g.request_id)
    words = _tagged(name, count, typed)
    flash(_with_rest(words, more=len(ids) > most), "good" if count else "note")


def _tagged(name: str, count: int, tag: str) -> str:
    if name == "tag":
        return _n(
            "%(count)s contact tagged “%(tag)s”.",
            "%(count)s contacts tagged “%(tag)s”.",
            count,
            tag=tag,
        )
    return _n(
        "%(count)s contact freed of the tag “%(tag)s”.",
        "%(count)s contacts freed of the tag “%(tag)s”.",
        count,
        tag=tag,
    )


def _selection() -> Selection:
    """Return whom the form means: those ticked, all of its page, or everyone who matches."""
    account, _staff = at_desk()
    scope = request.values.get("scope", "")
    if scope == "all":
        return Selection(wanted=contact_filters.wanted(account, contact_filters.asked()))
    if scope in ("page", "these"):
        return Selection(ids=tuple(undo.ids_in(request.values.get("ids", ""))))
    ticked = [whole_number(value) for value in request.values.getlist("contact_ids")[: undo.MOST]]
    return Selection(ids=tuple(one for one in ticked if one is not None))


def _for(deed: Deed, selection: Selection) -> Selection:
    return _narrowed(selection, standings=deed.standings)


def _narrowed(selection: Selection, **more: Any) -> Selection:
    return Selection(**{**vars(selection), **more})


def _deed_name() -> str:
    name = request.values.get("deed", "")
    if name not in DEEDS:
        abort(404)
    return name


def _query() -> dict[str, Any]:
    return contact_filters.as_query(contact_filters.asked())


def _contacts(count: int) -> str:
    return "1 contact" if count == 1 else f"{count:,} contacts"
