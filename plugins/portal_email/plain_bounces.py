"""Bounces in words alone, as qmail, Exim and old servers write them, and replies of machines."""

from __future__ import annotations

import re
from collections.abc import Sequence

from portal.channel import Receipt
from portal_email.parts import Fields, Part, fields, first
from portal_email.status_reports import STATUS, returned_because

MOST_OF_TEXT = 20_000

DAEMONS = re.compile(r"\b(?:mailer-?daemon|postmaster|mail-?daemon|mdaemon)\b", re.IGNORECASE)
FAILED = re.compile(
    r"undeliver|undelivered|unzustellbar|delivery (?:status notification )?\(?fail|failure notice"
    r"|returned mail|mail delivery failed|delivery has failed|could ?n[o']t be delivered"
    r"|wasn't able to deliver|permanent error|non[- ]remis|no se pudo entregar",
    re.IGNORECASE,
)
ONLY_DELAYED = re.compile(
    r"\bdelayed\b|not yet been delivered|will be retried|will continue for some time"
    r"|(?:do|need) not (?:need to )?(?:re-?send|do anything)|no action is required",
    re.IGNORECASE,
)
COPY = re.compile(
    r"^(?:--.*(?:copy|original message|below this line|returned message|headers).*"
    r"|original message\b.*|return-path:.*|received: from .*)$",
    re.IGNORECASE | re.MULTILINE,
)
CODE = re.compile(r"(?<![\d.])[45]\d\d[ -]|\b[45]\.\d{1,3}\.\d{1,3}\b")
ABOUT = re.compile(r"^ *<?[^\s<>@]{1,64}@[^\s<>@]{1,255}>?:?\s*$", re.MULTILINE)


def plain_bounce(headers: Fields, parts: Sequence[Part]) -> tuple[list[Receipt] | None, Fields]:
    """Return what a bounce in words reports, and the returned message's headers within it.

    None when it is not a bounce; nothing when it says that delivery goes on.
    """
    text = next((part.text for part in parts if part.kind.startswith("text/")), "")[:MOST_OF_TEXT]
    copy = COPY.search(text)
    said, quoted = (text[: copy.start()], text[copy.start() :]) if copy else (text, "")
    subject = first(headers, "subject")
    is_failed = "x-failed-recipients" in headers
    if not is_failed and not _is_from_a_daemon(headers):
        return None, {}
    if ONLY_DELAYED.search(f"{subject}\n{said}"):
        return [], fields(quoted)
    if not is_failed and not FAILED.search(f"{subject}\n{said}"):
        return None, {}
    status = STATUS.search(said)
    return [returned_because(status[1] if status else "", _telling_line(said))], fields(quoted)


def is_auto_reply(headers: Fields) -> bool:
    """Tell whether a machine answered for a person, RFC 3834: no news of the message."""
    submitted = first(headers, "auto-submitted").lower()
    if submitted.startswith("auto-") or "x-autoreply" in headers or "x-autorespond" in headers:
        return True
    return first(headers, "precedence").lower() in {"auto_reply", "auto-reply"}


def _is_from_a_daemon(headers: Fields) -> bool:
    """RFC 3834 lets answering machines use an empty return path as well: From decides."""
    return bool(DAEMONS.search(first(headers, "from")))


def _telling_line(said: str) -> str:
    """Return the line with the server's own words: the one with a code, or after the address."""
    lines = [line.strip() for line in said.split("\n")]
    for line in lines:
        if CODE.search(line):
            return line
    about = ABOUT.search(said)
    after = said[about.end() :].strip().split("\n")[0] if about else ""
    return after.strip()
