"""What a mail server's reply means for one delivery, in words that staff can read."""

from __future__ import annotations

import re
from typing import Literal

from portal.channel import AuthenticationError, ChannelError, PermanentError, TemporaryError

Stage = Literal["hello", "login", "sender", "recipient", "message"]

# RFC 4954 section 6 and RFC 3207: the server wants a sign-in, a better one, or encryption first.
SIGN_IN = frozenset({530, 534, 535, 538})

# RFC 3463 and the IANA registry of enhanced status codes, without the class digit.
ENHANCED = {
    "1.0": "does not accept the address",
    "1.1": "says that the mailbox does not exist",
    "1.2": "says that the address's domain does not exist",
    "1.3": "does not accept how the address is written",
    "1.6": "says that the mailbox has moved",
    "1.7": "does not accept our sender address",
    "1.8": "does not accept our sender address",
    "1.10": "says that the address's domain takes no mail",
    "2.0": "says that the mailbox cannot be used",
    "2.1": "says that the mailbox is switched off",
    "2.2": "says that the mailbox is full",
    "2.3": "says that the message is too large for the mailbox",
    "3.1": "has no room left",
    "3.2": "takes no mail at the moment",
    "3.4": "says that the message is too large",
    "4.1": "got no answer from the recipient's server",
    "4.2": "lost the connection to the recipient's server",
    "4.3": "could not find the recipient's server",
    "4.4": "could not find a way to the recipient's server",
    "4.5": "is too busy",
    "4.7": "waited too long for the recipient's server",
    "6.7": "cannot take addresses with letters beyond a to z before the @",
    "7.0": "refused the message by its own rules",
    "7.1": "refused the message by its own rules",
    "7.23": "refused the message because our domain's SPF record does not allow it",
    "7.26": "refused the message because our domain fails its sender checks",
}

BASIC = {
    421: "is too busy",
    450: "says that the mailbox cannot be used at the moment",
    451: "had a problem of its own",
    452: "has no room left",
    454: "cannot check our sign-in at the moment",
    551: "says that the mailbox is not here",
    552: "says that the mailbox is full",
    553: "does not accept how the address is written",
}

BY_STAGE: dict[Stage, str] = {
    "hello": "does not want to talk to us",
    "login": "does not accept our user name and password",
    "sender": "does not accept our sender address",
    "recipient": "does not accept the address",
    "message": "refused the message",
}


def error_for(stage: Stage, code: int, words: bytes) -> ChannelError:
    """Return the error that the reply *code* *words* at *stage* amounts to.

    A refusal before the recipient is named is not about this one message, unless it speaks of
    the message's size or letters: then the channel pauses and its messages wait.
    """
    reply = reply_text(code, words)
    enhanced = _enhanced(words)
    reason = f"The mail server {_meaning(stage, code, enhanced)}."
    if code in SIGN_IN:
        reason = "The mail server does not accept our sign-in."
        return AuthenticationError(reason, reply=reply)
    if not 500 <= code <= 599:  # 4xx, and whatever no standard foresees
        return TemporaryError(reason, reply=reply)
    about_this_message = code == 552 or enhanced[:2] in {"3.", "6."}
    if stage in {"recipient", "message"} or (stage == "sender" and about_this_message):
        return PermanentError(reason, reply=reply)
    return AuthenticationError(reason, reply=reply)


def reply_text(code: int, words: bytes) -> str:
    """Return a reply as one line of at most 300 printable characters."""
    text = " ".join(words.decode("utf-8", "replace").split())
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return f"{code} {text}".strip()[:300]


def _enhanced(words: bytes) -> str:
    found = re.match(rb"[245]\.(\d{1,3}\.\d{1,3})(?:\s|$)", words)
    return found[1].decode() if found else ""


def _meaning(stage: Stage, code: int, enhanced: str) -> str:
    if code == 550 and stage == "recipient" and not enhanced:
        return ENHANCED["1.1"]
    if code == 552 and stage != "recipient" and not enhanced:
        return ENHANCED["3.4"]
    if 400 <= code <= 499 and stage == "login":
        return BASIC[454]
    return ENHANCED.get(enhanced) or BASIC.get(code) or BY_STAGE[stage]
