"""Portico's own words as they begin an editor: the same message, with its placeholders."""

from __future__ import annotations

from collections.abc import Callable

from portal.languages import translator
from portal.wording import PLACEHOLDERS, SHORT, OwnWords

_MARKS = {name: f"{{{{{name}}}}}" for name in PLACEHOLDERS}
_BUTTON = "You need no password: the button signs you in."
_LINK = "You need no password: the link signs you in."
_OPENINGS = {
    "invite": ("%(staff)s has invited you to the client portal of %(portal)s.", _BUTTON),
    "login": ("%(who)s sent you this link to the client portal.", _BUTTON),
    "self": ("You asked to sign in to the client portal of %(portal)s.", "Press the button."),
    "magic": ("%(who)s made you this link to the client portal.", _LINK),
}
_SUBJECTS = {
    "invite": "Your invitation to the %(portal)s client portal",
    "login": "Your sign-in link for %(portal)s",
    "self": "Sign in to %(portal)s",
    "magic": "Your sign-in link for %(portal)s",
}
_BUTTONS = {"invite": "Open the client portal", "login": "Sign in", "self": "Sign in"}
_SHORTS = {
    "invite": "%(portal)s invites you. Open its client portal: %(link)s "
    "Works once, ends %(expires)s.",
    "login": "%(portal)s sent you a link to sign in: %(link)s Works once, ends %(expires)s.",
    "self": "%(portal)s: your sign-in code is %(code)s or open %(link)s "
    "Works once, ends %(expires)s.",
    "magic": "%(portal)s made you a link to sign in: %(link)s Works once, ends %(expires)s.",
}


def starter(kind: str, form: str, language: str) -> OwnWords:
    _ = translator(language)
    if form == SHORT:
        return OwnWords(_filled(_, _SHORTS[kind]))
    opening = " ".join(_filled(_, sentence) for sentence in _OPENINGS[kind])
    parts = [_filled(_, "Hello %(client)s,"), opening, *(["{{note}}"] if kind == "invite" else [])]
    button = _(_BUTTONS[kind]) if kind in _BUTTONS else ""
    return OwnWords("\n\n".join(parts), _filled(_, _SUBJECTS[kind]), button)


def _filled(_: Callable[..., str], sentence: str) -> str:
    who = _("%(staff)s at %(portal)s", staff=_MARKS["staff"], portal=_MARKS["portal"])
    return _(sentence, **_MARKS, who=who)
