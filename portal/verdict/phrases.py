"""Phrases that several verdicts are put together from."""

from __future__ import annotations

from portal.models.contact_facts import DeliveryFacts

_NAMES = {"invite": "The invitation", "login": "The login e-mail", "self": "The sign-in message"}
_PASSING = {
    "mailbox_full": "the mailbox is full",
    "busy": "the provider asks us to slow down",
    "unreachable": "nobody answers there",
    "timeout": "no answer came in time",
}
_THINGS = {
    "iPhone": "on an iPhone",
    "iPad": "on an iPad",
    "Android": "on an Android device",
    "Mac": "on a Mac",
    "Windows": "on a Windows computer",
    "Linux": "on a Linux computer",
    "ChromeOS": "on a Chromebook",
}


def called(delivery: DeliveryFacts) -> str:
    return _NAMES.get(delivery.kind, "The message")


def sentence(words: str) -> str:
    """Return *words* as they go on after a colon."""
    return words.strip().rstrip(".")


def why(delivery: DeliveryFacts, otherwise: str) -> str:
    """Return why it has not gone out so far: what may pass, else the provider's words."""
    return _PASSING.get(delivery.cause) or sentence(delivery.error) or otherwise


def browser(family: str) -> str:
    """Return *family* as it stands in the middle of a sentence."""
    return family[:1].lower() + family[1:] if family.startswith("An ") else family or "a browser"


def on_what(family: str) -> str:
    """Return "on an iPhone" for "Safari on iPhone"; what is no thing to be on stays a browser."""
    system = family.rpartition(" on ")[2]
    return _THINGS.get(system, f"in {browser(family)}")
