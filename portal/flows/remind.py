"""Remind: those who were invited and have not come are asked again, on the days of the plan."""

from __future__ import annotations

from datetime import datetime, timedelta

from portal.db import atomic, db, now
from portal.models.account import Account
from portal.models.contact import Contact
from portal.models.delivery import Delivery
from portal.models.magic_link import Kind
from portal.models.portal_access import Access, PortalAccess
from portal.models.reminder import Due, Reminder
from portal.models.reminder_plan import Plan, in_daytime
from portal.models.staff import Staff
from portal.sending import send_links

BATCH = 50
LATER = timedelta(hours=4)
"""When the invitation itself still waits to go out."""


def remind() -> int:
    """Take up some of the reminders whose time has come; return how many were looked at.

    Each in a transaction of its own, decided by one UPDATE: two who do this at once, or one that is
    killed and started anew, remind nobody twice.
    """
    waiting = Reminder.due(now(), BATCH)
    db.session.rollback()
    for due in waiting:
        remind_one(due)
    return len(waiting)


@atomic
def remind_one(due: Due) -> bool:
    """Remind the contact if everything still asks for it; tell whether a message is owed."""
    PortalAccess.hold(due.contact_id)
    account = db.session.get(Account, due.account_id, populate_existing=True)
    contact = db.session.get(Contact, due.contact_id, populate_existing=True)
    if account is None or contact is None:
        return False
    why = _end(account, due)
    if why:
        Reminder.end(due, why)
        return False
    later = _later(account, due)
    if later is not None:
        Reminder.move(due, later)
        return False
    return _send(account, contact, due)


def _end(account: Account, due: Due) -> str:
    """Return why nobody is to be reminded any more, or ''. Triggers have said most of it before."""
    access = PortalAccess.of(due.contact_id)
    if not Plan.of(account).is_on:
        return "off"
    if access is None or not access.is_open or access.status != Access.INVITED:
        return "no_access"
    return "undelivered" if access.undelivered else ""


def _later(account: Account, due: Due) -> datetime | None:
    """Return until when it is put off: it is night, the plan was changed, or a message waits."""
    at, found = now(), Reminder.of(due.contact_id)
    if found is None:
        return None
    planned = Plan.of(account).due(
        account.time_zone, found.invited_at, due.number, last_at=found.reminded_at
    )
    if planned is not None and planned > at:
        return planned
    if Delivery.is_owed(due.contact_id):
        return in_daytime(at + LATER, account.time_zone)
    daytime = in_daytime(at, account.time_zone)
    return daytime if daytime > at else None


def _send(account: Account, contact: Contact, due: Due) -> bool:
    plan, at, found = Plan.of(account), now(), Reminder.of(due.contact_id)
    if found is None or due.number >= len(plan.days):
        Reminder.end(due, "all_sent")
        return False
    next_at = plan.due(account.time_zone, found.invited_at, due.number + 1, last_at=at)
    if not Reminder.take(due, at=at, next_at=next_at):
        return False
    by = db.session.get(Staff, found.staff_id) if found.staff_id else None
    sent = send_links(
        account,
        [contact],
        Kind.INVITE,
        by=by,
        wait=timedelta(),
        reminder=due.number + 1,
        detail={"number": due.number + 1, "of": len(plan.days)},
    )
    return bool(sent.deliveries)
