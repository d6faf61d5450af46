"""When access ends, as staff type it: a date and time of the account's zone, or a usual one."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from wtforms import StringField

from portal.db import now
from portal.languages import _, mark
from portal.models import access_end
from portal.models.account import Account
from portal.web.admin.local_time import NoTimeError, moment_of, start_of

PRESETS = {
    "today": mark("End of today"),
    "week": mark("In 7 days"),
    "month": mark("In 30 days"),
    "never": mark("No end"),
}
"""Ends of an access that are often meant, each at the end of its day."""
_DAYS = {"today": 0, "week": 7, "month": 30}


def end_time(typed: str, time_zone: str) -> datetime | None:
    """Return *typed* (a `datetime-local` value) in UTC, or None for nothing: no end.

    Raises NoTimeError.
    """
    if not typed.strip():
        return None
    moment = moment_of(typed.strip(), time_zone)
    if moment is None or moment > now() + access_end.LONGEST:
        raise NoTimeError(_("Choose a time within the next ten years."))
    if moment <= now():
        raise NoTimeError(_("This time is over. Choose a later one, or leave it empty for no end."))
    return moment


def ends(field: StringField, account: Account) -> tuple[datetime | None, bool]:
    """Return (when access ends, whether that can be); what is wrong stands at the field."""
    try:
        return end_time(field.data or "", account.time_zone), True
    except NoTimeError as error:
        field.errors = [str(error)]
        return None, False


def preset(name: str, time_zone: str) -> datetime | None:
    """Return the end that one of PRESETS names: the last minute of that day there."""
    if name not in _DAYS:
        return None
    day_ = now().astimezone(ZoneInfo(time_zone)).date() + timedelta(days=_DAYS[name])
    last = datetime.combine(day_, time(23, 59), ZoneInfo(time_zone)).astimezone(UTC)
    return last if last > now() else start_of(day_ + timedelta(days=1), time_zone)


def typed_of(moment: datetime | None, time_zone: str) -> str:
    """Return what a `datetime-local` field shows of *moment*."""
    return f"{moment.astimezone(ZoneInfo(time_zone)):%Y-%m-%dT%H:%M}" if moment else ""
