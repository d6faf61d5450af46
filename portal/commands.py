"""The commands but for those about plugins: run, web, worker, migrate, account, staff, doctor …"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from functools import partial, wraps
from typing import Any, ParamSpec

import click

from portal import config, outbox_report, plugins, queue, scrapes, serve, supervisor
from portal import worker as workers
from portal.app import create_app
from portal.channel import Channel, ChannelError, Settings
from portal.db import DatabaseAway, db
from portal.doctor import examine, paper
from portal.errors import PortalError, SettingsError
from portal.flows import seal_history
from portal.flows.change_account import is_time_zone, set_choice
from portal.flows.open_account import open_account
from portal.flows.staff_access import add_staff, make_staff_link, reset_second_factor
from portal.flows.verify_history import Verdict, verify
from portal.models import sealed_settings
from portal.models.account import Account
from portal.models.staff_role import Role
from portal.outbox_report import many
from portal.prepare import migrate, must_be_current, must_listen, prepare
from portal.processes import end_on_ctrl_c, have_usual_files, log_to_stderr

P = ParamSpec("P")
MISUSED = 2


def clearly(command: Callable[P, None]) -> Callable[P, None]:
    """Say what is wrong in plain lines and exit 2, instead of a traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except PortalError as error:
            complaint = str(error)
        except DatabaseAway as error:
            first, *_ = str(error.orig).splitlines()
            complaint = f"The database does not answer: {first} Check PORTAL_DATABASE_URL."
        else:
            return
        click.echo(f"portal: {complaint}", err=True)
        sys.exit(MISUSED)

    return run


@click.command()
@clearly
def run() -> None:
    """Run everything on this machine: web, workers and, without a mail server, a mailbox."""
    end_on_ctrl_c()
    have_usual_files()
    log_to_stderr()
    app = create_app()
    prepared = prepare(app)
    with app.app_context():
        _let_go_of_connections()
    found: config.Settings = app.config["PORTAL_SETTINGS"]
    supervisor.run(prepared, web=partial(serve.run, found), worker=clearly(_work))


@click.command()
@clearly
def web() -> None:
    """Answer requests: PORTAL_WEB_PROCESSES processes of PORTAL_WEB_THREADS threads."""
    log_to_stderr()
    app = create_app()
    found: config.Settings = app.config["PORTAL_SETTINGS"]
    with app.app_context():
        must_be_current()
        _let_go_of_connections()
    must_listen(found)
    serve.run(found)


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, here, and end.")
@clearly
def worker(*, once: bool) -> None:
    """Send messages: PORTAL_WORKERS processes, and the sweep."""
    log_to_stderr()
    if not once:
        _work()
        return
    with create_app().app_context():
        must_be_current()
        workers.drain()
        seal_history.seal()
        workers.close_channels()


@click.command("migrate")
@clearly
def migrate_() -> None:
    """Bring the database's tables up to date."""
    with create_app().app_context():
        migrate()
    click.echo("The database is up to date.")


@click.group()
def account() -> None:
    """Businesses with a portal."""


@account.command("create")
@click.argument("name")
@click.option("--slug", default="", help="The portal's address /p/<slug>; made from the name.")
@click.option("--owner", required=True, help="The owner's e-mail address.")
@click.option("--time-zone", default="UTC", help="Such as Europe/London.")
@clearly
def create(name: str, slug: str, owner: str, time_zone: str) -> None:
    """Open an account NAME with its first owner, and print the owner's sign-in link."""
    if not is_time_zone(time_zone):
        raise SettingsError(f"There is no time zone {time_zone}. Use a name like Europe/London.")
    app = create_app()
    with app.app_context():
        must_be_current()
        made = open_account(name, owner_email=owner, slug=slug, time_zone=time_zone)
        click.echo(f"Client Portal URL: {_url(app)}/p/{made.slug}")
        click.echo(f"Owner sign-in: {_url(app)}/admin/in/{make_staff_link(owner)}")


