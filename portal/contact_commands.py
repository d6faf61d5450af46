"""The commands about contacts: import a file of them, export them all."""

from __future__ import annotations

import json
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import IO, Any

import click

from portal.app import create_app
from portal.commands import clearly
from portal.db import db
from portal.errors import SettingsError
from portal.flows import do_run, new_run, read_run, steer_run
from portal.flows.export_contacts import note_export
from portal.models.account import Account
from portal.models.contact_criteria import Wanted
from portal.models.contact_selection import Selection
from portal.models.run import Run, Status, What
from portal.prepare import must_be_current
from portal.web.admin import contact_csv

A_MOMENT = 0.2
"""Seconds between two looks at a run that somebody else has in hand."""


@click.group()
def contacts() -> None:
    """The people whom an account knows."""


@contacts.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--account", "slug", required=True, help="The account's slug.")
@click.option("--invite", is_flag=True, help="Invite those who were never invited.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and keep nothing.")
@click.option("--json", "as_json", is_flag=True, help="For programs; also when piped.")
@clearly
def import_(file: Path, slug: str, *, invite: bool, dry_run: bool, as_json: bool) -> None:
    """Add the contacts of a CSV FILE to an account, as a run that its staff see, too.

    Columns are found by their heads. Ended in the middle, the workers do the rest.
    """
    as_json = as_json or not sys.stdout.isatty()
    with create_app().app_context():
        must_be_current()
        account = _account(slug)
        run = _previewed(account, file, What.INVITE if invite else What.ADD, quiet=as_json)
        if not dry_run and any(act != "skip" for act in run.plan.values()):
            run = _done(account, run, quiet=as_json)
        is_kept = run.status not in (Status.PREVIEWED, Status.REFUSED)
        report = _report(run, is_kept=is_kept, is_dry=dry_run)
        if not is_kept:
            new_run.forget(run)
    click.echo(json.dumps(report, indent=2) if as_json else "\n".join(_lines(report)))
    if run.status == Status.REFUSED:
        sys.exit(2)


@contacts.command("export")
@click.argument("file", type=click.File("w", encoding="utf-8"), default="-")
@click.option("--account", "slug", required=True, help="The account's slug.")
@clearly
def export(file: IO[str], slug: str) -> None:
    """Write all contacts of an account as CSV to FILE, or to the terminal.

    No cell of it is a formula to a spreadsheet. The history notes it.
    """
    with create_app().app_context():
        must_be_current()
        account, everyone = _account(slug), Selection(wanted=Wanted())
        note_export(account, everyone, by=None)
        for piece in contact_csv.written(account, everyone):
            file.write(piece)


def _previewed(account: Account, file: Path, what: What, *, quiet: bool) -> Run:
    with file.open("rb") as opened:
        run = new_run.run_of_file(account, opened, file.name, what, by=None)
    shape = run.shape
    run = new_run.choose_columns(account, run, shape["fields"], has_head=shape["has_head"])
    while run.status == Status.READING:
        if not read_run.read(run.id, seconds=A_MOMENT):
            time.sleep(A_MOMENT)
        run = _now(account, run)
        if not quiet:
            click.echo(f"\r{run.total:,} rows read", nl=False, err=True)
    if not quiet:
        click.echo(err=True)
    return run


def _done(account: Account, run: Run, *, quiet: bool) -> Run:
    """Do it here, without waiting for messages to go out: workers send them."""
    steer_run.begin(account, run, run.plan, by=None)
    steer_run.begin_now(account, run)
    with _bar(run.total, quiet=quiet) as bar:
        before = 0
        while (run := _now(account, run)).status == Status.RUNNING:
            if not do_run.go_on(run.id, seconds=A_MOMENT, backlog=None):
                time.sleep(A_MOMENT)
            done = _now(account, run).done
            if bar is not None:
                bar.update(done - before)
            before = done
    return run


def _bar(rows: int, *, quiet: bool) -> Any:
    if quiet:
        return nullcontext()
    shown: Any = click.progressbar(length=rows, label="Doing", file=sys.stderr, show_pos=True)
    return shown


def _now(account: Account, run: Run) -> Run:
    found = Run.find(account.id, run.id)
    if found is None:
        raise SettingsError("The run was deleted meanwhile.")
    db.session.expunge(found)
    db.session.rollback()
    return found


def _account(slug: str) -> Account:
    found = Account.by_slug(slug)
    if found is None:
        raise SettingsError(f"There is no account {slug}. Give its slug, as in /p/<slug>.")
    db.session.expunge(found)
    db.session.rollback()
    return found


def _report(run: Run, *, is_kept: bool, is_dry: bool) -> dict[str, Any]:
    return {
        "run": run.id if is_kept else None,
        "dry_run": is_dry,
        "status": run.status,
        "error": run.error,
        "rows": run.total,
        "verdicts": run.counts,
        "plan": run.plan,
        "done": run.done - run.skipped - run.failed,
        "left_out": run.skipped,
        "failed": run.failed,
    }


def _lines(report: dict[str, Any]) -> list[str]:
    verdicts = [f"  {count:>9,}  {name}" for name, count in sorted(report["verdicts"].items())]
    if report["error"]:
        return [f"The file cannot be read to its end. {report['error']}"]
    if report["run"] is None:
        return [f"{report['rows']:,} rows; nothing was done.", *verdicts]
    ends = f"{report['done']:,} done, {report['left_out']:,} left out, {report['failed']:,} failed."
    return [f"Run {report['run']}: {report['rows']:,} rows. {ends}", *verdicts]
