"""Retention: what an account no longer keeps is taken out, some rows at a time, by an index."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import Select, delete, select

from portal.db import db, execute, now
from portal.models import account_rules
from portal.models.account import Account
from portal.models.client_session import ClientSession
from portal.models.delivery import PENDING, Delivery
from portal.models.run import ENDED, Run
from portal.models.run_row import RunRow

AT_ONCE = 500
"""Rows of one transaction: nobody waits long for it."""


class Kept(NamedTuple):
    """For how many days one account keeps one class of what ended; 0 is for good."""

    account_id: int
    name: str
    days: int


def wanted() -> list[Kept]:
    """Return what is to be looked for, of those accounts that do not keep it for good."""
    rows = db.session.execute(select(Account.id, Account.choices).order_by(Account.id)).all()
    kept = [
        Kept(account_id, name, account_rules.number(choices, name))
        for account_id, choices in rows
        for name in account_rules.KEEPS
    ]
    return [one for one in kept if one.days]


def forget(kept: Kept) -> int:
    """Take out some of what has ended longer ago than that, the oldest first; return how many."""
    before = now() - timedelta(days=kept.days)
    table, old = _OLD[kept.name](kept.account_id, before)
    # What somebody sends again in this moment is live: it is theirs, and left alone.
    ids = list(db.session.scalars(old.limit(AT_ONCE).with_for_update(skip_locked=True)))
    if ids:
        execute(delete(table).where(table.id.in_(ids)))
    return len(ids)


def _messages(account_id: int, before: Any) -> tuple[Any, Select[Any]]:
    """Messages whose fate is decided. What happened to each stays in the history."""
    return Delivery, (
        select(Delivery.id)
        .where(
            Delivery.account_id == account_id,
            Delivery.created_at < before,
            Delivery.status.not_in(PENDING),
            Delivery.finished_at < before,
        )
        .order_by(Delivery.created_at, Delivery.id)
    )


def _browsers(account_id: int, before: Any) -> tuple[Any, Select[Any]]:
    """Browsers that were signed in, and have been past their time for so long."""
    return ClientSession, (
        select(ClientSession.id)
        .where(ClientSession.account_id == account_id, ClientSession.expires_at < before)
        .order_by(ClientSession.expires_at)
    )


def _rows_of_runs(account_id: int, before: Any) -> tuple[Any, Select[Any]]:
    """The rows of runs: the runs themselves, with their counts, stay."""
    return RunRow, (
        select(RunRow.id)
        .join(Run, Run.id == RunRow.run_id)
        .where(Run.account_id == account_id, Run.status.in_(ENDED), Run.finished_at < before)
    )


_OLD = {
    "keep_messages": _messages,
    "keep_browsers": _browsers,
    "keep_runs": _rows_of_runs,
}
