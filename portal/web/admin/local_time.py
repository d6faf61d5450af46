"""Times as staff type them: in the account's time zone, where an hour may be missing."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from wtforms import StringField

from portal.db import now
from portal.languages import _
from portal.models.account import Account

LONGEST_WAIT = timedelta(days=90)


class NoTimeError(ValueError):
    """What was typed is no time to send something at. The text says what to type instead."""


def send_time(typed: str, time_zone: str) -> datetime | None:
    """Return *typed* (a `datetime-local` value) in UTC, or None for nothing: at once.

    Of an hour that comes twice when clocks go back, the first is meant. Raises NoTimeError.
    """
    if not typed.strip():
        return None
    moment = moment_of(typed.strip(), time_zone)
    if moment is None:
        raise NoTimeError(_("Choose a time within the next 90 days."))
    if moment <= now():
        raise NoTimeError(
            _("This time is over. Choose a later one, or leave it empty to send now.")
        )
    if moment > now() + LONGEST_WAIT:
        raise NoTimeError(_("Choose a time within the next 90 days."))
    return moment


def later(field: StringField, account: Account) -> tuple[datetime | None, bool]:
    """Return (when to send, whether that can be); what is wrong stands at the field."""
    try:
        return send_time(field.data or "", account.time_zone), True
    except NoTimeError as error:
        field.errors = [str(error)]
        return None, False


def start_of(day: date, time_zone: str) -> datetime:
    """Return when *day* begins there, in UTC."""
    return datetime.combine(day, time(), ZoneInfo(time_zone)).astimezone(UTC)


def day_typed(typed: str) -> date | None:
    """Return the day of a `date` field, or None for nothing and for what is none."""
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        return None
    return day if date(1971, 1, 1) <= day <= date(9000, 1, 1) else None


def moment_of(typed: str, time_zone: str) -> datetime | None:
    """Return *typed* in UTC, or None for what no calendar reaches. Raises NoTimeError."""
    zone = ZoneInfo(time_zone)
    try:
        local = datetime.fromisoformat(typed)
    except ValueError:
        raise NoTimeError(_("Type a date and a time, such as 2030-01-31 09:00.")) from None
    if local.tzinfo is not None:
        raise NoTimeError(_("Type the time without a zone: it is read as in your account's."))
    try:
        moment = local.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:
        return None
    if moment.astimezone(zone).replace(tzinfo=None) != local:
        raise NoTimeError(
            _(
                "There is no %(time)s on that day: the clocks in %(zone)s go forward. Choose a "
                "time an hour later.",
                time=f"{local:%H:%M}",
                zone=time_zone,
            )
        )
    return moment
