"""What the timeline says of a link that was looked at: by whom, how it ended, and from where."""

from __future__ import annotations

from typing import Any

from portal.languages import _, mark

OPENED = mark("The link was opened, and nothing pressed yet")
PROGRAM = mark("A program opened the link, as mail scanners do; %(to)s may not have seen it")
AWAY = mark("The link's page turned somebody away")
_TURNED_AWAY = {
    "used": mark("The link was opened again after it was used"),
    "expired": mark("The link was opened after it had expired"),
    "replaced": mark("An older link was opened; a newer one takes its place"),
    "no_access": mark("A link was opened that does not let %(to)s in any more"),
    "no_cookies": mark("The link was opened in a browser that kept no cookie"),
}
_SIGNS = {
    "name": mark("it names itself as one"),
    "method": mark("it asked for the headers of the page only"),
    "ahead": mark("it loaded the page ahead of anybody's click"),
    "network": mark("its network belongs to %(owner)s"),
    "cookies": mark("it kept no cookie"),
    "headers": mark("it did not send what browsers send"),
    "speed": mark("it came within seconds of the message"),
}
_ERRORS = {
    "400": mark("the page had been open for too long, or the request made no sense"),
    "403": mark("not allowed from there"),
    "404": mark("nothing is at that address"),
    "429": mark("too many tries from their network"),
    "500": mark("something went wrong on our side"),
}


def sentence(kind: str, detail: dict[str, Any]) -> str:
    """Return the sentence of a sighting, with %(to)s for the contact."""
    if kind == "turned_away":
        return _TURNED_AWAY.get(detail.get("state", ""), AWAY)
    return PROGRAM if detail.get("is_program") else OPENED


def why_program(detail: dict[str, Any]) -> str:
    """Say by what a program was told from a person."""
    if not detail.get("is_program"):
        return ""
    owner = detail.get("owner") or _("a mail service")
    signs = [_(_SIGNS[sign], owner=owner) for sign in detail.get("signs", ()) if sign in _SIGNS]
    return _("Taken for a program: %(why)s", why="; ".join(signs))


def error(detail: dict[str, Any]) -> str:
    """Return which error a client saw, and the number under which the log has it."""
    page = str(detail.get("page", ""))
    words = _ERRORS.get(page)
    if words:
        said = _("Error %(page)s: %(why)s", page=page, why=_(words))
    else:
        said = _("Error %(page)s", page=page)
    number = str(detail.get("number", ""))
    return f"{said} · {_('Number %(number)s', number=number)}" if number else said


def place(detail: dict[str, Any]) -> str:
    """Return from where it was, as far as that is kept."""
    network = detail.get("network", "")
    return _("from %(network)s", network=network) if network else ""
