"""Do a run: its rows are done in small chunks, each once, whoever is killed meanwhile."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from portal import sending
from portal.db import DatabaseAway, atomic, db, now
from portal.languages import mark
from portal.models import run_contacts
from portal.models.account import Account
from portal.models.address import normalise_email
from portal.models.contact import Contact
from portal.models.delivery import PENDING, Delivery
from portal.models.event import Event
from portal.models.magic_link import Kind
from portal.models.portal_access import Access
from portal.models.run import Run, Status, What
from portal.models.run_piece import RunPiece
from portal.models.run_row import RunRow, State, Verdict
from portal.models.staff import Staff

log = logging.getLogger(__name__)

CHUNK, LOOKED_AT = 50, 500
"""Rows that are done, and rows that are looked at, in one transaction."""
BACKLOG = 500
"""So many messages of a run may wait to go out; then it waits for them. A pause and a cancellation
are felt soon, and whoever asks for a link meanwhile does not stand behind thousands."""
UNANNOUNCED = timedelta(microseconds=1)
"""Due a moment after it was written: the sweep finds it, fairly among others, and nobody is woken
for each."""
TALLY_EVERY = timedelta(seconds=2)
SETTLED_EVERY = timedelta(minutes=10)
TALLY_UNTIL = timedelta(days=7)
UNFORESEEN = mark(
    "The portal failed at this row; its log says how. Try the failed once more later."
)
_EXPECTED = {
    Verdict.NEW: "",
    Verdict.KNOWN: "",
    Verdict.TYPO: "",
    Verdict.INVITED: str(Access.INVITED),
    Verdict.JOINED: str(Access.JOINED),
}
_MEANWHILE = {
    "": mark("Their access was taken away meanwhile."),
    Access.INVITED: mark("They are invited already."),
    Access.JOINED: mark("They have joined already."),
    Access.SUSPENDED: mark("Their access is suspended."),
    Access.REVOKED: mark("Their access was revoked."),
}


def go_on(
    run_id: int,
    *,
    seconds: float,
    is_stopping: Callable[[], bool] = lambda: False,
    backlog: int | None = BACKLOG,
) -> bool:
    """Do rows for about so many *seconds*; tell whether more could be done right now. None may be
    while *backlog* messages of the run wait to go out.

    A chunk is one transaction that holds the run: a row and its message are written together or
    not at all, and a worker whose lease ran out writes nothing more.
    """
    run = _take_up(run_id)
    if run is None:
        return False
    until = time.monotonic() + seconds
    while True:
        if backlog is not None and RunRow.backlog(run.id, backlog) >= backlog:
            _wait(run)
            return False
        if is_stopping():
            _let_go(run)
            return False
        held = _next_chunk(run)
        if held is None or held.status != Status.RUNNING:
            return False
        run = held
        if time.monotonic() > until:
            _let_go(run)
            return True


def count_messages(run_id: int) -> None:
    """Note what became of the messages, if it is time to; and when to look again.

    What takes longer to count is counted less often, and what has settled hardly ever.
    """
    if not Run.is_to_count(run_id):
        return
    began = time.monotonic()
    tally = RunRow.messages(run_id)
    _note(run_id, tally, timedelta(seconds=time.monotonic() - began))


@atomic
def _note(run_id: int, tally: dict[str, int], took: timedelta) -> None:
    run = Run.of_id(run_id)
    if run is None:
        return
    moves = run.finished_at is None or any(tally.get(status) for status in PENDING)
    is_old = run.finished_at is not None and run.finished_at < now() - TALLY_UNTIL
    again = now() + max(TALLY_EVERY if moves else SETTLED_EVERY, 30 * took)
    run.tally, run.tally_at = tally, None if is_old or run.status == Status.PAUSED else again


@atomic
def give_up_lost() -> None:
    """Give up runs that nobody goes on with."""
    Run.give_up_lost()


@atomic
def _take_up(run_id: int) -> Run | None:
    return Run.take_up(run_id, Status.RUNNING)


@atomic
def _let_go(run: Run) -> None:
    Run.let_go(run)


@atomic
def _wait(run: Run) -> None:
    """Leave it alone for a second, in which some of its messages go out."""
    Run.hold(run, begin_at=now() + timedelta(seconds=1), lease_until=None)


def _next_chunk(run: Run) -> Run | None:
    """Do the next chunk. A row that nobody foresaw to fail must not keep the others waiting: its
    chunk is done row by row, and it alone is given up."""
    for most in (CHUNK, 1):
        try:
            return _chunk(run, most)
        except DatabaseAway:
            raise
        except Exception:
            if most == 1:
                log.exception("A row of run %d cannot be done.", run.id)
    return _give_up_next(run)


@atomic
def _give_up_next(run: Run) -> Run | None:
    held = Run.hold(run)
    if held is None:
        return None
    row = _next_rows(held, 1)[-1]
    RunRow.finish([_became(row, State.FAILED, why=UNFORESEEN)])
    return Run.hold(held, done=held.done + 1, failed=held.failed + 1)


@atomic
def _chunk(run: Run, most: int = CHUNK) -> Run | None:
    held = Run.hold(run)
    if held is None:
        return None
    rows = _next_rows(held, most)
    if not rows:
        RunPiece.forget(run.id)
        return Run.hold(
            held, status=Status.DONE, finished_at=now(), tally_at=now(), lease_until=None
        )
    ends = _Chunk(held, _account(held), _staff(held)).do(rows)
    RunRow.finish(ends)
    became = [end["became"] for end in ends]
    return Run.hold(
        held,
        done=held.done + len(ends),
        skipped=held.skipped + became.count(State.SKIPPED),
        failed=held.failed + became.count(State.FAILED),
    )


def _next_rows(run: Run, most: int) -> list[RunRow]:
    """Return what comes next: as many as may be skipped, and at *most* so many that are not."""
    found: list[RunRow] = []
    active = 0
    for row in RunRow.waiting(run.id, LOOKED_AT):
        found.append(row)
        active += run.plan.get(row.verdict, "skip") != "skip"
        if active == most:
            break
    return found


class _Chunk:
    """Some rows of a run, done together."""

    def __init__(self, run: Run, account: Account, by: Staff | None) -> None:
        self.run, self.account, self.by = run, account, by
        self.ends: dict[int, dict[str, Any]] = {}

    def do(self, rows: Sequence[RunRow]) -> list[dict[str, Any]]:
        active = []
        for row in rows:
            act = self.run.plan.get(row.verdict, "skip")
            if act == "skip":
                self._end(row, State.SKIPPED)
            elif row.delivery_id is not None and Delivery.revive(self.account.id, row.delivery_id):
                self._end(row, State.DONE, whom=row.contact_id, sent=row.delivery_id)
            else:
                self._use_suggestion(row, act)
                active.append(row)
        if active:
            self._do(active)
        return [self.ends[row.id] for row in rows]

    def _do(self, rows: list[RunRow]) -> None:
        contacts, added = run_contacts.of_rows(self.account, rows)
        self._record("added", sorted(added))
        self._tag(rows, contacts)
        served = RunRow.served(self.run.id, rows, [one.id for one in contacts.values()])
        kinds: dict[Kind, dict[int, RunRow]] = {Kind.INVITE: {}, Kind.LOGIN: {}}
        for row in rows:
            contact = contacts[row.email_norm]
            kind, why = self._kind(row, contact)
            if why:
                self._end(row, State.SKIPPED, why=why, whom=contact.id)
            elif kind is None:
                self._end(row, State.DONE, whom=contact.id)
            elif contact.id in served:
                self._end(row, State.SKIPPED, why=mark("The address stands further up already."))
            else:
                served.add(contact.id)
                kinds[kind][contact.id] = row
        by_id = {contact.id: contact for contact in contacts.values()}
        for kind, chosen in kinds.items():
            self._send(kind, chosen, by_id)

    def _kind(self, row: RunRow, contact: Contact) -> tuple[Kind | None, str]:
        """Return which link they get, if any, or why it is no longer right to send one."""
        if self.run.plan[row.verdict] == "add" or self.run.what in (What.ADD, What.TAG):
            return None, ""
        standing = contact.standing
        if standing in (Access.SUSPENDED, Access.REVOKED):
            return None, _MEANWHILE[standing]
        expected = _EXPECTED.get(Verdict(row.verdict))
        is_first = row.delivery_id is None and self.run.what == What.INVITE
        if is_first and expected is not None and standing != expected:
            return None, _MEANWHILE[standing]
        is_login = self.run.what == What.LOGIN_EMAIL or standing == Access.JOINED
        return Kind.LOGIN if is_login else Kind.INVITE, ""

    def _send(self, kind: Kind, rows: dict[int, RunRow], contacts: dict[int, Contact]) -> None:
        if not rows:
            return
        sent = sending.send_links(
            self.account,
            [contacts[contact_id] for contact_id in rows],
            kind,
            by=self.by,
            wait=UNANNOUNCED,
            request_id=self.run.request_id,
            detail={"run": self.run.id},
        )
        for contact_id, row in rows.items():
            if contact_id in sent.refused:
                self._end(row, State.FAILED, why=sent.refused[contact_id], whom=contact_id)
            else:
                self._end(row, State.DONE, whom=contact_id, sent=sent.deliveries[contact_id])

    def _tag(self, rows: Sequence[RunRow], contacts: dict[str, Contact]) -> None:
        wanted: dict[str, list[int]] = {}
        for row in rows:
            for name in {*row.tags, self.run.tag} - {""}:
                wanted.setdefault(name, []).append(contacts[row.email_norm].id)
        for name, ids in run_contacts.tag(self.account, wanted).items():
            self._record("tagged", ids, tag=name)

    def _use_suggestion(self, row: RunRow, act: str) -> None:
        if act == "suggestion" and row.suggestion:
            row.email, row.email_norm = row.suggestion, normalise_email(row.suggestion)

    def _record(self, kind: str, contact_ids: Sequence[int], **detail: Any) -> None:
        of_all = {
            "kind": kind,
            "account_id": self.account.id,
            "staff_id": self.by.id if self.by else None,
            "actor": "staff" if self.by else "operator",
            "request_id": self.run.request_id,
            "detail": {**detail, "run": self.run.id},
        }
        if contact_ids:
            Event.record_many([{**of_all, "contact_id": one} for one in contact_ids])

    def _end(
        self,
        row: RunRow,
        became: State,
        *,
        why: str = "",
        whom: int | None = None,
        sent: int | None = None,
    ) -> None:
        self.ends[row.id] = _became(row, became, why=why, whom=whom, sent=sent)


def _became(
    row: RunRow, state: State, *, why: str, whom: int | None = None, sent: int | None = None
) -> dict[str, Any]:
    return {
        "row": row.id,
        "became": state,
        "why": why,
        "whom": whom if whom is not None else row.contact_id,
        "sent": sent if sent is not None else row.delivery_id,
    }


def _account(run: Run) -> Account:
    found = db.session.get(Account, run.account_id)
    if found is None:
        raise AssertionError("a run goes with its account")
    return found


def _staff(run: Run) -> Staff | None:
    return db.session.get(Staff, run.staff_id) if run.staff_id is not None else None
