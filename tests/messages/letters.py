"""The built-in messages as portal_email really writes them, handed over by real SMTP."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from portal.channel import Operator, SendRequest, Settings
from portal.messages import Words, render
from portal_email.channel import Email
from tests.postman import Letter, Postman

LINK = "https://portal.acme.example/l/abcdefghijklmnopqrstuvwx"
NOTE = (
    "Dear Carl,\n\nyour annual report is ready, and the contract for next year.\n\n"
    "Please have a look before Friday.\n\nAda"
)
HEBREW, HEBREW_NOTE = "דנה לוי", "שלום קרל, הדוח מוכן. נא לעיין בו עד יום שישי."


def words(kind: str, **changes: str) -> Words:
    """Return what a message of *kind* says, on the day it is asked for."""
    plain = Words(
        kind=kind,  # type: ignore[arg-type]
        account_name="Acme",
        portal_url="https://portal.acme.example/p/acme",
        portal_host="portal.acme.example",
        link=LINK,
        expires_at=datetime.now(UTC) + timedelta(minutes=10 if kind == "self" else 60),
        contact_name="Carl Carter",
        sent_by="" if kind == "self" else "Ada Byron",
        code="48219035" if kind == "self" else "",
        asked_from="Chrome on Android" if kind == "self" else "",
        time_zone="Europe/Berlin",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def every_kind() -> dict[str, Words]:
    """Return each built-in message, plain and with all that people can put into it, by a name."""
    found: dict[str, Words] = {}
    for kind in ("invite", "login", "self"):
        by = {} if kind == "self" else {"sent_by": "Zoë Müller-Ødegård"}
        rtl = {} if kind == "self" else {"sent_by": HEBREW}
        found[kind] = words(kind)
        found[f"{kind}, without names"] = words(kind, contact_name="", sent_by="", asked_from="")
        found[f"{kind}, to a section"] = words(kind, section_title="Contracts & invoices")
        found[f"{kind}, accents"] = words(
            kind, account_name="Björk & Søn", contact_name="Łukasz Żółć", **by
        )
        found[f"{kind}, right to left"] = words(
            kind, account_name="אקמה בע״מ", contact_name=HEBREW, **rtl
        )
        if kind == "invite":
            found["invite, with a note"] = words(kind, note=NOTE)
            found["invite, right to left, with a note"] = words(
                kind, account_name="אקמה בע״מ", contact_name=HEBREW, note=HEBREW_NOTE, **rtl
            )
    return found


def letters(postman: Postman) -> dict[str, Letter]:
    """Send each of `every_kind` and return what arrived, by the same names."""
    channel = Email(Operator(smtp_url=postman.url, mail_from="portal@acme.example"))
    for number, said in enumerate(every_kind().values()):
        request = SendRequest(
            key=f"delivery-{number}-0123456789abcdef",
            kind=said.kind,
            to="carl@carter.example",
            to_name=said.contact_name,
            message=render(said),
            link=LINK,
            sender_name=said.account_name,
            reply_to="ada@acme.example" if said.sent_by else "",
        )
        channel.send(request, Settings())
    channel.close()
    return dict(zip(every_kind(), postman.letters, strict=True))
