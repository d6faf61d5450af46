"""Reads what comes back: bounces and complaints become receipts, everything else nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from portal.channel import Receipt
from portal_email.complaints import complaint
from portal_email.parts import Fields, Part, first, split, take_apart
from portal_email.plain_bounces import is_auto_reply, plain_bounce
from portal_email.status_reports import status_report
from portal_email.verp import key_in

# Where servers write to whom a message came; the envelope's address may differ from To.
ARRIVED_FOR = (
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "x-delivered-to",
    "x-forwarded-to",
    "to",
    "received",
)
RETURNED = {"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"}
STATUS_REPORTS = ("message/delivery-status", "message/global-delivery-status")  # RFC 3464, 6533
OUR_ID = re.compile(r"<?([A-Za-z0-9][A-Za-z0-9._-]{0,63})@[^<>\s@]{1,255}>?")
ENVELOPE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Name:
    """Which delivery a report is about, as far as it says."""

    key: str = ""
    provider_id: str = ""


def read(raw: bytes, *, otherwise: str = "") -> tuple[Receipt, ...] | None:
    """Return what the message *raw* reports, or None when it is no report about a message of ours.

    A report that changes nothing, such as "delayed" or "I am on holiday", gives no receipts.
    *otherwise* is the key of the delivery when the report itself names none. Takes any bytes
    without an error.
    """
    headers, parts = take_apart(raw)
    kinds = {part.kind: part for part in reversed(parts)}
    returned = _returned_headers(parts)
    found: Iterable[Receipt] | None
    envelope_id = ""
    if report := kinds.get("message/feedback-report"):
        found = complaint(report)
        returned = {**returned, "return-path": _return_paths(report, returned)}
    elif report := next((kinds[kind] for kind in STATUS_REPORTS if kind in kinds), None):
        found, envelope_id = status_report(report)
    else:
        found, in_words = plain_bounce(headers, parts)
        returned = returned or in_words
    if found is None:
        return () if is_auto_reply(headers) else None
    name = _name(headers, envelope_id, returned)
    if not name.key and not name.provider_id:
        if not otherwise:
            return None
        name = Name(otherwise)
    return tuple(replace(each, key=name.key, provider_id=name.provider_id) for each in found)


def _return_paths(report: Part, returned: Fields) -> list[str]:
    said = split(report.body.lstrip(b"\n"))[0]
    return [*returned.get("return-path", []), *said.get("original-mail-from", [])]


def _returned_headers(parts: Iterable[Part]) -> Fields:
    for part in parts:
        if part.kind in RETURNED:
            return split(part.body.lstrip(b"\n"))[0]
    return {}


def _name(headers: Fields, envelope_id: str, returned: Fields) -> Name:
    ours = OUR_ID.fullmatch(first(returned, "message-id"))
    provider_id = f"<{ours[0].strip('<>')}>" if ours else ""
    for values in (*(headers.get(name, []) for name in ARRIVED_FOR), returned.get("return-path")):
        for value in values or []:
            if key := key_in(value):
                return Name(key, provider_id)
    if ENVELOPE_ID.fullmatch(envelope_id):
        return Name(envelope_id, provider_id)
    return Name(ours[1] if ours else "", provider_id)
