"""What a mail server's reply amounts to for one delivery."""

from __future__ import annotations

import re

from portal.channel import AuthenticationError, ChannelError, PermanentError, TemporaryError
from portal_email.meanings import (
    BASIC,
    BY_STAGE,
    ENHANCED,
    NO_MAILBOX,
    NOT_NOW,
    TELLING,
    TOO_LARGE,
    VAGUE,
    Meaning,
    Stage,
)

# RFC 4954 section 6 and RFC 3207: the server wants a sign-in, a better one, or encryption first.
SIGN_IN = frozenset({530, 534, 535, 538})


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
