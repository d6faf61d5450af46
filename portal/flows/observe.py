"""Observe: plugins that listen are told of each event, in order, once it is committed."""

from __future__ import annotations

from datetime import timedelta

from portal import plugins
from portal.channel import EventInfo
from portal.db import atomic, db, now
from portal.models.account import Account
from portal.models.event import Event
from portal.models.plugin_cursor import PluginCursor

HOOK = "portal_event"
BATCH = 100
SETTLED = timedelta(seconds=2)
"""Events get their number before they are committed: a younger one may be followed by an older."""


def observe() -> int:
    """Tell the plugins that listen of up to a batch of events; return how many those were.

    Each event is told before it is ticked off: a crash repeats a batch and never skips one.
    """
    listeners = plugins.current().implementers(HOOK)
    if not listeners:
        return 0
    name = "+".join(sorted(listeners))[:60]
    since = _begin(name)
    rows = _after(since)
    for event, account in rows:
        plugins.current().observe(_info(event, account), account_id=account.id)
    if rows:
        _tick_off(name, rows[-1][0].id)
    return len(rows)


@atomic
def _begin(name: str) -> int:
    cursor = db.session.get(PluginCursor, name, populate_existing=True)
    if cursor is None:
        newest = db.session.scalar(db.select(Event.id).order_by(Event.id.desc()).limit(1)) or 0
        cursor = PluginCursor(name=name, event_id=newest)
        db.session.add(cursor)
    return cursor.event_id


@atomic
def _after(event_id: int) -> list[tuple[Event, Account]]:
    rows = db.session.execute(
        db.select(Event, Account)
        .join(Account, Account.id == Event.account_id)
        .where(Event.id > event_id, Event.at <= now() - SETTLED)
        .order_by(Event.id)
        .limit(BATCH)
    )
    return [(row[0], row[1]) for row in rows]


@atomic
def _tick_off(name: str, event_id: int) -> None:
    cursor = db.session.get(PluginCursor, name, populate_existing=True)
    if cursor is not None:
        cursor.event_id = max(cursor.event_id, event_id)


def _info(event: Event, account: Account) -> EventInfo:
    return EventInfo(
        id=event.id,
        at=event.at,
        kind=event.kind,
        account_slug=account.slug,
        actor=event.actor,
        contact_id=event.contact_id,
        delivery_id=event.delivery_id,
        detail=dict(event.detail),
    )
