"""Complaints: a person pressed "this is spam", and the provider tells us, RFC 5965."""

from __future__ import annotations

from portal.channel import Receipt
from portal_email.parts import Part, first, split
from portal_email.replies import one_line

COMPLAINTS = frozenset({"abuse", "fraud", "virus", "opt-out", "opt-out-list", "miscategorized"})


def complaint(report: Part) -> list[Receipt]:
    """Return the complaint in the `message/feedback-report` part *report*.

    Other feedback, such as `not-spam` (RFC 6430) and `auth-failure` (RFC 6591), is none.
    """
    found = split(report.body.lstrip(b"\n"))[0]
    kind = first(found, "feedback-type").lower()
    if kind not in COMPLAINTS:
        return []
    by = first(found, "reporting-mta") or first(found, "user-agent")
    return [
        Receipt(
            status="complained",
            reason="The recipient reported the message as spam.",
            reply=one_line(f"{kind}, reported by {by}" if by and "://" not in by else kind),
            cause="opted_out",
        )
    ]
