"""What a mail server's reply means for one delivery, in words that staff can read."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from portal.channel import AuthenticationError, Cause, ChannelError, PermanentError, TemporaryError

Stage = Literal["hello", "login", "sender", "recipient", "message"]

# RFC 4954 section 6 and RFC 3207: the server wants a sign-in, a better one, or encryption first.
SIGN_IN = frozenset({530, 534, 535, 538})


class Meaning(NamedTuple):
    """What a reply says: *words* follow "The mail server", *cause* groups failures."""

    words: str
    cause: Cause


OWN_RULES = Meaning("refused the message by its own rules", "refused")
SPAM = Meaning("refused the message because it looks like spam", "spam")
NOT_OURS = Meaning(
    "refused the message because our domain fails its sender checks", "sender_checks"
)
NO_MAILBOX = Meaning("says that the mailbox does not exist", "no_mailbox")
TOO_LARGE = Meaning("says that the message is too large", "too_large")
NOT_NOW = Meaning("cannot check our sign-in at the moment", "sign_in")

# RFC 3463, 6710, 7372, 7505 and the IANA registry of enhanced status codes, without the class.
ENHANCED: dict[str, Meaning] = {
    "1.0": Meaning("does not accept the address", "bad_address"),
    "1.1": NO_MAILBOX,
    "1.2": Meaning("says that the address's domain does not exist", "no_domain"),
    "1.3": Meaning("does not accept how the address is written", "bad_address"),
    "1.4": Meaning("says that the address is not one mailbox's alone", "no_mailbox"),
    "1.6": Meaning("says that the mailbox has moved", "no_mailbox"),
    "1.7": Meaning("does not accept our sender address", "sender_checks"),
    "1.8": Meaning("does not accept our sender address", "sender_checks"),
    "1.10": Meaning("says that the address's domain takes no mail", "no_domain"),
    "2.0": Meaning("says that the mailbox cannot be used", "mailbox_off"),
    "2.1": Meaning("says that the mailbox is switched off", "mailbox_off"),
    "2.2": Meaning("says that the mailbox is full", "mailbox_full"),
    "2.3": Meaning("says that the message is too large for the mailbox", "too_large"),
    "3.1": Meaning("has no room left", "busy"),
    "3.2": Meaning("takes no mail at the moment", "busy"),
    "3.4": TOO_LARGE,
    "4.1": Meaning("got no answer from the recipient's server", "unreachable"),
    "4.2": Meaning("lost the connection to the recipient's server", "unreachable"),
    "4.3": Meaning("could not find the recipient's server", "unreachable"),
    "4.4": Meaning("could not find a way to the recipient's server", "unreachable"),
    "4.5": Meaning("is too busy", "busy"),
    "4.6": Meaning("found that the message goes round in circles", "unreachable"),
    "4.7": Meaning("waited too long for the recipient's server", "unreachable"),
    "6.7": Meaning("cannot take addresses with letters beyond a to z before the @", "bad_address"),
    "7.0": OWN_RULES,
    "7.1": OWN_RULES,
    "7.13": Meaning("says that the mailbox is switched off", "mailbox_off"),
    "7.20": NOT_OURS,
    "7.21": NOT_OURS,
    "7.22": NOT_OURS,
    "7.23": Meaning(
        "refused the message because our domain's SPF record does not allow it", "sender_checks"
    ),
    "7.24": Meaning("cannot read our domain's SPF record", "sender_checks"),
    "7.25": Meaning("does not find our server's name in the DNS", "sender_checks"),
    "7.26": NOT_OURS,
    "7.27": Meaning("refused the message because our domain takes no mail", "sender_checks"),
    "7.28": Meaning("gets too much mail from us", "busy"),
}

BASIC: dict[int, Meaning] = {
    421: Meaning("is too busy", "busy"),
    450: Meaning("says that the mailbox cannot be used at the moment", "mailbox_off"),
    451: Meaning("had a problem of its own", "busy"),
    452: Meaning("has no room left", "busy"),
    454: NOT_NOW,
    551: Meaning("says that the mailbox is not here", "no_mailbox"),
    552: Meaning("says that the mailbox is full", "mailbox_full"),
    553: Meaning("does not accept how the address is written", "bad_address"),
}

BY_STAGE: dict[Stage, Meaning] = {
    "hello": Meaning("does not want to talk to us", "refused"),
    "login": Meaning("does not accept our user name and password", "sign_in"),
    "sender": Meaning("does not accept our sender address", "sender_checks"),
    "recipient": Meaning("does not accept the address", "refused"),
    "message": Meaning("refused the message", "refused"),
}

# A 7.1 stands for any policy; its words often tell which.
TELLING = (
    (re.compile(rb"\b(?:spf|dkim|dmarc|unauthenticated)\b", re.IGNORECASE), NOT_OURS),
    (re.compile(rb"\b(?:spam|junk|virus|malware)\b", re.IGNORECASE), SPAM),
    (re.compile(rb"\bgr[ae]y-?list", re.IGNORECASE), Meaning("asks us to come back later", "busy")),
)
VAGUE = frozenset({"", "0.0", "7.0", "7.1"})


def error_for(stage: Stage, code: int, words: bytes) -> ChannelError:
    """Return the error that the reply *code* *words* at *stage* amounts to.

    A refusal before the recipient is named is not about this one message, unless it speaks of
    the message's size or letters: then the channel pauses and its messages wait.
    """
    reply = reply_text(code, words)
    enhanced = _enhanced(words)
    if code in SIGN_IN:
        reason = "The mail server does not accept our sign-in."
        return AuthenticationError(reason, reply=reply, cause="sign_in")
    meaning, cause = _meaning(stage, code, enhanced, words)
    reason = f"The mail server {meaning}."
    if not 500 <= code <= 599:  # 4xx, and whatever no standard foresees
        return TemporaryError(reason, reply=reply, cause=cause)
    about_this_message = code == 552 or enhanced[:2] in {"3.", "6."}
    if stage in {"recipient", "message"} or (stage == "sender" and about_this_message):
        return PermanentError(reason, reply=reply, cause=cause)
    return AuthenticationError(reason, reply=reply, cause=cause)


def why_returned(status: str, words: str) -> Meaning:
    """Return what the enhanced *status* (RFC 3463) and *words* of a returned message mean."""
    kind = status.partition(".")[2]
    found = re.search(r"(?:^|\D)([45]\d\d)[ -]", words)
    code = int(found[1]) if found else 0
    return _meaning("recipient", code, kind, words.encode())


def reply_text(code: int, words: bytes) -> str:
    """Return a reply as one line of at most 300 printable characters."""
    return one_line(f"{code} {words.decode('utf-8', 'replace')}")


def one_line(text: str) -> str:
    """Return *text* as one line of at most 300 printable characters."""
    line = " ".join(text[:5000].split())
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)[:300]


def _enhanced(words: bytes) -> str:
    found = re.match(rb"[245]\.(\d{1,3}\.\d{1,3})(?:\s|$)", words)
    return found[1].decode() if found else ""


def _meaning(stage: Stage, code: int, enhanced: str, words: bytes) -> Meaning:
    if enhanced in VAGUE and stage in {"recipient", "message"}:
        for pattern, meaning in TELLING:
            if pattern.search(words):
                return meaning
    if code == 550 and stage == "recipient" and enhanced in {"", "0.0"}:
        return NO_MAILBOX
    if code == 552 and stage != "recipient" and not enhanced:
        return TOO_LARGE
    if 400 <= code <= 499 and stage == "login":
        return NOT_NOW
    return ENHANCED.get(enhanced) or BASIC.get(code) or BY_STAGE[stage]
