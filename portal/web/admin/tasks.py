"""To do: messages that no channel could deliver, whose links staff can still hand over."""

from __future__ import annotations

from flask import abort, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.flows.magic_link import hand_over
from portal.flows.tasks import close_task
from portal.languages import _
from portal.models.delivery_story import link_of
from portal.models.staff_task import HANDED_OVER, StaffTask
from portal.web import keys
from portal.web.admin.delivery_words import kind_words
from portal.web.admin.desk import at_desk, desk, find_contact, go
from portal.web.admin.magic_links import qr_code

bp = desk("tasks", __name__, path="/tasks")

PAGE = 50


@bp.get("/")
def index() -> ResponseReturnValue:
    account, _staff = at_desk()
    before = keys.read(request.args.get("before", ""), keys.moment, keys.row_id)
    tasks = StaffTask.page(account.id, before=before, size=PAGE + 1)
    older = None
    if len(tasks) > PAGE:
        last = tasks[PAGE - 1]
        older = url_for(".index", before=keys.write(last.created_at.isoformat(), last.id))
    return render_template(
        "admin/tasks.html",
        tasks=tasks[:PAGE],
        kind_words=kind_words,
        older_url=older,
        first_url=url_for(".index") if before else None,
    )


@bp.post("/<int:task_id>/link")
def show_link(task_id: int) -> ResponseReturnValue:
    """Show the link that did not arrive, once, to the person who asks; the task is done by it."""
    account, staff = at_desk()
    task = _found(task_id)
    contact, link = find_contact(task.contact_id), link_of(task)
    if link is None:
        abort(404)
    shown = hand_over(account, contact, link, staff, request_id=g.request_id)
    close_task(task, HANDED_OVER, by=staff, request_id=g.request_id)
    return render_template(
        "admin/handed_over.html",
        contact=contact,
        link=shown.link,
        qr=qr_code(shown.link),
        message=shown.message,
        problem=shown.problem,
        expires_at=shown.expires_at,
    )


@bp.post("/<int:task_id>/close")
def close(task_id: int) -> ResponseReturnValue:
    _account, staff = at_desk()
    close_task(_found(task_id), "not needed", by=staff, request_id=g.request_id)
    flash(_("Taken off the list."), "good")
    return go(url_for(".index"))


def _found(task_id: int) -> StaffTask:
    account, _staff = at_desk()
    task = StaffTask.find(account.id, task_id)
    if task is None:
        abort(404)
    return task
