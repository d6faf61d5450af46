"""Change account: what an account chooses of how its portal works, at the desk or from a shell."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from zoneinfo import available_timezones

import phonenumbers

from portal.db import atomic
from portal.errors import PortalError
from portal.languages import LANGUAGES
from portal.models import account_choices, account_rules
from portal.models.account import Account
from portal.models.event import Event
from portal.models.staff import Staff

_COLUMNS = ("name", "accent", "locale", "time_zone")
_COUNTS = (*account_rules.LIVES, *account_rules.SESSIONS, *account_rules.UNDO, *account_rules.KEEPS)


@atomic
def change_account(
    account: Account, chosen: Mapping[str, Any], *, by: Staff | None, request_id: str = ""
) -> bool:
    """Let each of *chosen* hold from now on, None for what is usual here; *by* is None in a shell.

    One line of the history says what was and what is. Tell whether anything changed. Raises
    PortalError that says what is allowed.
    """
    for name, value in chosen.items():
        _check(name, value)
    held = account_choices.locked(account.id)
    before = {name: _held(held, name) for name in chosen}
    changes = {n: [before[n], value] for n, value in chosen.items() if before[n] != value}
    if not changes:
        return False
    for name in changes:
        if name in _COLUMNS:
            setattr(held, name, chosen[name])
    options = {name: chosen[name] for name in changes if name not in _COLUMNS}
    if options:
        account_choices.choose(held, **options)
    Event.record(
        "account_changed",
        account_id=held.id,
        by=by,
        actor="" if by else "operator",
        request_id=request_id,
        detail={"changes": changes},
    )
    return True


def set_choice(slug: str, name: str, value: str) -> None:
    """Set one thing as it is typed in a shell; `default` goes back to what is usual here."""
    account = Account.by_slug(slug)
    if account is None:
        raise PortalError(f"There is no account with the slug {slug}.")
    change_account(account, {name: _typed(name, value)}, by=None)


def is_time_zone(name: str) -> bool:
    """Tell whether *name* is a time zone of the IANA database that is the same everywhere."""
    return name in time_zones()


@cache
def time_zones() -> frozenset[str]:
    """Return the names of all time zones: a system's own `right/…` count leap seconds, and its
    `localtime` is the machine's and not the account's."""
    return frozenset(available_timezones() - {"Factory", "localtime"})


def is_locale(name: str) -> bool:
    return bool(re.fullmatch("[a-z]{2}(-[A-Z]{2})?", name)) and name[:2] in LANGUAGES


def _typed(name: str, value: str) -> Any:
    if value == "default" and name not in _COLUMNS:
        return "" if name == "country" else None
    if name in account_rules.SWITCHES:
        return {"on": True, "off": False}.get(value, value)
    if name in _COUNTS:
        return int(value) if value.isascii() and value.isdecimal() and len(value) < 12 else -1
    if name == "accent":
        return value.lower()
    return value.strip()[:120] if name == "name" else value


def _held(account: Account, name: str) -> Any:
    if name in _COLUMNS:
        return getattr(account, name)
    return account.choices.get(name, "" if name == "country" else None)


def _check(name: str, value: Any) -> None:
    if name in _COUNTS:
        _check_count(name, value)
        return
    if name not in _RULES or not _RULES[name](value):
        raise PortalError(f"{name.replace('_', '-')} cannot be {value!r}.")


def _check_count(name: str, value: int | None) -> None:
    least, most = account_rules.bounds(name)
    if value is not None and not account_rules.allows(name, value):
        unit = "days" if name in account_rules.KEEPS else "seconds"
        raise PortalError(f"{name.replace('_', '-')} must be {least} to {most} {unit}.")


_RULES: dict[str, Callable[[Any], bool]] = {
    "name": lambda value: bool(value),
    "accent": lambda value: bool(re.fullmatch("#[0-9a-f]{6}", value)),
    "time_zone": is_time_zone,
    "locale": is_locale,
    "country": lambda value: value == "" or value in phonenumbers.SUPPORTED_REGIONS,
    **{name: lambda value: value in (True, False, None) for name in account_rules.SWITCHES},
}
