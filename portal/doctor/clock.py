"""The clock of this machine against those it works with; no third party is asked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime

from sqlalchemy import text

from portal.channel import Finding
from portal.config import Settings
from portal.db import DatabaseAway, alone
from portal.doctor.fetching import FAILURES, fetch

TOLERANCE_SECONDS, MOST_SECONDS = 2.0, 30.0


def clocks(found: Settings) -> Iterator[Finding]:
    """Compare with the database server's clock and with the Date of our own public answer."""
    if found.database_url.startswith("postgresql"):
        yield from _database()
    yield from _public(found)


def compared(what: str, ahead: float, doubt: float = 0.0) -> Finding:
    """Say how far this machine is *ahead* of *what*, in seconds, give or take *doubt*."""
    off = max(abs(ahead) - doubt, 0.0)
    if off <= TOLERANCE_SECONDS:
        return Finding("good", "Clock", f"This machine and {what} agree.")
    way = "ahead of" if ahead > 0 else "behind"
    words = f"This machine is {abs(ahead):,.0f} s {way} {what}."
    if off <= MOST_SECONDS:
        return Finding("note", "Clock", f"{words} Let NTP set both.")
    return Finding(
        "bad", "Clock", f"{words} Links and sessions end at wrong times. Let NTP set both."
    )


def _database() -> Iterator[Finding]:
    try:
        with alone().connect() as connection:
            began = time.time()
            theirs: datetime | None = connection.scalar(text("SELECT clock_timestamp()"))
            took = time.time() - began
    except DatabaseAway:
        yield Finding("note", "Clock", "That of the database is not known: it does not answer.")
        return
    if theirs is not None:
        ahead = began + took / 2 - theirs.timestamp()
        yield compared("the database server", ahead, took / 2)


def _public(found: Settings) -> Iterator[Finding]:
    try:
        answer = fetch(found.url, "/healthz")
        theirs = parsedate_to_datetime(answer.date).timestamp()
    except (*FAILURES, ValueError):
        yield Finding("note", "Clock", "That of the public URL is not known.")
        return
    # A Date has whole seconds (RFC 9110, 5.6.7): on average half of one is cut off.
    ahead = answer.asked_at + answer.seconds / 2 - (theirs + 0.5)
    yield compared("the public URL", ahead, answer.seconds / 2 + 0.5)
