"""The words of a message: from what is known about a link to a subject, a text and an HTML part."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from secrets import token_hex
from typing import Any

import css_inline
from jinja2 import BaseLoader, Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from portal.channel import MAILED_KINDS, Kind, Message
from portal.config import bundled
from portal.languages import LANGUAGES, RIGHT_TO_LEFT, direction, translator
from portal.moments import expiry_in_words, language_in, minutes_until, time_left
from portal.wording import OwnWords, fill, is_note
from portal.wording import paragraphs as parted

ACCENT = "#1f6f5c"
NEAR_BLACK = "#11150f"
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
_GAPS = {
    name: f"\ue000{name}-{token_hex(8)}\ue000"
    for name in ("link", "code", "contact_name", "subject")
}
"""Stand where a message has words of its own; nobody outside this process can write them."""
_GAPS_OF = {"client": "contact_name", "code": "code"}

REMINDER = "reminder"
"""The templates of a reminder, in place of those of an invitation."""
_HAVE_HTML = (*MAILED_KINDS, REMINDER)
SUBJECTS: dict[str, str] = {
    "invite": "Your invitation to the %(portal)s client portal",
    "login": "Your sign-in link for %(portal)s",
    "self": "Sign in to %(portal)s",
    "magic": "Your sign-in link for %(portal)s",
    REMINDER: "Reminder: %(subject)s",
}


@dataclass(frozen=True)
class Words:
    """All that a message says. Names and the note may hold anything: `render` makes them harmless.

    *portal_url*, *portal_host* and *link* are ours and built from settings alone.
    *time_zone* is an IANA name. *asked_from* is like "Chrome on Android".
    *greeting* and *closing* are lines that plugins add, *support* and *footer* those of the brand.
    *reminder* is 0, or says which reminder of an invitation this is.
    *own* and *own_short* are the account's words in place of ours.
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
    reminder: int = 0
    own: OwnWords | None = None
    own_short: OwnWords | None = None


@dataclass(frozen=True)
class _Own:
    """An account's words, all filled in but what each message has of its own."""

    paragraphs: tuple[tuple[bool, str], ...]
    """Whether the personal note stands there, and else what does."""
    preheader: str
    button: str


def render(words: Words, now: datetime | None = None) -> Message:
    """Return *words* as they are sent at *now*. A copied link's message has no HTML part."""
    now = now or datetime.now(UTC)
    locale = words.locale if language_in(words.locale) in LANGUAGES else "en"
    accent = words.accent.lower()
    if not re.fullmatch("#[0-9a-f]{6}", accent):
        accent = ACCENT
    code, link = code_in_words(words.code), words.link
    left = time_left(minutes_until(words.expires_at, now), locale)
    names = {name: one_line(getattr(words, name)) for name in NAMES}
    expiry = expiry_in_words(words.expires_at, now, words.time_zone, locale)
    said = {
        "client": names["contact_name"],
        "portal": names["account_name"],
        "staff": names["sent_by"] or names["account_name"],
        "expires": expiry,
        "code": code,
    }
    subject = _subject(words, said)
    note = tuple(paragraphs(words.note))
    values: dict[str, Any] = {
        "subject": _GAPS["subject"],
        "language": language_in(locale),
        "direction": direction(language_in(locale)),
        "accent": accent,
        "on_accent": readable_on(accent),
        "portal_url": words.portal_url,
        "portal_host": words.portal_host,
        "link": _GAPS["link"],
        "code": _GAPS["code"] if code else "",
        "note": note,
        "own": _own(words.own, said, has_note=bool(note)),
        "greeting": " ".join(paragraphs(words.greeting)),
        "closing": " ".join(paragraphs(words.closing)),
        "expiry": expiry,
    }
    own = {"link": link, "code": code, "contact_name": names["contact_name"], "subject": subject}
    if own["contact_name"]:
        names["contact_name"] = _GAPS["contact_name"]
    text, html = _patterns(_template(words), tuple(values.items()), tuple(names.items()))
    return Message(
        subject=subject,
        text=_filled(text, {**own, "contact_name": isolate(own["contact_name"])}),
        html=_filled(html, {name: str(escape(value)) for name, value in own.items()}),
        short=_own_short(words, {**said, "expires": left, "link": link})
        or _short(words, isolate(names["account_name"]), link, code, left),
    )


def language_of(locale: str) -> str:
    """Return the language in which a message to somebody with *locale* is written."""
    language = language_in(locale)
    return language if language in LANGUAGES else "en"


def _template(words: Words) -> str:
    return REMINDER if words.reminder else words.kind


