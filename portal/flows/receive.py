"""Receive: a provider reports what became of messages, maybe twice, late and out of order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from portal import fallback, tokens
from portal.channel import Receipt
from portal.channel.kinds import CAUSES
from portal.db import atomic, storable
from portal.languages import mark
from portal.models import delivery_receipt, delivery_story
from portal.models.delivery import Delivery, Status
from portal.models.event import Event
from portal.models.magic_link import MagicLink
from portal.models.staff_task import StaffTask
from portal.plugins import without_secrets

LONGEST_WORDS, MOST_WORDS = 500, 20_000
_NOT_ARRIVED = (Status.BOUNCED, Status.FAILED)


def receive(account_id: int | None, channel: str, receipts: Iterable[Receipt]) -> int:
    """Take down what the account's *channel* reports; return how many messages were recognised.

    Without an account, the report came to the whole installation and has to name the message's key.
    Each receipt is a transaction of its own, so that one message in trouble keeps no other back.
    """
    return sum(_receive(account_id, channel, _storable(receipt)) for receipt in receipts)


def _storable(receipt: Receipt) -> Receipt:
    """Return *receipt* so that it can be written down, whatever a provider made of its words."""
    return replace(
        receipt,
        provider_id=storable(receipt.provider_id),
        reason=storable(receipt.reason),
        reply=storable(receipt.reply),
        cause=receipt.cause if receipt.cause in CAUSES else "",
    )


@atomic
def _receive(account_id: int | None, channel: str, receipt: Receipt) -> bool:
    delivery = delivery_receipt.by_key(
        account_id, channel, receipt.key
    ) or delivery_receipt.by_provider_id(account_id, channel, receipt.provider_id)
    if delivery is None:
        return False
    link = delivery_story.link_of(delivery)
    reason, reply = _clean(receipt.reason, link), _clean(receipt.reply, link)
    if delivery_receipt.advance(
        delivery.id, receipt.status, cause=receipt.cause, error=reason, reply=reply
    ):
        _record(delivery, receipt, reason, reply)
        _put_right(delivery, link, receipt.status, reason)
    return True


def _put_right(delivery: Delivery, link: MagicLink | None, status: str, reason: str) -> None:
    """Let the rest of the portal know: another channel stands in, or needs not any more."""
    if status in _NOT_ARRIVED:
        if link is None or link.used_at is None:
            delivery_receipt.mark_access(delivery, undelivered=True)
        fallback.stand_in(delivery.id, reason or mark("The provider could not deliver it."))
    elif status == Status.DELIVERED:
        delivery_receipt.mark_access(delivery, undelivered=False)
        follower_id = delivery_receipt.follower_in_queue(delivery.id)
        if follower_id is not None:
            why = mark("The message that it was to stand in for has arrived.")
            Delivery.cancel(delivery.account_id, follower_id, why)
        StaffTask.close(delivery.contact_id, "delivered")


def _record(delivery: Delivery, receipt: Receipt, reason: str, reply: str) -> None:
    words = {"reason": reason, "reply": reply}
    Event.record(
        receipt.status,
        account_id=delivery.account_id,
        contact_id=delivery.contact_id,
        link_id=delivery.link_id,
        delivery_id=delivery.id,
        detail={
            "channel": delivery.channel,
            "receipt": True,
            **{name: text for name, text in words.items() if text},
        },
    )


def _clean(words: str, link: MagicLink | None) -> str:
    """Return *words* without the link or the code: a bounce may bring back the whole message."""
    try:
        token = link.token() if link else ""
    except LookupError:
        token = ""
    code = tokens.code_of(token) if token else ""
    secrets = (token, code, f"{code[:4]} {code[4:]}") if token else ()
    return without_secrets(" ".join(words.split())[:MOST_WORDS], secrets)[:LONGEST_WORDS]
