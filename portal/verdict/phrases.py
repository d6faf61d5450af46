"""Phrases that stand in several verdicts, in the language of the reader."""

from __future__ import annotations

from portal.languages import _, mark
from portal.models.contact_facts import DeliveryFacts
from portal.stored_words import stored

_PASSING = {
    "mailbox_full": mark("the mailbox is full"),
    "busy": mark("the provider asks us to slow down"),
    "unreachable": mark("nobody answers there"),
    "timeout": mark("no answer came in time"),
}
_THINGS = {
    "iPhone": mark("on an iPhone"),
    "iPad": mark("on an iPad"),
    "Android": mark("on an Android device"),
    "Mac": mark("on a Mac"),
    "Windows": mark("on a Windows computer"),
    "Linux": mark("on a Linux computer"),
    "ChromeOS": mark("on a Chromebook"),
}
_UNKNOWN = mark("An unknown browser")


def sentence(words: str) -> str:
    """Return *words* as they go on after a colon; our own are said in the reader's language."""
    return stored(words.strip()).rstrip(".")


def why(delivery: DeliveryFacts, otherwise: str) -> str:
    """Return why it has not gone out so far: what may pass, else the provider's words."""
    passing = _PASSING.get(delivery.cause)
    return _(passing) if passing else sentence(delivery.error) or otherwise


def browser_name(family: str) -> str:
    """Return *family*, such as "Chrome on Windows", as it stands alone."""
    name, on, system = family.partition(" on ")
    if on:
        return _("%(browser)s on %(system)s", browser=name, system=system)
    return _(family) if family else ""


def browser(family: str) -> str:
    """Return *family* as it stands in the middle of a sentence."""
    if family == _UNKNOWN:
        return _("an unknown browser")
    return browser_name(family) or _("a browser")


def on_what(family: str) -> str:
    """Return "on an iPhone" for "Safari on iPhone"; what is no thing to be on stays a browser."""
    system = family.rpartition(" on ")[2]
    thing = _THINGS.get(system)
    return _(thing) if thing else _("in %(browser)s", browser=browser(family))
