"""What is written on a desk and by its clients, measured beside the same on a small one."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from uuid import uuid4

from portal.db import atomic, db
from portal.flows import do_run, new_run, read_run, steer_run
from portal.flows.deliver import deliver
from portal.flows.login_email import send_login_emails
from portal.models import Contact, Delivery, MagicLink, PortalAccess, Run
from portal.models.event import Event
from portal.models.magic_link import Kind
from portal.models.run import What
from tests.bench.browser import HIDDEN
from tests.bench.desk_side import Side, Took
from tests.cast import Browser

ROWS = 50
"""Rows of an import that are done in one go."""
NOBODY_YET = f"file-{uuid4().hex}.example"
"""In a database that an earlier run has left, too."""


def redeems(side: Side, times: int) -> Iterator[Took]:
    """Open a link, look at its page, press the button: the whole journey, for *times* clients."""
    with side.app.app_context():
        tokens = _issue(times, side.count)
    for token in tokens:
        browser = side.new_browser()
        yield side.timed(lambda b=browser, t=token: _walk(b, t))  # type: ignore[misc]


def invites(side: Side) -> Iterator[Took]:
    fields = _fields(side, "invitations/new")
    for n in count():
        who = {**fields, "who": f"guest.{n}@{n % 7}.{NOBODY_YET}", "name": f"Guest {n}"}
        yield side.timed(_post(side, "invitations/new", who))


def login_emails(side: Side) -> Iterator[Took]:
    fields = _fields(side, "login-emails/new")
    for contact_id in _joined(side):
        path = f"contacts/{contact_id}/send-login-email"
        yield side.timed(_post(side, path, {"csrf_token": fields["csrf_token"]}))


def events(side: Side) -> Iterator[Took]:
    for contact_id in _joined(side):
        yield side.timed(lambda one=contact_id: _record(side, one))  # type: ignore[misc]


def deliveries(side: Side) -> Iterator[Took]:
    """Take a message that is due, hand it to the mail server, and write how it ended."""
    side.change("UPDATE delivery SET due_at = deadline_at WHERE status = 'queued'")
    for contact_id in _joined(side):
        with side.app.app_context():
            owed = _owe(side, contact_id)
        yield side.timed(lambda one=owed: _deliver(side, one))  # type: ignore[misc]


def imports(side: Side) -> Iterator[Took]:
    """The issue of invitations to people of a file, fifty at a time, as milliseconds for each."""
    for n in count():
        took = side.timed(_begun_run(side, n))
        yield Took(took.cpu / ROWS, took.wall / ROWS)


def _begun_run(side: Side, number: int) -> Callable[[], object]:
    lines = "\n".join(f"Row {n},row{n}.{number}@{NOBODY_YET}" for n in range(ROWS))
    with side.app.app_context():
        account, owner = side.people()
        file = io.BytesIO(f"Name,E-mail\n{lines}\n".encode())
        run = new_run.run_of_file(account, file, "a.csv", What.INVITE, by=owner)
        run = new_run.choose_columns(account, run, run.shape["fields"], has_head=True)
        while read_run.read(run.id, seconds=60):
            pass
        db.session.rollback()
        judged = Run.find(account.id, run.id)
        assert judged
        steer_run.begin(account, judged, judged.plan, by=owner)
        db.session.rollback()
    return lambda: _do(side, run.id)


def _do(side: Side, run_id: int) -> None:
    with side.app.app_context():
        while do_run.go_on(run_id, seconds=60):
            pass


def _owe(side: Side, contact_id: int) -> int:
    account, owner = side.people()
    contact = Contact.find(account, contact_id)
    assert contact
    send_login_emails(account, [contact], by=owner)
    newest = db.select(db.func.max(Delivery.id)).where(Delivery.contact_id == contact_id)
    owed = db.session.scalar(newest) or 0
    db.session.rollback()
    return owed


def _deliver(side: Side, delivery_id: int) -> None:
    with side.app.app_context():
        assert deliver(delivery_id), "it was due"


def _record(side: Side, contact_id: int) -> None:
    with side.app.app_context():
        _note(contact_id)


@atomic
def _note(contact_id: int) -> None:
    detail = {"browser": "Safari on iPhone", "via": "link"}
    Event.record("signed_in", account_id=1, contact_id=contact_id, actor="client", detail=detail)


def _post(side: Side, path: str, fields: dict[str, str]) -> Callable[[], None]:
    def post() -> None:
        answer = side.browser.http.post(side.admin + path, data=fields)
        assert answer.status_code == 303, f"{path}: {answer.status_code}"

    return post


def _walk(browser: Browser, token: str) -> None:
    path = browser.http.get(f"{browser.base}/l/{token}").headers["Location"]
    fields = dict(HIDDEN.findall(browser.http.get(browser.base + path).get_data(as_text=True)))
    answer = browser.http.post(browser.base + path, data=fields)
    assert answer.status_code == 303, answer.get_data(as_text=True)[-2000:]


def _fields(side: Side, path: str) -> dict[str, str]:
    page = side.browser.opens(side.admin + path)
    return {"csrf_token": page.field("csrf_token")}


def _joined(side: Side) -> list[int]:
    return side.values(
        "SELECT contact_id FROM portal_access WHERE status = 'joined' AND contact_id > :half"
        " AND contact_id % 7 = 3 ORDER BY contact_id LIMIT 90",
        half=side.count // 3,
    )


@atomic
def _issue(times: int, contacts: int) -> list[str]:
    rows = db.session.execute(
        db.select(Contact, PortalAccess)
        .join(PortalAccess, PortalAccess.contact_id == Contact.id)
        .where(PortalAccess.status == "joined", Contact.id > contacts // 3)
        .order_by(Contact.id)
        .limit(times)
    ).all()
    life = timedelta(hours=1)
    return [MagicLink.issue(c, Kind.LOGIN, access, life=life).token() for c, access in rows]


WRITES = {
    "write: invite": invites,
    "write: login e-mail": login_emails,
    "write: event": events,
    "write: send and finish": deliveries,
    "write: a row of an import": imports,
}