def _subject(words: Words, said: dict[str, str]) -> str:
    _ = translator(language_of(words.locale))
    if words.own is not None and words.own.subject:
        subject = one_line(fill(words.own.subject, said))
    else:
        subject = _(SUBJECTS[words.kind], portal=said["portal"])
    return _(SUBJECTS[REMINDER], subject=subject) if words.reminder else subject


def _own(own: OwnWords | None, said: dict[str, str], *, has_note: bool) -> _Own | None:
    """Return *own* filled in, with gaps where `render` puts what differs from client to client.

    A personal note is never lost: without a place of its own it follows the rest.
    """
    if own is None:
        return None
    gaps = {name: _GAPS[gap] for name, gap in _GAPS_OF.items() if said[name]}
    isolated = {name: isolate(value) for name, value in said.items()} | gaps
    parts = [(is_note(part), fill(part, isolated).strip()) for part in parted(own.body)]
    kept = [(note, text) for note, text in parts if (has_note if note else text)]
    if has_note and not any(note for note, _text in kept):
        kept.append((True, ""))
    first = next((text for note, text in kept if not note), "")
    return _Own(tuple(kept), first, own.button)


def _own_short(words: Words, said: dict[str, str]) -> str:
    if words.own_short is None:
        return ""
    isolated = {**said, "portal": isolate(said["portal"]), "client": isolate(said["client"])}
    return " ".join(fill(words.own_short.body, isolated).split())


def link_url(url: str, token: str) -> str:
    """Return the link of *token*; *url* is PORTAL_URL or at an account's own domain, never what a
    request says of its host."""
    return f"{url}/l/{token}"


def code_in_words(code: str) -> str:
    """Return *code* as people read it aloud: `4821 9035`."""
    digits = code.replace(" ", "")
    return " ".join(digits[n : n + 4] for n in range(0, len(digits), 4))


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


def _short(words: Words, account_name: str, link: str, code: str, left: str) -> str:
    pattern = _short_pattern(_template(words), language_of(words.locale), has_code=bool(code))
    return pattern.format(account_name=account_name, link=link, code=code, left=left)


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
    html = environment.get_template(f"{kind}.html") if kind in _HAVE_HTML else None
    return environment.get_template(f"{kind}.txt"), html


@lru_cache(maxsize=64)
def _patterns(
    kind: str, values: tuple[tuple[str, Any], ...], names: tuple[tuple[str, str], ...]
) -> tuple[str, str]:
    """Return text and HTML with gaps for what each message has of its own: many messages of one
    account differ in nothing else, and a template costs more than all the rest of a message."""
    text, html = _templates(kind)
    found, plain = dict(values), dict(names)
    isolated = {name: isolate(value) for name, value in names}
    said = _without_gaps(text.render(found | isolated | _tongue(found["language"], isolated)))
    if html is None:
        return said, ""
    page = html.render(found | plain | _tongue(found["language"], plain, is_html=True))
    return said, _mirrored(page) if found["language"] in RIGHT_TO_LEFT else page


def _tongue(language: str, names: dict[str, str], *, is_html: bool = False) -> dict[str, Any]:
    """Return `_` in *language*, and who sends the message, in its words."""
    _ = translator(language, is_html=is_html)
    staff, portal = names["sent_by"], names["account_name"]
    if is_html:
        staff, portal = bdi(staff), bdi(portal)
    who = _("%(staff)s at %(portal)s", staff=staff, portal=portal) if staff else portal
    return {"_": _, "who": who}


def bdi(name: str) -> str:
    """Return *name* for HTML so that it leaves the sentence around it in order; '' for nobody."""
    return Markup("<bdi>{}</bdi>").format(name) if name else ""


def _mirrored(page: str) -> str:
    """Return *page* for those who read from the right: mail programs know no logical sides."""
    for left, right in (
        ("text-align: left", "text-align: right"),
        ("border-left:", "border-right:"),
        ("padding: 0 0 0 12px", "padding: 0 12px 0 0"),
    ):
        page = page.replace(left, right)
    return page


@cache
def _short_pattern(kind: str, language: str, *, has_code: bool) -> str:
    """Return the one line of *kind* with gaps for `str.format`, ten times as quick as a template:
    every message pays for it, and few are sent by a channel that wants it."""
    gaps = {name: f"{{{name}}}" for name in ("account_name", "link", "left")}
    template = _environment().get_template(f"{kind}.short.txt")
    code = "{code}" if has_code else ""
    return template.render(gaps, code=code, _=translator(language))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=_Inlined(bundled("templates") / "messages"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["bdi"] = bdi
    return environment
