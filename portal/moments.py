"""When something ends, in words of a language: "in 10 minutes, at 14:32 (CET) on 22 Nov 2026"."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time, format_timedelta

from portal.languages import reader


def expiry_in_words(expires_at: datetime, now: datetime, time_zone: str, locale: str) -> str:
    """Return when something ends, like "in 10 minutes, at 14:32 (CET) on 22 Nov 2026"."""
    minutes = minutes_until(expires_at, now)
    minute = expires_at.astimezone(UTC).replace(second=0, microsecond=0)
    return _expiry(minute, minutes, time_zone, locale)


def short_date(day: date, *, with_year: bool) -> str:
    """Return "12 Nov" or "12 Nov 2025" in the language of the reader."""
    locale = _locale(reader())
    if locale.language == "en":
        return format_date(day, "d MMM y" if with_year else "d MMM", locale="en")
    return format_skeleton("yMMMd" if with_year else "MMMd", day, locale=locale)


def minutes_until(expires_at: datetime, now: datetime) -> int:
    return max(1, round((expires_at - now).total_seconds() / 60))


@lru_cache(maxsize=1024)
def _expiry(expires_at: datetime, minutes: int, time_zone: str, name: str) -> str:
    locale = _locale(name)
    local = expires_at.astimezone(_zone(time_zone))
    left = time_left(minutes, name)
    if locale.language != "en":
        date, time = format_date(local, locale=locale), format_time(local, "short", locale=locale)
        return f"{left} ({date}, {time} {_zone_name(local)})".replace("\u202f", " ")
    time, date = format_time(local, "short", locale=locale), format_date(local, locale=locale)
    return f"{left}, at {time} ({_zone_name(local)}) on {date}".replace("\u202f", " ")


@lru_cache(maxsize=1024)
def time_left(minutes: int, locale: str) -> str:
    """Return "in 10 minutes"."""
    return format_timedelta(
        timedelta(minutes=minutes),
        granularity=_unit(minutes),
        threshold=10**6,
        add_direction=True,
        locale=_locale(locale),
    )


def _unit(minutes: int) -> Any:
    if minutes < 60 or (minutes < 180 and minutes % 60):
        return "minute"
    return "hour" if minutes < 2 * 24 * 60 - 30 else "day"


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # what a name can be: unknown, a folder, a path
        return ZoneInfo("UTC")


def _zone_name(local: datetime) -> str:
    """Return "CET", or "UTC+05:45" where the zone has no letters of its own."""
    name = local.tzname() or ""
    return name if name.isalpha() else f"UTC{local.isoformat()[-6:]}"


@cache
def _locale(name: str) -> Locale:
    """Return the locale *name*; plain English counts its hours to 24 and its days first."""
    try:
        locale = Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        locale = Locale("en")
    return Locale("en", "GB") if str(locale) == "en" else locale


@cache
def language_in(name: str) -> str:
    return _locale(name).language
