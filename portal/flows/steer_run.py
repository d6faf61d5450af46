"""Steer a run: begin, pause, go on, cancel, and try what failed once more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portal import queue
from portal.db import after_commit, atomic, now
from portal.errors import RunError
from portal.languages import _, mark
from portal.models.account import Account
from portal.models.event import Event
from portal.models.run import OPEN, Run, Status, What
from portal.models.run_piece import RunPiece
from portal.models.run_row import RunRow, Verdict
from portal.models.staff import Staff

_TOO_LATE = mark("Somebody was quicker. Look at the run as it is now.")


def acts_for(what: str, verdict: str) -> tuple[str, ...]:
    """Return what can be done with a group: send what the run is for, only add, skip, or use the
    suggestion."""
    if verdict in (Verdict.SHUT_OUT, Verdict.DUPLICATE, Verdict.INVALID):
        return ("skip",)
    found = ("suggestion", "send") if verdict == Verdict.TYPO else ("send",)
    is_unknown = verdict in (Verdict.NEW, Verdict.TYPO) and what in (What.INVITE, What.LOGIN_EMAIL)
    return (*found, *(("add",) if is_unknown else ()), "skip")


@atomic
def begin(
    account: Account, run: Run, plan: Mapping[str, str], *, by: Staff | None, request_id: str = ""
) -> Run:
    """Do the run by *plan*, once the account's undo window for many is over.

    Raises RunError for a plan that does nothing, or when the run is no longer to be begun.
    """
    chosen = {
        verdict: plan.get(verdict, "skip")
        if plan.get(verdict) in acts_for(run.what, verdict)
        else "skip"
        for verdict in run.counts
    }
    if all(act == "skip" for act in chosen.values()):
        raise RunError(
            _("Nothing would be done. Choose for one group at least what happens to it.")
        )
    at = now() + account.undo_window(many=True)
    values = {"plan": chosen, "begin_at": at, "since_at": at, "tally_at": at}
    found = _changed(account, run, (Status.PREVIEWED,), status=Status.RUNNING, **values)
    _wake(found)
    _record(found, "run_begun", by, request_id, contacts=_meant(found))
    return found


@atomic
def begin_now(account: Account, run: Run) -> Run:
    """Wait no longer for the undo window."""
    found = _changed(account, run, (Status.RUNNING,), begin_at=now(), since_at=now())
    _wake(found)
    return found


@atomic
def pause(account: Account, run: Run, *, by: Staff, request_id: str = "") -> Run:
    """Hand over no more rows until somebody lets it go on."""
    found = _changed(account, run, (Status.RUNNING,), status=Status.PAUSED, lease_until=None)
    _record(found, "run_paused", by, request_id)
    return found


@atomic
def resume(account: Account, run: Run, *, by: Staff, request_id: str = "") -> Run:
    at = now()
    values = {"begin_at": at, "since_at": at, "since_done": run.done, "tally_at": at}
    found = _changed(account, run, (Status.PAUSED,), status=Status.RUNNING, **values)
    _wake(found)
    _record(found, "run_resumed", by, request_id)
    return found


@atomic
def cancel(account: Account, run: Run, *, by: Staff, request_id: str = "") -> int:
    """Do no more rows, and take back the messages that have not gone out; return how many."""
    values = {"status": Status.CANCELLED, "finished_at": now(), "lease_until": None}
    found = _changed(account, run, OPEN, **values, tally_at=now())
    RunPiece.forget(run.id)
    why = f"{by.called} cancelled the run."
    taken = RunRow.take_back(account.id, run.id, why)
    lines = [
        {
            "kind": "cancelled",
            "account_id": account.id,
            "contact_id": contact_id,
            "staff_id": by.id,
            "actor": "staff",
            "link_id": link_id,
            "delivery_id": delivery_id,
            "request_id": request_id,
            "detail": {"reason": why},
        }
        for delivery_id, contact_id, link_id in taken
    ]
    if lines:
        Event.record_many(lines)
    _record(found, "run_cancelled", by, request_id, taken_back=len(taken))
    return len(taken)


@atomic
def retry(account: Account, run: Run, *, by: Staff, request_id: str = "") -> int:
    """Do those once more that failed, or whose message did not arrive; return how many."""
    at = now()
    held = _changed(
        account,
        run,
        (Status.DONE,),
        status=Status.RUNNING,
        finished_at=None,
        begin_at=at,
        since_at=at,
        tally_at=at,
    )
    count = RunRow.again(run.id)
    if not count:
        raise RunError(_("None of them failed."))
    done = max(held.done - count, 0)
    Run.change(account.id, run.id, was=(Status.RUNNING,), done=done, since_done=done, failed=0)
    _wake(held)
    _record(held, "run_retried", by, request_id, contacts=count)
    return count


def _changed(account: Account, run: Run, was: Sequence[Status], **values: Any) -> Run:
    found = Run.change(account.id, run.id, was=was, **values)
    if found is None:
        raise RunError(_(_TOO_LATE))
    return found


def _meant(run: Run) -> int:
    return sum(count for name, count in run.counts.items() if run.plan.get(name) != "skip")


def _wake(run: Run) -> None:
    if run.begin_at is not None and run.begin_at <= now():
        after_commit(lambda: queue.wake("run", run.id))


def _record(run: Run, kind: str, by: Staff | None, request_id: str, **detail: Any) -> None:
    Event.record(
        kind,
        account_id=run.account_id,
        by=by,
        actor="" if by else "operator",
        request_id=request_id,
        detail={"run": run.id, "what": run.what, **detail},
    )
