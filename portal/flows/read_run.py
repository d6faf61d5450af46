"""Read a run: each row of its file or selection gets its verdict, and is kept with it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice

from portal.contact_files import FileError, Row, in_columns, of_text, records
from portal.db import atomic, db, now
from portal.languages import in_english
from portal.models import contact_selection
from portal.models.account import Account
from portal.models.contact_criteria import Wanted
from portal.models.contact_selection import Selection
from portal.models.run import Run, Status, What
from portal.models.run_piece import RunPiece, opened
from portal.models.run_row import RunRow, Verdict
from portal.models.run_verdict import judged

BATCH = 1000


@in_english()
def read(run_id: int, *, seconds: float, is_alone: Callable[[], bool] = lambda: False) -> bool:
    """Judge rows for about so many *seconds*, and on while *is_alone* says that nobody waits for
    this worker; tell whether there are more.

    What is judged is on disk with each thousand. Of two who read the same run, one does; whoever
    comes after one that was killed goes on where that one was.
    """
    run = _take_up(run_id)
    if run is None:
        return False
    account, began, until = _account(run), time.monotonic(), 0.0
    try:
        rows = _rows(account, run)
        while batch := list(islice(rows, BATCH)):
            # Coming to where it stopped costs more the further that is, and is to cost little.
            until = until or time.monotonic() + max(seconds, 4 * (time.monotonic() - began))
            held = _judge(account, run, batch)
            if held is None:
                return False
            run = held
            if time.monotonic() <= until:
                continue
            if not is_alone():
                _let_go(run)
                return True
            until = time.monotonic() + seconds
    except FileError as error:
        _refuse(run, str(error))
        return False
    _preview(run)
    return False


def plan_of(what: What, source: str, counts: dict[str, int]) -> dict[str, str]:
    """Return what is done with each group unless staff choose otherwise."""
    sends = {Verdict.NEW, Verdict.KNOWN}
    if what in (What.ADD, What.TAG):
        sends |= {Verdict.INVITED, Verdict.JOINED, Verdict.BOUNCED}
    elif what == What.LOGIN_EMAIL:
        sends |= {Verdict.JOINED}
    if source == "selection":  # staff have picked them one by one, or by a filter
        sends |= {Verdict.INVITED, Verdict.BOUNCED}
    return {name: "send" if name in sends else "skip" for name in counts}


@atomic
def _take_up(run_id: int) -> Run | None:
    return Run.take_up(run_id, Status.READING)


@atomic
def _let_go(run: Run) -> None:
    Run.let_go(run)


@atomic
def _judge(account: Account, run: Run, batch: list[tuple[int, Row]]) -> Run | None:
    if Run.hold(run) is None:
        return None
    found = judged(account, run.id, [row for _position, row in batch])
    RunRow.add_all(found)
    counts = Counter(run.counts)
    counts.update(str(one["verdict"]) for one in found)
    return Run.hold(run, counts=dict(counts), position=batch[-1][0], total=run.total + len(batch))


@atomic
def _preview(run: Run) -> None:
    plan = plan_of(What(run.what), run.source, run.counts)
    Run.hold(run, status=Status.PREVIEWED, plan=plan, lease_until=None)
    RunPiece.forget(run.id)


@atomic
def _refuse(run: Run, why: str) -> None:
    Run.hold(run, status=Status.REFUSED, error=why, finished_at=now(), lease_until=None)
    RunPiece.forget(run.id)


def _rows(account: Account, run: Run) -> Iterator[tuple[int, Row]]:
    """Yield the rows that are still to be judged, each with how far the run is after it."""
    if run.source == "selection":
        return _of_selection(account, run)
    rows = _pasted(run) if run.source == "pasted" else _of_file(run)
    return islice(enumerate(rows, start=1), run.position, None)


def _of_file(run: Run) -> Iterator[Row]:
    shape = run.shape
    found = records(lambda: opened(run.id), shape["encoding"], shape["delimiter"])
    if shape["has_head"]:
        next(found, None)
    return in_columns(found, shape["fields"])


def _pasted(run: Run) -> Iterator[Row]:
    with opened(run.id) as file:
        return of_text(file.read().decode())


def _of_selection(account: Account, run: Run) -> Iterator[tuple[int, Row]]:
    wanted = dict(run.asked["wanted"] or {})
    for name in ("seen_since", "seen_until"):
        if wanted.get(name):
            wanted[name] = datetime.fromisoformat(wanted[name])
    selection = Selection(
        wanted=Wanted(**wanted) if wanted else None,
        ids=tuple(run.asked["ids"]),
        standings=tuple(run.asked["standings"]),
    )
    number = run.total
    for lines in contact_selection.lines(account, selection, after=run.position):
        for line in lines:
            number += 1
            yield line.id, Row(line=number, email=line.email)


def _account(run: Run) -> Account:
    found = db.session.get(Account, run.account_id)
    if found is None:
        raise AssertionError("a run goes with its account")
    db.session.expunge(found)
    db.session.rollback()
    return found
