"""Whether the history is sealed, and whether its newest seals fit."""

from __future__ import annotations

from collections.abc import Iterator

from portal.channel import Finding
from portal.flows.verify_history import look
from portal.outbox_report import many, spell

LATE_SECONDS = 120


def sealed() -> Iterator[Finding]:
    """Look at the newest seals and at all signatures; `portal audit verify` looks at everything."""
    quick = look()
    place = quick.verdict.place
    faults = [found.fault for found in quick.verdict.accounts.values() if found.fault]
    for fault in filter(None, [quick.verdict.fault, *faults[:3]]):
        yield Finding("bad", "History", fault, record="portal audit verify")
    if place is not None and place.refused:
        words = f"{many(place.refused, 'event')} put in that the portal did not write. See where:"
        yield Finding("note", "History", words, record="portal audit verify")
    seconds = quick.lag.total_seconds()
    if seconds > LATE_SECONDS:
        words = f"An event has waited for its seal for {spell(seconds)}. Workers seal: see theirs."
        yield Finding("bad", "Sealing", words)
    elif quick.verdict.is_whole:
        yield Finding("good", "History", "Sealed, and the newest seals fit.")
