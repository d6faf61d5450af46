"""What an account may choose, in words: the name of each choice, and what is chosen."""

from __future__ import annotations

from typing import Any

from portal.languages import _, _n, mark
from portal.models import account_rules
from portal.web.span_field import in_words

NAMES = {
    "life_invite": mark("The link of an invitation works for"),
    "life_login": mark("The link of a login e-mail works for"),
    "life_magic": mark("A copied magic link works for"),
    "life_self": mark("A link that a client asked for works for"),
    "may_ask": mark("Clients may ask for a link themselves"),
    "may_renew": mark("A dead link offers “Email me a new link”"),
    "has_code": mark("The message has a code to type, beside the link"),
    "client_idle": mark("A browser not used for so long is signed out"),
    "client_session": mark("The longest that a client stays signed in"),
    "undo_one": mark("Time to take back one message"),
    "undo_bulk": mark("Time to take back many at once"),
    "keep_messages": mark("Days to keep messages that ended"),
    "keep_browsers": mark("Days to keep browsers that are signed out"),
    "keep_runs": mark("Days to keep the rows of ended runs"),
    "country": mark("Country of phone numbers"),
}


def chosen(name: str, value: Any) -> str | None:
    """Return what the history says of *value*, or None when *name* is no choice of time or days."""
    if name in account_rules.SWITCHES:
        return _("on") if value in (True, None) else _("off")
    if name not in NAMES or name == "country":
        return None
    return _("the default") if value is None else amount(name, int(value))


def amount(name: str, value: int) -> str:
    """Return "1 hour", "30 days" or "for good"."""
    if name not in account_rules.KEEPS:
        return in_words(value)
    return _n("%(count)s day", "%(count)s days", value) if value else _("for good")


def bounds(name: str) -> str:
    """Return what may be typed, and what holds when nothing is."""
    least, most = account_rules.bounds(name)
    values = {
        "least": amount(name, least),
        "most": amount(name, most),
        "usual": amount(name, account_rules.usual(name)),
    }
    if name in account_rules.FOR_GOOD:
        return _("Default (%(usual)s). From %(least)s to %(most)s, or 0 for good.", **values)
    if not least:
        return _("Default (%(usual)s). At most %(most)s, or 0 for none.", **values)
    return _("Default (%(usual)s). From %(least)s to %(most)s.", **values)
