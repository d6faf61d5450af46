"""What templates may call: addresses of files, times in the account's zone, brand and mailbox."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_timedelta
from flask import Flask, Response, current_app, g, request, url_for
from jinja2 import StrictUndefined

from portal.config import settings
from portal.db import now
from portal.web import own_domain
from portal.web.headers import A_YEAR
from portal.web.languages import language

STATIC = Path(__file__).resolve().parent.parent / "static"


def init_app(app: Flask) -> None:
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals["asset"] = asset
    app.jinja_env.globals["url_for"] = path_for
    app.jinja_env.filters.update(when=when, when_zone=when_zone, ago=ago, day=day, iso=iso)
    app.jinja_env.filters.update(is_over=is_over, end_day=end_day)
    app.context_processor(_shared)
    app.url_defaults(_current_slug)
    app.after_request(_keep_assets)


def path_for(endpoint: str, **values: Any) -> str:
    """Return the path of *endpoint*, in the portal of this page unless *values* name another."""
    return own_domain.outside(_path(endpoint, g.get("slug"), **values))


@cache
def asset(name: str) -> str:
    """Return the address of a file in portal/static; it changes with the file, so it is kept."""
    version = sha256((STATIC / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={version}"


def when(moment: datetime) -> str:
    """Return "22 Nov 2026, 14:05" in the account's zone."""
    return format_datetime(moment, "d MMM y, HH:mm", tzinfo=_zone(), locale=_locale())


def when_zone(moment: datetime) -> str:
    return format_datetime(moment, "d MMM y, HH:mm z", tzinfo=_zone(), locale=_locale())


def ago(moment: datetime) -> str:
    return format_timedelta(moment - now(), add_direction=True, locale=_locale())


def span(seconds: float) -> str:
    """Return "3 minutes" for so many seconds, and at least one of them."""
    return format_timedelta(timedelta(seconds=max(round(seconds), 1)), locale=_locale())


def is_over(moment: datetime) -> bool:
    return moment <= now()


def end_day(moment: datetime) -> str:
    """Return "30 Nov", in the account's zone; with the year when it is another one."""
    zone = _zone()
    there, today = moment.astimezone(zone), now().astimezone(zone)
    year = "" if there.year == today.year else " y"
    return format_date(there.date(), f"d MMM{year}", locale=_locale())


def day(value: date) -> str:
    return format_date(value, "d MMM", locale=_locale())


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _shared() -> dict[str, Any]:
    found = settings()
    return {
        "is_fragment": "HX-Request" in request.headers,
        "account": g.get("account"),
        "mailbox_url": path_for("mailbox.index") if found.has_local_mailbox else None,
    }


@lru_cache(maxsize=4096)
def _path(endpoint: str, _slug: str | None, **values: Any) -> str:
    # Building one costs more than a small template, and the same few are on every page.
    return url_for(endpoint, **values)


def _current_slug(endpoint: str, values: dict[str, Any]) -> None:
    takes_slug = current_app.url_map.is_endpoint_expecting(endpoint, "slug")
    if takes_slug and "slug" not in values and "slug" in g:
        values["slug"] = g.slug


def _keep_assets(response: Response) -> Response:
    if request.endpoint == "static" and "v" in request.args and response.status_code == 200:
        response.headers["Cache-Control"] = A_YEAR
    return response


def _zone() -> ZoneInfo:
    account = g.get("account")
    return ZoneInfo(account.time_zone if account else "UTC")


def _locale() -> str:
    """A day in the account's language would stand alone in a sentence of another."""
    account, spoken = g.get("account"), language()
    if account is None or not account.locale.startswith(spoken):
        return spoken
    found: str = account.locale.replace("-", "_")
    return found