@account.command("set")
@click.argument("slug")
@click.argument("name")
@click.argument("value")
@clearly
def set_(slug: str, name: str, value: str) -> None:
    """Set NAME of the account at SLUG: name, accent, time-zone, locale, country; in seconds
    life-self, life-magic, life-login, life-invite, client-idle, client-session, undo-one,
    undo-bulk; in days keep-messages, keep-browsers, keep-runs; on or off may-ask, may-renew,
    has-code. The VALUE default goes back to what is usual here."""
    with create_app().app_context():
        must_be_current()
        set_choice(slug, name.replace("-", "_"), value)
    click.echo(f"{name} of {slug} is {value}.")


@click.group()
def staff() -> None:
    """The people of an account."""


@staff.command("add")
@click.argument("email")
@click.option("--account", "slug", required=True, help="The account's slug.")
@click.option("--role", type=click.Choice([str(role) for role in Role]), default="support")
@click.option("--name", default="")
@clearly
def add(email: str, slug: str, role: str, name: str) -> None:
    """Give EMAIL a role in an account, or change it, and print a sign-in link."""
    app = create_app()
    with app.app_context():
        must_be_current()
        add_staff(email, slug, Role(role), name)
        click.echo(f"{_url(app)}/admin/in/{make_staff_link(email)}")


@staff.command("link")
@click.argument("email")
@click.option(
    "--without-second-factor", "skips", is_flag=True, help="For who has lost theirs: ask for none."
)
@clearly
def link(email: str, *, skips: bool) -> None:
    """Print a one-time sign-in URL for EMAIL, for first entry and lock-outs. It lasts an hour.

    Who has a second factor is asked for it all the same.
    """
    app = create_app()
    with app.app_context():
        must_be_current()
        click.echo(f"{_url(app)}/admin/in/{make_staff_link(email, skips_second=skips)}")


@staff.command("reset-second-factor")
@click.argument("email")
@clearly
def reset_second(email: str) -> None:
    """Take the passkeys, one-time codes and recovery codes of EMAIL away, and sign them out."""
    with create_app().app_context():
        must_be_current()
        had_any = reset_second_factor(email)
    click.echo(f"{email} has no second factor {'any more' if had_any else 'anyway'}.")


@click.command()
@clearly
def channels() -> None:
    """List the channels, and try each one's provider without sending anything."""
    app = create_app()
    with app.app_context():
        found = plugins.current()
        for channel in found.channels.values():
            click.echo(f"{channel.id}  {channel.name}  {_health(channel)}")
        for name, trace in found.quarantined.items():
            click.echo(f"{name}  kept out: {trace.strip().splitlines()[-1]}")
    if app.config["PORTAL_SETTINGS"].has_local_mailbox:
        click.echo(
            "No mail server is set: while `portal run` is up, its local mailbox takes e-mail."
        )


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--account", "slug", default="", help="Count what is this account's alone.")
@clearly
def outbox(*, as_json: bool, slug: str) -> None:
    """Show what is owed, sent, failed and paused, and which workers are alive."""
    with create_app().app_context():
        must_be_current()
        found = outbox_report.report(_account_id(slug) if slug else None)
    click.echo(json.dumps(found, indent=2) if as_json else "\n".join(outbox_report.lines(found)))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--account", "slug", default="", help="Try this account's channels, too.")
@clearly
def doctor(*, as_json: bool, slug: str) -> None:
    """Look at all that this installation depends on, and say what to do. Status 1 when something
    is bad. Nothing is sent and nothing is changed."""
    results = []
    for result in examine(slug):
        results.append(result)
        if not as_json:
            click.echo("\n".join(paper.of(result)))
    is_well = not any(result.is_bad for result in results)
    if as_json:
        checks = [result.as_json() for result in results]
        click.echo(json.dumps({"ok": is_well, "checks": checks}, indent=2))
    else:
        click.echo(paper.closing(results))
    sys.exit(0 if is_well else 1)


