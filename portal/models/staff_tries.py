"""How often somebody's password or code may be wrong before the next one has to wait."""

from __future__ import annotations

from datetime import timedelta

from portal.config import settings
from portal.models.rate_count import RateCount

TRIES, WINDOW = 5, timedelta(minutes=15)
TRIES_A_DAY, DAY = 30, timedelta(days=1)
"""Whoever knows the password would otherwise have hundreds of guesses a day at the code."""


def may_try(what: str, staff_id: int) -> bool:
    """Count a try at *what* and tell whether it may be looked at. Commit before comparing."""
    name = f"{what}:{staff_id}"
    allowed = RateCount.allows(name, TRIES, WINDOW)
    allowed = allowed and RateCount.allows(f"{name}:day", TRIES_A_DAY, DAY)
    return allowed or settings().limits == "off"


def forgive(what: str, staff_id: int) -> None:
    """Count anew after a try that was right."""
    RateCount.clear(f"{what}:{staff_id}")
    RateCount.clear(f"{what}:{staff_id}:day")
