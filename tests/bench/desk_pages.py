"""The pages of the desk that are measured, and the address of each on a desk of any size."""

from __future__ import annotations

from collections.abc import Callable

from portal.db import db
from portal.models.contact_criteria import Wanted
from portal.models.contact_list import page
from portal.models.delivery import Delivery
from portal.models.event import Event
from portal.web import keys
from portal.web.admin.contact_filters import SEEN, STATUSES
from portal.web.admin.delivery_words import STATUSES as DELIVERY_STATUSES
from tests.bench.desk_side import Side

PAGES = 999
"""So many pages come before the deep one."""
Path = Callable[[Side], str]


def pages() -> dict[str, Path]:
    """Return, by name, what tells the address on a side."""
    return {
        "overview": _same(""),
        "overview, poll": _same("activity"),
        **_contact_lists(),
        "a contact": lambda side: f"contacts/{_ordinary(side)}",
        "a contact of many": lambda side: f"contacts/{_long(side)}",
        "its timeline, deep": _deep_timeline,
        **_delivery_lists(),
        "a delivery": _delivery,
        "adoption": _same("adoption/"),
        **_histories(),
        "runs": _same("runs/"),
        "a run": _same("runs/60"),
        "tasks": _same("tasks/"),
    }


def _same(path: str) -> Path:
    return lambda _side: path


def _contact_lists() -> dict[str, Path]:
    asked = {
        "first page": "",
        **{f"status {name}": f"status={name}" for name, _ in STATUSES if name},
        **{f"seen {name}": f"seen={name}" for name, _ in SEEN if name},
        "tag of half": "tag=1",
        "tag of few": "tag=2",
        "channel": "channel=sms",
        "by last sign-in": "sort=seen",
        "by last added": "sort=added",
        "joined, by last added": "status=joined&sort=added",
        "letters of many": "q=ann",
        "letters of some": "q=rmi",
        "letters of late ones": "q=zoe",
        "letters of nobody": "q=qqq",
        "two letters": "q=ng",
        "all at once": "q=ann&status=joined&tag=1&channel=sms&seen=30",
    }
    lists = {f"contacts, {name}": _same(f"contacts/?{query}") for name, query in asked.items()}
    suggestion = {"contacts, suggested": _same("contacts/suggest?q=rmi")}
    return {**lists, "contacts, thousandth": _deep_contacts, **suggestion}


def _delivery_lists() -> dict[str, Path]:
    asked = {
        "first page": "",
        **{f"status {name}": f"status={name}" for name, _ in DELIVERY_STATUSES if name},
        **{f"kind {name}": f"kind={name}" for name in ("invite", "login", "self")},
        "channel": "channel=sms",
        "cause": "cause=no_mailbox",
        "other cause": "cause=spam",
        "until last year": "until=2026-01-01",
        "letters of many": "q=ann",
        "letters of nobody": "q=qqq",
    }
    lists = {f"deliveries, {name}": _same(f"deliveries/?{query}") for name, query in asked.items()}
    return {
        **lists,
        "deliveries, one person": _of_one("deliveries/"),
        "deliveries, thousandth": _deep(Delivery, "created_at", "deliveries/"),
    }


def _histories() -> dict[str, Path]:
    asked = {
        "first page": "",
        "changes": "what=changes",
        "sign-ins": "what=sign-ins",
        "messages": "what=messages",
        "everything": "what=everything",
        "one kind": "what=edited",
        "a rare kind": "what=revoked",
        "by one of staff": "who=1",
        "letters of many": "q=ann",
        "until last year": "until=2026-01-01",
    }
    lists = {f"history, {name}": _same(f"history/?{query}") for name, query in asked.items()}
    return {
        **lists,
        "history, one person": _of_one("history/"),
        "history, thousandth": _deep(Event, "at", "history/?what=everything"),
    }


def _of_one(path: str) -> Path:
    def of(side: Side) -> str:
        email = side.value("SELECT email FROM contact WHERE id = :one", one=_ordinary(side))
        return f"{path}?q={email}"

    return of


def _ordinary(side: Side) -> int:
    """Return somebody who has joined and has had four messages."""
    found = side.value(
        "SELECT c.id FROM contact c WHERE standing = 'joined' AND id > :half AND NOT undelivered"
        " AND (SELECT count(*) FROM delivery d WHERE d.contact_id = c.id) = 4 ORDER BY id LIMIT 1",
        half=side.count // 2,
    )
    return int(found)


def _long(side: Side) -> int:
    return side.count // 2 // 1000 * 1000 + 500


def _deep_timeline(side: Side) -> str:
    event = side.value(
        "SELECT id FROM event WHERE contact_id = :one ORDER BY at DESC LIMIT 1 OFFSET 400",
        one=_long(side),
    )
    return f"contacts/{_long(side)}?event={event}"


def _delivery(side: Side) -> str:
    row_id = side.value("SELECT max(id) FROM delivery WHERE contact_id = :one", one=_ordinary(side))
    return f"deliveries/{row_id}"


def _deep_contacts(side: Side) -> str:
    """Return the thousandth page; of a small account, the last but one."""
    with side.app.app_context():
        (account, _owner), after = side.people(), None
        for _page in range(PAGES):
            found = page(account, Wanted(), after=after)
            if found.on is None:
                break
            after = found.on
        db.session.rollback()
        assert after
        return f"contacts/?after={keys.write(*after)}"


def _deep(model: type[Delivery] | type[Event], column: str, path: str) -> Path:
    table = model.__tablename__

    def of(side: Side) -> str:
        rows = int(side.value(f"SELECT count(*) FROM {table}"))
        offset = min(PAGES * 50, rows - 100)
        order = f"ORDER BY {column} DESC, id DESC LIMIT 1 OFFSET {offset}"
        row_id = side.value(f"SELECT id FROM {table} {order}")
        with side.app.app_context():
            at = getattr(db.session.get(model, row_id), column)
            db.session.rollback()
        sign = "&" if "?" in path else "?"
        return f"{path}{sign}before={keys.write(at.isoformat(), row_id)}"

    return of
