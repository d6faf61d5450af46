"""What an account chose for itself: one person changes it at a time, and loses nothing else."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from portal.db import db
from portal.models.account import Account


def locked(account_id: int) -> Account:
    """Return the account as it is now; whoever else changes its choices waits for this to end."""
    query = select(Account).where(Account.id == account_id).with_for_update()
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def choose(account: Account, **choices: Any) -> None:
    """Set *choices* beside the others. *account* comes from `locked`."""
    account.choices = {**account.choices, **choices}


def arrange(account: Account, kind: str, channels: list[str]) -> None:
    """Let messages of *kind* go by *channels*, in this order."""
    known = account.choices.get("channels") or {}
    choose(account, channels={**known, kind: channels})
