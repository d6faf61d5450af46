"""The words of a message: from what is known about a link to a subject, a text and an HTML part."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from secrets import token_hex
from typing import Any
from zoneinfo import ZoneInfo

import css_inline
from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_time, format_timedelta
from jinja2 import BaseLoader, Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import escape

from portal.channel import MAILED_KINDS, Kind, Message
from portal.config import bundled

ACCENT = "#1f6f5c"
NEAR_BLACK = "#11150f"
TRANSLATED = frozenset({"en"})
LONGEST_NAME = 120
NAMES = (
    "account_name",
    "contact_name",
    "sent_by",
    "section_title",
    "asked_from",
    "support",
    "footer",
)
LONGEST_NOTE = 4000
_GAPS = {name: f"\ue000{name}-{token_hex(8)}\ue000" for name in ("link", "code", "contact_name")}
"""Stand where a message has words of its own; nobody outside this process can write them."""

SUBJECTS: dict[Kind, str] = {
    "invite": "Your invitation to the {} client portal",
    "login": "Your sign-in link for {}",
    "self": "Sign in to {}",
    "magic": "Your sign-in link for {}",
}


@dataclass(frozen=True)
class Words:
    """All that a message says. Names and the note may hold anything: `render` makes them harmless.

    *portal_url*, *portal_host* and *link* are ours and built from settings alone.
    *time_zone* is an IANA name. *asked_from* is like "Chrome on Android".
    *greeting* and *closing* are lines that plugins add, *support* and *footer* those of the brand.
    """

    kind: Kind
    account_name: str
    portal_url: str
    portal_host: str
    link: str
    expires_at: datetime
    accent: str = ACCENT
    code: str = ""
    contact_name: str = ""
    sent_by: str = ""
    note: str = ""
    section_title: str = ""
    time_zone: str = "UTC"
    locale: str = "en"
    asked_from: str = ""
    greeting: str = ""
    closing: str = ""
    support: str = ""
    footer: str = ""


def render(words: Words, now: datetime | None = None) -> Message:
    """Return *words* as they are sent at *now*. A copied link's message has no HTML part."""
    now = now or datetime.now(UTC)
    subject = SUBJECTS[words.kind].format(one_line(words.account_name))
    locale = words.locale if _language(words.locale) in TRANSLATED else "en"
    accent = words.accent.lower()
    if not re.fullmatch("#[0-9a-f]{6}", accent):
        accent = ACCENT
    code, link = code_in_words(words.code), words.link
    left = _left(_minutes(words.expires_at, now), locale)
    values: dict[str, Any] = {
        "subject": subject,
        "language": _language(locale),
        "accent": accent,
        "on_accent": readable_on(accent),
        "portal_url": words.portal_url,
        "portal_host": words.portal_host,
        "link": _GAPS["link"],
        "code": _GAPS["code"] if code else "",
        "note": tuple(paragraphs(words.note)),
        "greeting": " ".join(paragraphs(words.greeting)),
        "closing": " ".join(paragraphs(words.closing)),
        "expiry": expiry_in_words(words.expires_at, now, words.time_zone, locale),
    }
    names = {name: one_line(getattr(words, name)) for name in NAMES}
    own = {"link": link, "code": code, "contact_name": names["contact_name"]}
    if own["contact_name"]:
        names["contact_name"] = _GAPS["contact_name"]
    text, html = _patterns(words.kind, tuple(values.items()), tuple(names.items()))
    return Message(
        subject=subject,
        text=_filled(text, {**own, "contact_name": isolate(own["contact_name"])}),
        html=_filled(html, {name: str(escape(value)) for name, value in own.items()}),
        short=_short(words.kind, isolate(names["account_name"]), link, code, left),
    )


def link_url(url: str, token: str) -> str:
    """Return the link of *token*; *url* is PORTAL_URL, never what a request says of its host."""
    return f"{url}/l/{token}"


def portal_url(url: str, slug: str) -> str:
    return f"{url}/p/{slug}"


def code_in_words(code: str) -> str:
    """Return *code* as people read it aloud: `4821 9035`."""
    digits = code.replace(" ", "")
    return " ".join(digits[n : n + 4] for n in range(0, len(digits), 4))


def expiry_in_words(expires_at: datetime, now: datetime, time_zone: str, locale: str) -> str:
    """Return when something ends, like "in 10 minutes, at 14:32 (CET) on 22 Nov 2026"."""
    minutes = _minutes(expires_at, now)
    minute = expires_at.astimezone(UTC).replace(second=0, microsecond=0)
    return _expiry(minute, minutes, time_zone, locale)


@lru_cache(maxsize=4096)
def one_line(name: str) -> str:
    """Return *name* on one line of at most 120 characters, harmless to the words around it.

    Control characters become spaces; marks that override the direction of the text around them
    (Unicode UAX 9) go.
    """
    line = " ".join(_harmless(name).split())
    return line if len(line) <= LONGEST_NAME else line[: LONGEST_NAME - 1].rstrip() + "…"