@click.command()
@clearly
def reseal() -> None:
    """Seal what is stored sealed with the newest of PORTAL_SECRET_KEYS: settings of channels, and
    secrets of one-time codes."""
    with create_app().app_context():
        must_be_current()
        count = sealed_settings.reseal()
        ends = seal_history.sign_anew()
    click.echo(f"{count} sealed with the newest key.")
    if ends:
        click.echo(f"The end of the history signed with it for {many(ends, 'account')}.")


@click.command()
@clearly
def settings() -> None:
    """List each setting, its value with secrets masked, and where it came from."""
    rows = config.load().rows()
    width = max(len(name) for name, _value, _origin in rows)
    for name, value, origin in rows:
        click.echo(f"{name:{width}}  {value or '(not set)'}  [{origin}]")


@click.group()
def audit() -> None:
    """The history: what staff changed, and who signed in."""


@audit.command("verify")
@click.option("--account", "slug", default="", help="Look at this account's history alone.")
@click.option("--noted", default="", help="A seal that must still be there, as 56-3f9a0c….")
@clearly
def verify_(slug: str, noted: str) -> None:
    """Tell whether every event is there as it was written; status 1 names the first that is not."""
    if noted and not slug:
        raise SettingsError("A seal is one of an account. Say whose, with --account SLUG.")
    with create_app().app_context():
        must_be_current()
        account_id = _account_id(slug) if slug else None
        slugs = Account.slugs()
        db.session.rollback()
        verdict = verify(account_id, noted=noted)
    click.echo("\n".join(_verdict_lines(verdict, slugs)))
    sys.exit(0 if verdict.is_whole else 1)


@audit.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@clearly
def adopt(*, yes: bool) -> None:
    """Take the history as it stands now: forget its seals and begin anew, and write that down.

    For when a key was lost, or rows had to be taken out by hand. What was changed before can no
    longer be found afterwards.
    """
    if not yes:
        click.confirm("What was changed until now can then never be found. Go on?", abort=True)
    with create_app().app_context():
        must_be_current()
        count = seal_history.adopt()
    click.echo(f"Taken as it stands, in {many(count, 'account')}.")


def _verdict_lines(verdict: Verdict, slugs: dict[int, str]) -> Iterator[str]:
    if verdict.fault:
        yield f"portal: {verdict.fault}"
    for account_id, found in sorted(verdict.accounts.items()):
        name = slugs.get(account_id, f"account {account_id}")
        if found.fault:
            yield f"{name}: {found.fault}"
            continue
        until = f" up to {found.until:%Y-%m-%d %H:%M:%S} UTC" if found.until else ""
        seal = f", last seal {found.name}" if found.name else ""
        waiting = f"; {found.waiting} not sealed yet" if found.waiting else ""
        yield f"{name}: {many(found.events, 'event')} verified{until}{seal}{waiting}."
    if verdict.place is not None:
        yield f"Sealed since {verdict.place.began_at:%Y-%m-%d %H:%M:%S} UTC."


def _health(channel: Channel) -> str:
    try:
        if not channel.is_ready(Settings()):
            return "the operator has not set it up; accounts may have"
        channel.check(Settings())
    except ChannelError as error:
        return f"fails: {error.reason} {error.reply}".strip()
    finally:
        channel.close()
    return "works"


def _account_id(slug: str) -> int:
    found = Account.by_slug(slug)
    if found is None:
        raise SettingsError(f"There is no account {slug}. Give its slug, as in /p/<slug>.")
    return found.id


def _url(app: Any) -> str:
    found: config.Settings = app.config["PORTAL_SETTINGS"]
    return found.url


def _work() -> None:
    app = create_app()
    found: config.Settings = app.config["PORTAL_SETTINGS"]
    scrapes.must_be_free(found)
    with app.app_context():
        must_be_current()
    workers.run(app, found.workers)


def _let_go_of_connections() -> None:
    """What is forked from here must not share any with us."""
    db.engine.dispose()
    queue.current().huey.storage.close()
