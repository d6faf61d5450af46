"""What the timeline says of a link that was looked at: by whom, how it ended, and from where."""

from __future__ import annotations

from typing import Any

OPENED = "The link was opened, and nothing pressed yet"
PROGRAM = "A program opened the link, as mail scanners do; {to} may not have seen it"
_TURNED_AWAY = {
    "used": "The link was opened again after it was used",
    "expired": "The link was opened after it had expired",
    "replaced": "An older link was opened; a newer one takes its place",
    "no_access": "A link was opened that does not let {to} in any more",
    "no_cookies": "The link was opened in a browser that kept no cookie",
}
_SIGNS = {
    "name": "it names itself as one",
    "method": "it asked for the headers of the page only",
    "ahead": "it loaded the page ahead of anybody's click",
    "network": "its network belongs to {owner}",
    "cookies": "it kept no cookie",
    "headers": "it did not send what browsers send",
    "speed": "it came within seconds of the message",
}
_ERRORS = {
    "400": "the page had been open for too long, or the request made no sense",
    "403": "not allowed from there",
    "404": "nothing is at that address",
    "429": "too many tries from their network",
    "500": "something went wrong on our side",
}


def sentence(kind: str, detail: dict[str, Any]) -> str:
    """Return the sentence of a sighting, with {to} for the contact."""
    if kind == "turned_away":
        return _TURNED_AWAY.get(detail.get("state", ""), "The link's page turned somebody away")
    return PROGRAM if detail.get("is_program") else OPENED


def why_program(detail: dict[str, Any]) -> str:
    """Say by what a program was told from a person."""
    if not detail.get("is_program"):
        return ""
    signs = [_SIGNS[sign] for sign in detail.get("signs", ()) if sign in _SIGNS]
    why = "; ".join(signs).format(owner=detail.get("owner", "a mail service"))
    return f"Taken for a program: {why}"


def error(detail: dict[str, Any]) -> str:
    """Return which error a client saw, and the number under which the log has it."""
    page = str(detail.get("page", ""))
    words = _ERRORS.get(page)
    number = detail.get("number", "")
    return f"Error {page}{f': {words}' if words else ''}{f' · Number {number}' if number else ''}"


def place(detail: dict[str, Any]) -> str:
    """Return from where it was, as far as that is kept."""
    network = detail.get("network", "")
    return f"from {network}" if network else ""
