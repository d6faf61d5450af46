"""The plan of an account's reminders: on which days after an invitation, and at which hours."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from portal.models.account import Account

USUAL_DAYS = (3, 7, 14)
MOST, LATEST_DAY = 3, 60
APART = timedelta(days=1)
"""Two reminders are never closer than this, whatever was late."""
OPENS, CLOSES = 9, 17
"""The hours of the day, in the account's zone: a contact has none of their own."""
_SATURDAY = 5


class Plan(NamedTuple):
    """Whether clients are reminded, and on which days after their invitation, at most MOST."""

    is_on: bool = False
    days: tuple[int, ...] = USUAL_DAYS

    @classmethod
    def of(cls, account: Account) -> Plan:
        kept = account.choices.get("reminders") or {}
        return cls(bool(kept.get("on")), tuple(kept.get("days") or USUAL_DAYS))

    def kept(self) -> dict[str, object]:
        """Return the plan as it stands among the account's choices."""
        return {"on": self.is_on, "days": list(self.days)}

    @property
    def words(self) -> str:
        listed = ", ".join(map(str, self.days))
        return f"on day {listed}" if self.is_on else "off"

    def due(
        self, zone: str, invited_at: datetime, number: int, *, last_at: datetime | None = None
    ) -> datetime | None:
        """Return when the next reminder is due after *number* of them, or None after the last."""
        if number >= min(len(self.days), MOST):
            return None
        at = invited_at + timedelta(days=self.days[number])
        return in_daytime(max(at, last_at + APART) if last_at else at, zone)


def in_daytime(at: datetime, zone: str) -> datetime:
    """Return *at*, or when the next working day begins if it is night or a weekend then."""
    local = at.astimezone(ZoneInfo(zone))
    day = local.date() + timedelta(days=1) if local.hour >= CLOSES else local.date()
    if day == local.date() and local.hour >= OPENS and day.weekday() < _SATURDAY:
        return at
    while day.weekday() >= _SATURDAY:
        day += timedelta(days=1)
    return datetime.combine(day, time(OPENS), ZoneInfo(zone)).astimezone(at.tzinfo)
