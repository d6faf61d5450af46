"""Check domain: what the DNS says of an account's own host decides where its links lead."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy.exc import IntegrityError

from portal.config import settings
from portal.db import atomic, db, now
from portal.domain_look import Look, look
from portal.errors import DomainError
from portal.languages import _
from portal.models import account_choices
from portal.models.account import Account
from portal.models.account_domain import MISSES, AccountDomain, State
from portal.models.event import Event
from portal.models.rate_count import RateCount

LOOKS, WINDOW = 20, timedelta(minutes=10)
"""So often the staff of one account may have the DNS asked."""


class _Asked(NamedTuple):
    """What is looked for, as it was when the look began."""

    id: int
    account_id: int
    host: str
    challenge: str


def check_domain(domain_id: int, *, is_pressed: bool = False) -> AccountDomain | None:
    """Look for the records and let the domain be what follows.

    Return None when there is no such row, or when it is not its time and nobody pressed. Raises
    DomainError when the staff of the account have pressed too often.
    """
    asked = _pressed(domain_id) if is_pressed else _due(domain_id)
    if asked is None:
        return None
    seen = look(asked.host, asked.challenge, settings())
    try:
        return _end(asked, seen, is_pressed=is_pressed)
    except IntegrityError:  # another account proved the same host in the same moment
        return _end(asked, seen, is_pressed=is_pressed)


@atomic
def _due(domain_id: int) -> _Asked | None:
    return _asked(AccountDomain.locked(domain_id)) if AccountDomain.take(domain_id) else None


@atomic
def _pressed(domain_id: int) -> _Asked | None:
    known = AccountDomain.locked(domain_id)
    if known and not RateCount.allows(f"domain {known.account_id}", LOOKS, WINDOW):
        raise DomainError(_("You have looked many times. Wait ten minutes, then check again."))
    if known and known.due_at is None:
        known.asked_at = now()  # from here on the sweep looks again
    return _asked(known)


def _asked(known: AccountDomain | None) -> _Asked | None:
    if known is None:
        return None
    return _Asked(known.id, known.account_id, known.host, known.challenge)


@atomic
def _end(asked: _Asked, seen: Look, *, is_pressed: bool) -> AccountDomain | None:
    account = account_choices.locked(asked.account_id)
    known = AccountDomain.locked(asked.id)
    if known is None or known.host != asked.host:
        return None
    is_whole = seen.is_whole(known.proof, is_proxied=known.is_proxied)
    is_contested = bool(is_whole) and known.held_host is None and not _is_free(known, seen)
    known.found = {**seen.kept(known.proof), "is_contested": is_contested}
    if is_whole and not is_contested:
        _take_up(account, known)
    elif is_whole is False and known.state == State.VERIFIED and not is_pressed:
        known.misses += 1
        if known.misses >= MISSES:
            _fall_back(account, known)
    known.plan(is_known=is_whole is not None, is_extra=is_pressed)
    db.session.flush()
    return known


def _is_free(known: AccountDomain, seen: Look) -> bool:
    """Take the host from another account that has lost its own proof; False while it has it."""
    if AccountDomain.is_below_another(known.host, known.account_id):
        return False
    found = AccountDomain.holder(known.host, but=known.account_id)
    if found is None:
        return True
    account, holder = found
    if seen.proves(holder.proof):
        return False
    holder.held_host = None
    _fall_back(account, holder)
    db.session.flush()
    return True


def _take_up(account: Account, known: AccountDomain) -> None:
    known.misses = 0
    if known.state == State.VERIFIED:
        return
    known.stands(State.VERIFIED)
    known.held_host = known.host
    account.domain, account.domain_since = known.host, now()
    _record("domain_verified", known)


def _fall_back(account: Account, known: AccountDomain) -> None:
    """New links begin with PORTAL_URL again; what was sent still opens while the host is held."""
    if known.state != State.FAILING:
        known.stands(State.FAILING)
        account.domain, account.domain_since = "", now()
        _record("domain_failing", known)


def _record(kind: str, known: AccountDomain) -> None:
    Event.record(kind, account_id=known.account_id, detail={"host": known.host})
