"""Observe: each plugin that listens is told of each event, in order, once it is committed."""

from __future__ import annotations

import random
from collections.abc import Iterator
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
    """Tell each plugin that listens of up to a batch of events; return how many were told.

    An event is told before it is ticked off: a crash repeats a batch and never skips one. Each
    plugin has its own place in the history, and their order is a draw: one that ends the process
    again and again does not keep the others from hearing.
    """
    listeners = plugins.current().implementers(HOOK)
    return sum(_tell(plugin) for plugin in random.sample(listeners, len(listeners)))


def _tell(plugin: str) -> int:
    name, told = plugin[:60], []
    for event, account in _settled(_after(_begin(name))):
        if not plugins.current().observe(_info(event, account), plugin, account_id=account.id):
            break  # it is left alone for now; this is where it goes on
        told.append(event.id)
    if told:
        _tick_off(name, told[-1])
    return len(told)


def _settled(rows: list[tuple[Event, Account]]) -> Iterator[tuple[Event, Account]]:
    """Yield the events up to the first that is too young. One of a time to come is not young: the
    clock was put back."""
    for event, account in rows:
        if timedelta() <= now() - event.at < SETTLED:
            return
        yield event, account


@atomic
def _begin(name: str) -> int:
    cursor = db.session.get(PluginCursor, name, populate_existing=True)
    if cursor is None:
        newest = db.session.scalar(db.select(Event.id).order_by(Event.id.desc()).limit(1)) or 0
        return PluginCursor.begin(name, newest)
    return cursor.event_id


@atomic
def _after(event_id: int) -> list[tuple[Event, Account]]:
    rows = db.session.execute(
        db.select(Event, Account)
        .join(Account, Account.id == Event.account_id)
        .where(Event.id > event_id)
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
