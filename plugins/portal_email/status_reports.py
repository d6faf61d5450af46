"""Delivery status notifications, RFC 3464: what became of a message, for programs to read."""

from __future__ import annotations

import re

from portal.channel import Receipt
from portal_email import replies
from portal_email.meanings import BY_STAGE, Meaning
from portal_email.parts import Fields, Part, fields, first

MOST_RECIPIENTS = 20  # ours have one; an alias on the way may have made more of it
KIND_OF_WORDS = re.compile(r"^\s*[\w.-]{1,40}\s*;\s*")
STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
ADDRESSES = re.compile(r"\S*(?:://|/l/)\S*")
SENT_BACK = Meaning("sent the message back", "refused")


def status_report(report: Part) -> tuple[list[Receipt], str]:
    """Return what the `message/delivery-status` part *report* says, and its envelope id.

    *Delayed*, *relayed* and *expanded* say nothing final. A message that failed for one of
    several recipients has failed.
    """
    blocks = [fields(block) for block in re.split(r"\n\s*\n", report.text.strip())]
    envelope_id = next((first(each, "original-envelope-id") for each in blocks if each), "")
    fates = [each for each in blocks if "action" in each or "final-recipient" in each]
    receipts = [_receipt(each) for each in fates[:MOST_RECIPIENTS]]
    known = [receipt for receipt in receipts if receipt]
    bounced = [receipt for receipt in known if receipt.status == "bounced"]
    return (bounced or known)[:1], envelope_id


def returned_because(status: str, words: str) -> Receipt:
    """Return the receipt of a message that came back with *status* (RFC 3463) and *words*.

    Links are taken out of the words: a server may quote the message.
    """
    reply = replies.one_line(ADDRESSES.sub("…", words[:5000]))
    meaning = replies.why_returned(status, reply) if status or reply else SENT_BACK
    if meaning is BY_STAGE["recipient"]:
        meaning = SENT_BACK
    return Receipt(
        status="bounced",
        reason=f"The mail server {meaning.words}.",
        reply=reply,
        cause=meaning.cause,
    )


def _receipt(fate: Fields) -> Receipt | None:
    action = first(fate, "action").lower().split(" ")[0]
    words = KIND_OF_WORDS.sub("", first(fate, "diagnostic-code"))
    found = STATUS.search(first(fate, "status")) or STATUS.search(words)
    status = found[1] if found else ""
    if status.endswith(".0.0") and (better := STATUS.search(words)):
        status = better[1]
    if action == "delivered":
        return Receipt("delivered", reply=replies.one_line(ADDRESSES.sub("…", words)))
    if action in {"failed", "failure"} or (not action and status.startswith("5")):
        return returned_because(status, words)
    return None
