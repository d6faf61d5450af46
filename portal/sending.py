"""Sending links: what an invitation and a login e-mail have in common, for one and for many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from portal import routing
from portal.db import now
from portal.models.account import Account
from portal.models.contact import Contact
from portal.models.delivery import Delivery
from portal.models.event import Event
from portal.models.magic_link import Kind, MagicLink
from portal.models.portal_access import PortalAccess
from portal.models.reminder import Reminder
from portal.models.reminder_plan import Plan
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
    reminder: int = 0,
) -> Sent:
    """Give each of *contacts* access, and owe them a link of *kind*, in the transaction at hand.

    Some few statements for all of them, in the order of their ids, so that of two who do it at once
    none holds what the other waits for. Who is suspended or revoked is refused. An invitation
    begins the account's reminders, and a *reminder* of it is sent in the name of *by*.
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
        link = MagicLink.made(
            contact, kind, access, life=life, wait=wait, issued_by=by, reminder=reminder
        )
        links.append((link, routing.first_of(channels, contact)))
    MagicLink.add_all([link for link, _channel in links])
    sent.deliveries = Delivery.queue_all(links, note=note, wait=wait)
    _record(account, sent, [link for link, _channel in links], by, request_id, detail or {})
    if kind == Kind.INVITE and not reminder:
        _plan_reminders(account, list(sent.deliveries), by, now() + wait)
    return sent


def _plan_reminders(
    account: Account, contact_ids: list[int], by: Staff | None, invited_at: datetime
) -> None:
    plan = Plan.of(account)
    due_at = plan.due(account.time_zone, invited_at, 0) if plan.is_on else None
    if due_at is not None:
        staff_id = by.id if by else None
        Reminder.plan_all(
            account.id, contact_ids, staff_id=staff_id, invited_at=invited_at, due_at=due_at
        )


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
    of_nobody = {"staff_id": None, "actor": "portal"}
    lines = [
        {
            "kind": "reminded" if link.reminder else EVENTS[Kind(link.kind)],
            "contact_id": link.contact_id,
            "link_id": link.id,
            "delivery_id": sent.deliveries[link.contact_id],
            **(of_nobody if link.reminder else who),
            **of_all,
        }
        for link in links
    ]
    if lines:
        Event.record_many(lines)
