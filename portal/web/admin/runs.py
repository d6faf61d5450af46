"""Runs: begin one from a file, addresses or a selection; look at it, steer it, read how it went."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Response, abort, flash, g, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue

from portal.db import now
from portal.errors import PortalError, RunError
from portal.flows import new_run, steer_run
from portal.flows.read_run import read
from portal.languages import _, _n
from portal.models.delivery import PENDING
from portal.models.run import ENDED, PAGE, Run, Status, What
from portal.models.run_row import PAGE as ROWS
from portal.models.run_row import RunRow, Verdict
from portal.models.tag import Tag
from portal.web import csv_cells
from portal.web.admin import run_words
from portal.web.admin.desk import at_desk, desk, go
from portal.web.admin.run_words import Group
from portal.web.forms import whole_number
from portal.web.forms_run import RunForm

bp = desk("runs", __name__, path="/runs")

AT_ONCE_SECONDS = 1.0
"""A list that is judged so soon is shown at once; a worker reads the others."""
HEADINGS = ("Line", "E-mail", "Name", "Phone", "Reference", "Tags", "Verdict", "Why")


@bp.get("/")
def index() -> ResponseReturnValue:
    account, _staff = at_desk()
    before = whole_number(request.args.get("before"))
    found = Run.page(account.id, before)
    lines = found[:PAGE]
    return render_template(
        "admin/runs.html",
        lines=lines,
        words=run_words,
        first_url=url_for(".index") if before else None,
        older_url=url_for(".index", before=lines[-1].run.id) if len(found) > PAGE else None,
    )


@bp.route("/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    form = RunForm()
    if form.validate_on_submit():
        try:
            return go(url_for(".show", run_id=_begun(form).id))
        except PortalError as error:
            field = form.tag if "tag" in str(error) else form.file
            field.errors = [*field.errors, str(error)]
    page = render_template("admin/run_new.html", form=form, tags=Tag.in_use(g.account.id))
    return page, 422 if form.errors or form.is_submitted() else 200


@bp.get("/<int:run_id>")
def show(run_id: int) -> ResponseReturnValue:
    run = _found(run_id)
    if run.status == Status.DRAFT:
        return render_template("admin/run_columns.html", run=run, words=run_words)
    if run.status == Status.PREVIEWED:
        return render_template(
            "admin/run_preview.html", run=run, words=run_words, groups=_groups(run), **_rows(run)
        )
    return render_template("admin/run.html", **_progress(run), groups=_groups(run), **_rows(run))


@bp.get("/<int:run_id>/live")
def live(run_id: int) -> ResponseReturnValue:
    g.is_poll = True
    run = _found(run_id)
    if "HX-Request" in request.headers and run.status in (Status.PREVIEWED, Status.DRAFT):
        return go(url_for(".show", run_id=run.id))  # what was awaited is another page
    return render_template("admin/_run.html", **_progress(run))


@bp.post("/<int:run_id>/columns")
def columns(run_id: int) -> ResponseReturnValue:
    account, _staff = at_desk()
    run = _found(run_id)
    places = range(len(run.shape.get("columns", ())))
    fields = [request.form.get(f"field-{place}", "") for place in places]
    new_run.choose_columns(account, run, fields, has_head="has_head" in request.form)
    read(run.id, seconds=AT_ONCE_SECONDS)
    return go(url_for(".show", run_id=run.id))


@bp.post("/<int:run_id>/begin")
def begin(run_id: int) -> ResponseReturnValue:
    account, staff = at_desk()
    run = _found(run_id)
    plan = {verdict: request.form.get(f"act-{verdict}", "skip") for verdict in run.counts}
    steer_run.begin(account, run, plan, by=staff, request_id=g.request_id)
    return go(url_for(".show", run_id=run.id))


@bp.post("/<int:run_id>/now")
def begin_now(run_id: int) -> ResponseReturnValue:
    account, _staff = at_desk()
    steer_run.begin_now(account, _found(run_id))
    return go(url_for(".show", run_id=run_id))


@bp.post("/<int:run_id>/pause")
def pause(run_id: int) -> ResponseReturnValue:
    account, staff = at_desk()
    steer_run.pause(account, _found(run_id), by=staff, request_id=g.request_id)
    return go(url_for(".show", run_id=run_id))


@bp.post("/<int:run_id>/resume")
def resume(run_id: int) -> ResponseReturnValue:
    account, staff = at_desk()
    steer_run.resume(account, _found(run_id), by=staff, request_id=g.request_id)
    return go(url_for(".show", run_id=run_id))


@bp.post("/<int:run_id>/cancel")
def cancel(run_id: int) -> ResponseReturnValue:
    account, staff = at_desk()
    count = steer_run.cancel(account, _found(run_id), by=staff, request_id=g.request_id)
    words = _("The run was cancelled.")
    if count:
        taken = _n(
            "%(count)s message that had not gone out was taken back.",
            "%(count)s messages that had not gone out were taken back.",
            count,
        )
        words = f"{words} {taken}"
    flash(words, "good")
    return go(url_for(".show", run_id=run_id))


@bp.post("/<int:run_id>/retry")
def retry(run_id: int) -> ResponseReturnValue:
    account, staff = at_desk()
    count = steer_run.retry(account, _found(run_id), by=staff, request_id=g.request_id)
    words = _n(
        "%(count)s that failed is tried once more.",
        "%(count)s that failed are tried once more.",
        count,
    )
    flash(words, "good")
    return go(url_for(".show", run_id=run_id))


@bp.get("/<int:run_id>/rejected.csv")
def rejected(run_id: int) -> ResponseReturnValue:
    run = _found(run_id)
    answer = Response(stream_with_context(_file(run.id)), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="rejected-{run.id}.csv"'
    return answer


@bp.errorhandler(RunError)
def too_late(error: RunError) -> ResponseReturnValue:
    flash(str(error), "bad")
    run_id = (request.view_args or {}).get("run_id")
    return go(url_for(".show", run_id=run_id) if run_id else url_for(".index"))


def _begun(form: RunForm) -> Run:
    account, staff = at_desk()
    what, tag = What(form.what.data), form.tag.data or ""
    given: dict[str, Any] = {"by": staff, "tag": tag, "request_id": g.request_id}
    file = form.file.data
    if file:
        return new_run.run_of_file(account, file.stream, file.filename or "", what, **given)
    run = new_run.run_of_text(account, form.addresses.data or "", what, **given)
    read(run.id, seconds=AT_ONCE_SECONDS)
    return run


def _found(run_id: int) -> Run:
    account, _staff = at_desk()
    run = Run.find(account.id, run_id)
    if run is None or run.status == Status.UPLOADING:
        abort(404)
    return run


def _progress(run: Run) -> dict[str, Any]:
    is_counted = run.tally_at is None or run.tally_at > now()
    waits = any(run.tally.get(status) for status in PENDING) or not is_counted
    moves = run.status in (Status.READING, Status.RUNNING)
    return {
        "run": run,
        "words": run_words,
        "progress": run_words.progress(run),
        "is_moving": moves or (run.status in ENDED and waits),
        "failed": RunRow.count_failed(run.id) if _is_to_be_counted(run) else 0,
    }


def _is_to_be_counted(run: Run) -> bool:
    return run.status == Status.DONE and run.may_have_failed


def _groups(run: Run) -> list[Group]:
    return [
        Group(
            verdict,
            name,
            hint,
            run.counts[verdict],
            [
                (act, run_words.act_words(run.what, verdict, act))
                for act in steer_run.acts_for(run.what, verdict)
            ],
            run.plan.get(verdict, "skip"),
        )
        for verdict, (name, hint) in run_words.VERDICTS.items()
        if run.counts.get(verdict)
    ]


def _rows(run: Run) -> dict[str, Any]:
    asked = request.args.get("group", "")
    group = asked if asked in set(Verdict) else ""
    after = whole_number(request.args.get("after")) or 0
    found = RunRow.page(run.id, group, after)
    rows = found[:ROWS]
    shown: dict[str, Any] = {"run_id": run.id, **({"group": group} if group else {})}
    more = url_for(".show", **shown, after=rows[-1].id) if len(found) > ROWS else None
    return {
        "rows": rows,
        "group": group,
        "next_url": more,
        "first_url": url_for(".show", **shown) if after else None,
    }


def _file(run_id: int) -> Iterator[str]:
    yield csv_cells.BOM + csv_cells.row(HEADINGS)
    for rows in RunRow.rejected(run_id):
        yield "".join(csv_cells.row(_cells(row, ended)) for row, ended in rows)


def _cells(row: RunRow, ended: str) -> tuple[object, ...]:
    return (
        row.line,
        row.email,
        row.name,
        row.phone,
        row.external_id,
        ", ".join(row.tags),
        run_words.VERDICTS[row.verdict][0],
        row.error or ended or row.reason,
    )
