"""What became of a message that the library could not send, from what it logged meanwhile."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from urllib.parse import unquote

from portal.channel import (
    AmbiguousError,
    ChannelError,
    PermanentError,
    SendRequest,
    TemporaryError,
)
from portal_apprise.lines import Line

STATUS = re.compile(r"\b(?:error=|HTTP )([1-5]\d\d)\b")
NO_TRUST = re.compile(r"SSLError|CERTIFICATE_VERIFY_FAILED")
MOST_OF_A_REPLY = 300
SHORTEST_SECRET = 6


def failure(
    service: str, line: Line, records: Sequence[logging.LogRecord], secrets: Sequence[str]
) -> ChannelError:
    """Return the error that fits, in words that hold none of *secrets*."""
    said = [record.getMessage() for record in records]
    reply = without(secrets, _reply(records))
    if line.refused:
        return PermanentError("The address leads into a private network.", cause="not_allowed")
    status = next((int(found[1]) for one in reversed(said) if (found := STATUS.search(one))), 0)
    if status:
        return _by_status(service, status, reply)
    if any(NO_TRUST.search(one) for one in said):
        words = f"{service} does not show a certificate that can be trusted."
        return TemporaryError(words, reply=reply, cause="unreachable")
    if line.connected:
        words = f"{service} did not say whether it took the message."
        return AmbiguousError(words, reply=reply, cause="timeout")
    if line.tried:
        return TemporaryError(f"{service} cannot be reached.", reply=reply, cause="unreachable")
    words = f"{service} refused the message without saying why."
    return PermanentError(words, reply=reply, cause="refused")


def secrets_of(request: SendRequest) -> list[str]:
    """Return what must not be repeated of *request*, longest first: its link, its code, and nearly
    all of the address, since any part of that may be a token."""
    _, _, rest = request.to.partition("://")
    parts = {part for part in re.split(r"[/@:?&=#\s]+", rest) if len(part) >= SHORTEST_SECRET}
    code = {request.code, request.code.replace(" ", "")} - {""}
    link = {request.link, request.link.rpartition("/")[2]}
    found = {request.to, rest, *parts, *map(unquote, parts), *code, *link}
    return sorted(found, key=len, reverse=True)


def without(secrets: Sequence[str], text: str) -> str:
    for secret in secrets:
        text = text.replace(secret, "…")
    return text[:MOST_OF_A_REPLY]


def _by_status(service: str, status: int, reply: str) -> ChannelError:
    """Return what an HTTP status means here (RFC 9110 section 15).

    The credentials are the contact's own, in their address: that they are wrong says nothing
    about the channel.
    """
    if status in (401, 403):
        words = f"{service} does not accept the credentials in the address."
        return PermanentError(words, reply=reply, cause="bad_address")
    if status in (404, 410):
        words = f"{service} says that the address does not exist."
        return PermanentError(words, reply=reply, cause="no_mailbox")
    if status == 413:
        words = f"{service} says that the message is too large."
        return PermanentError(words, reply=reply, cause="too_large")
    if status == 408:
        return TemporaryError(f"{service} took too long.", reply=reply, cause="timeout")
    if status in (429, 503):
        return TemporaryError(f"{service} is too busy.", reply=reply, cause="busy")
    if status >= 500:
        words = f"{service} had a problem of its own."
        return TemporaryError(words, reply=reply, cause="unreachable")
    return PermanentError(f"{service} refused the message.", reply=reply, cause="refused")


def _reply(records: Sequence[logging.LogRecord]) -> str:
    """Return the library's complaints and the last of the provider's own words, on one line."""
    complaints = [one.getMessage() for one in records if one.levelno >= logging.WARNING]
    bodies = [one.getMessage() for one in records if one.msg[:16] == "Response Details"]
    lines = [*complaints, *(body.partition("\n")[2] for body in bodies[-1:])]
    text = " ".join(" ".join(lines).split())
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
