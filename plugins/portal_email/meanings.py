"""The codes that mail servers answer with, and what each means in words that staff can read."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from portal.channel import Cause

Stage = Literal["hello", "login", "sender", "recipient", "message"]


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
