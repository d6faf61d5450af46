"""Sending links: what an invitation and a login e-mail have in common, for one and for many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from portal import routing
from portal.models.account import Account
from portal.models.contact import Contact
from portal.models.delivery import Delivery
from portal.models.event import Event
from portal.models.magic_link import Kind, MagicLink
from portal.models.portal_access import PortalAccess
from portal.models.staff import Staff

EVENTS = {Kind.INVITE: "invited", Kind.LOGIN: "login_email"}
"""What the history says of a link of this kind that staff send."""


@dataclass
class Sent:
    """By contact: the delivery that is owed, or why nothing is sent."""

    deliveries: dict[int, int] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)


def send_links(
    account: Account,
    contacts: Sequence[Contact],
    kind: Kind,
    *,
    by: Staff | None,
    wait: timedelta,
    note: str = "",
    request_id: str = "",
    detail: dict[str, Any] | None = None,
) -> Sent:
    """Give each of *contacts* access, and owe them a link of *kind*, in the transaction at hand.

    Some few statements for all of them, in the order of their ids, so that of two who do it at once
    none holds what the other waits for. Who is suspended or revoked is refused.
    """
    sent = Sent()
    found = sorted(contacts, key=lambda one: one.id)
    accesses, channels = PortalAccess.grant_all(found), routing.order(account, kind)
    links: list[tuple[MagicLink, str]] = []
    for contact in found:
        access = accesses[contact.id]
        if not access.is_open:
            sent.refused[contact.id] = access.refusal(contact.called)
            continue
        life = account.life_of(kind)
        link = MagicLink.made(contact, kind, access, life=life, wait=wait, issued_by=by)
        links.append((link, routing.first_of(channels, contact)))
    MagicLink.add_all([link for link, _channel in links])
    sent.deliveries = Delivery.queue_all(links, note=note, wait=wait)
    _record(account, sent, [link for link, _channel in links], by, request_id, detail or {})
    return sent


def _record(
    account: Account,
    sent: Sent,
    links: Sequence[MagicLink],
    by: Staff | None,
    request_id: str,
    detail: dict[str, Any],
) -> None:
    of_all = {"account_id": account.id, "request_id": request_id, "detail": detail}
    who = {"staff_id": by.id if by else None, "actor": "staff" if by else "operator"}
    lines = [
        {
            "kind": EVENTS[Kind(link.kind)],
            "contact_id": link.contact_id,
            "link_id": link.id,
            "delivery_id": sent.deliveries[link.contact_id],
            **who,
            **of_all,
        }
        for link in links
    ]
    if lines:
        Event.record_many(lines)
