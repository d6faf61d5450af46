"""What an account may choose of how its portal works, within which bounds, and what holds else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any, NamedTuple

from portal.config import Settings, settings

LIVES = ("life_invite", "life_login", "life_magic", "life_self")
SESSIONS = ("client_idle", "client_session")
UNDO = ("undo_one", "undo_bulk")
KEEPS = ("keep_messages", "keep_browsers", "keep_runs")
"""Days; 0 is for good."""
SWITCHES = ("may_ask", "may_renew", "has_code")
"""How clients may sign in. All are on unless the account turned them off."""
MINUTE, HOUR, DAY = 60, 3600, 86400
FOR_GOOD = ("keep_messages", "keep_browsers")
"""Those that 0 may be chosen of."""
_LEAST = {"client_idle": 5 * MINUTE, "client_session": 15 * MINUTE,
          "keep_messages": 30, "keep_browsers": 1}  # fmt: skip
"""Where an account has to stay above what an operator may set."""


class Bounds(NamedTuple):
    """The least and the most that an account may choose, in seconds or days."""

    least: int
    most: int


@cache
def bounds(name: str) -> Bounds:
    """Return the bounds of *name*: those of the setting of that name, or narrower ones."""
    limits = Settings.model_fields[name].metadata
    least = next(limit.ge for limit in limits if hasattr(limit, "ge"))
    most = next(limit.le for limit in limits if hasattr(limit, "le"))
    return Bounds(max(least, _LEAST.get(name, 0)), most)


def allows(name: str, value: int) -> bool:
    """Tell whether an account may choose *value* for *name*."""
    least, most = bounds(name)
    return least <= value <= most or (value == 0 and name in FOR_GOOD)


def usual(name: str) -> int:
    """Return what holds for accounts that did not choose."""
    return int(getattr(settings(), name))


def number(choices: Mapping[str, Any], name: str) -> int:
    """Return what holds of *name* for an account with these *choices*."""
    chosen = choices.get(name)
    return usual(name) if chosen is None else int(chosen)


def span(choices: Mapping[str, Any], name: str) -> timedelta:
    return timedelta(seconds=number(choices, name))


def is_on(choices: Mapping[str, Any], name: str) -> bool:
    """Tell whether the switch *name* is on. Nobody asks from a dead link who may not ask at all."""
    if name == "may_renew" and not choices.get("may_ask", True):
        return False
    return bool(choices.get(name, True))