def isolate(name: str) -> str:
    """Return *name* so that right-to-left letters in it leave the sentence around it in order."""
    if any(unicodedata.bidirectional(c) in {"R", "AL"} for c in name):
        return f"\N{FIRST STRONG ISOLATE}{name}\N{POP DIRECTIONAL ISOLATE}"
    return name


def paragraphs(note: str) -> list[str]:
    """Return the lines of *note*, trimmed, harmless, and without empty ones at the ends."""
    cut = note.replace("\r\n", "\n").replace("\r", "\n").strip()[:LONGEST_NOTE]
    return [" ".join(_harmless(line).split()) for line in cut.split("\n")] if cut else []


@cache
def readable_on(colour: str) -> str:
    """Return the first of white, near-black and black that has enough contrast on *colour*.

    That is 4.5 (WCAG 1.4.3), and one of white and black always has it.
    """
    ground = _luminance(colour)
    dark = (ground + 0.05) / (_luminance(NEAR_BLACK) + 0.05)
    inks = {"#ffffff": 1.05 / (ground + 0.05), NEAR_BLACK: dark}
    return next((ink for ink, contrast in inks.items() if contrast >= 4.5), "#000000")


def _luminance(colour: str) -> float:
    """Return the relative luminance of a colour like `#1f6f5c`, as WCAG 2.2 defines it."""
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(share * c for share, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


_DIRECTIONS = frozenset(map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]))
_BREAKING = frozenset({"Cc", "Cs", "Zl", "Zp"})


def _harmless(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        " " if unicodedata.category(c) in _BREAKING else c for c in text if c not in _DIRECTIONS
    )


def _without_gaps(text: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _filled(pattern: str, own: dict[str, str]) -> str:
    for name, value in own.items():
        pattern = pattern.replace(_GAPS[name], value)
    return pattern


def _short(kind: str, account_name: str, link: str, code: str, left: str) -> str:
    pattern = _short_pattern(kind, has_code=bool(code))
    return pattern.format(account_name=account_name, link=link, code=code, left=left)


def _minutes(expires_at: datetime, now: datetime) -> int:
    return max(1, round((expires_at - now).total_seconds() / 60))


@lru_cache(maxsize=1024)
def _expiry(expires_at: datetime, minutes: int, time_zone: str, name: str) -> str:
    locale = _locale(name)
    local = expires_at.astimezone(_zone(time_zone))
    left = _left(minutes, name)
    if locale.language != "en":
        when = format_datetime(local, "medium", locale=locale)
        return f"{left}, {when} ({_zone_name(local)})"
    time, date = format_time(local, "short", locale=locale), format_date(local, locale=locale)
    return f"{left}, at {time} ({_zone_name(local)}) on {date}".replace("\u202f", " ")


@lru_cache(maxsize=1024)
def _left(minutes: int, locale: str) -> str:
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
def _language(name: str) -> str:
    return _locale(name).language


class _Inlined(BaseLoader):
    """Loads a template with its styles already inlined, so that this happens once a process.

    Inlining costs a millisecond and takes Jinja's own marks for text, which suits us.
    """

    def __init__(self, folder: Path) -> None:
        self._files = FileSystemLoader(folder)
        self._css = (folder / "_message.css").read_text()
        self._inliner = css_inline.CSSInliner(
            load_remote_stylesheets=False, keep_at_rules=True, extra_css=self._css
        )

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Any]:
        source, path, _ = self._files.get_source(environment, template)
        if not template.endswith(".html"):
            return source, path, None
        if "<html" in source:
            source = self._inliner.inline(source)
        else:
            source = self._inliner.inline_fragment(source, self._css)
        for variable in ("accent", "on_accent"):
            source = source.replace(f"var(--{variable.replace('_', '-')})", f"{{{{ {variable} }}}}")
        return source, path, None


@cache
def _templates(kind: str) -> tuple[Any, Any]:
    environment = _environment()
    html = environment.get_template(f"{kind}.html") if kind in MAILED_KINDS else None
    return environment.get_template(f"{kind}.txt"), html


@lru_cache(maxsize=64)
def _patterns(
    kind: Kind, values: tuple[tuple[str, Any], ...], names: tuple[tuple[str, str], ...]
) -> tuple[str, str]:
    """Return text and HTML with gaps for what each message has of its own: many messages of one
    account differ in nothing else, and a template costs more than all the rest of a message."""
    text, html = _templates(kind)
    isolated = {name: isolate(value) for name, value in names}
    return (
        _without_gaps(text.render(dict(values) | isolated)),
        html.render(dict(values) | dict(names)) if html else "",
    )


@cache
def _short_pattern(kind: str, *, has_code: bool) -> str:
    """Return the one line of *kind* with gaps for `str.format`, ten times as quick as a template:
    every message pays for it, and few are sent by a channel that wants it."""
    gaps = {name: f"{{{name}}}" for name in ("account_name", "link", "left")}
    template = _environment().get_template(f"{kind}.short.txt")
    return template.render(gaps, code="{code}" if has_code else "")


@cache
def _environment() -> Environment:
    return Environment(
        loader=_Inlined(bundled("templates") / "messages"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
