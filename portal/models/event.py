"""Event: one line of the append-only history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Uuid,
    bindparam,
    func,
    insert,
    literal,
    select,
    tuple_,
    update,
)
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, Id, UtcDateTime, big_id, db, execute, now
from portal.models.contact import Contact
from portal.models.delivery import Delivery
from portal.models.event_proof import ERASED, MAC_BYTES, SALT_BYTES, Line, detail_digest, prove
from portal.models.staff import Staff

PAGE = 50
HEADLINES = (
    "invited",
    "login_email",
    "magic_link",
    "asked",
    "not_me",
    "signed_in",
    "suspended",
    "revoked",
    "restored",
    "email_changed",
    "channel_changed",
)
"""The kinds that the overview shows; the rest stand on the contact's own timeline."""


class EventLine(NamedTuple):
    """One line of the history with the names that it needs."""

    id: int
    at: datetime
    kind: str
    actor: str
    detail: dict[str, Any]
    staff_name: str | None
    contact_id: int | None
    contact_name: str | None
    contact_email: str | None
    delivery_status: str | None
    delivery_error: str | None
    delivery_channel: str | None
    delivery_attempts: int | None
    delivery_id: int | None
    delivery_due_at: datetime | None
    delivery_held: bool | None
    request_id: str = ""


class Event(Base):
    """What happened, to whom, by whom. Rows are added and never changed.

    `contact_id` and `staff_id` lead to whom a page shows. `subject_id` and `author_id` say the same
    as it was written down, and stay when those rows are gone.
    """

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_contact_id_at", "contact_id", "at", "id"),
        Index("ix_event_account_id_at", "account_id", "at", "id"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    contact_id: Mapped[int | None] = mapped_column(
        ForeignKey("contact.id", ondelete="SET NULL"), default=None
    )
    staff_id: Mapped[int | None] = mapped_column(
        ForeignKey("staff.id", ondelete="SET NULL"), default=None
    )
    link_id: Mapped[UUID | None] = mapped_column(Uuid, default=None)
    delivery_id: Mapped[int | None] = mapped_column(default=None)
    actor: Mapped[str] = mapped_column(String(8))
    kind: Mapped[str] = mapped_column(String(20))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default_factory=dict)
    request_id: Mapped[str] = mapped_column(String(32), default="")
    at: Mapped[datetime] = mapped_column(default_factory=now)
    subject_id: Mapped[int | None] = mapped_column(default=None)
    author_id: Mapped[int | None] = mapped_column(default=None)
    proof: Mapped[bytes | None] = mapped_column(
        LargeBinary(SALT_BYTES + MAC_BYTES), default=None, repr=False
    )
    """None for what was written before there were proofs."""

    @classmethod
    def record(
        cls,
        kind: str,
        *,
        account_id: int,
        contact_id: int | None = None,
        by: Staff | None = None,
        actor: str = "",
        link_id: UUID | None = None,
        delivery_id: int | None = None,
        request_id: str = "",
        detail: dict[str, Any] | None = None,
    ) -> None:
        """Append one line. *actor* is `staff`, `client`, `operator` or `portal`; *detail* holds no
        secret."""
        execute(
            _ADD,
            _values(
                kind,
                account_id,
                contact_id,
                by.id if by else None,
                actor or ("staff" if by else "portal"),
                link_id,
                delivery_id,
                request_id,
                detail or {},
            ),
        )

    @classmethod
    def record_many(cls, lines: Sequence[dict[str, Any]]) -> None:
        """Append several lines by one statement; each holds what `record` takes, *kind* too."""
        execute(_ADD, [_values(**{**_OF_PORTAL, **line}) for line in lines])

    @classmethod
    def erase_details(cls, contact_id: int) -> None:
        """Erase what stands in the details of a contact's lines, before the contact is deleted.

        That something happened, and when, stays provable: a digest takes the detail's place.
        """
        query = select(cls.id, *(getattr(cls, name) for name in Line._fields))
        for row in execute(query.where(cls.contact_id == contact_id)).all():
            line = Line._make(row[1:])
            if not line.detail or line.is_erased:
                continue
            left = line.proof[SALT_BYTES:] if line.proof else None
            erased = update(cls).where(cls.id == row[0])
            execute(erased.values(detail={ERASED: detail_digest(line)}, proof=left))

    @classmethod
    def has(cls, kind: str, *, contact_id: int, link_id: UUID) -> bool:
        """Tell whether *kind* was recorded of the link."""
        of_link = {"contact": contact_id, "what": kind, "link": link_id}
        return execute(_OF_LINK, of_link).first() is not None

    @classmethod
    def latest(cls, kind: str, contact_id: int, link_id: UUID) -> int | None:
        """Return the row's id of the latest *kind* that was recorded of the link."""
        of_link = {"contact": contact_id, "what": kind, "link": link_id}
        return max((row[0] for row in execute(_OF_LINK, of_link)), default=None)

    @staticmethod
    def record_aside(
        connection: Connection,
        kind: str,
        *,
        account_id: int,
        contact_id: int,
        link_id: UUID | None,
        request_id: str,
        detail: dict[str, Any],
        at: datetime | None = None,
    ) -> int:
        """Append what a client saw, once for all that is alike of one link; return its row's id.

        It was seen now, if *at* does not say otherwise.
        Alike are the same page in the same kind of browser, unless one of them was a program.
        """
        of_link = {"contact": contact_id, "what": kind, "link": link_id}
        for row_id, before in connection.execute(_OF_LINK, of_link) if link_id else ():
            if _are_alike(before, detail):
                return int(row_id)
        row = _values(
            kind, account_id, contact_id, None, "client", link_id, None, request_id, detail, at
        )
        return int(connection.execute(_ADD_ONE, row).scalar_one())

    @staticmethod
    def record_all_aside(connection: Connection, kind: str, lines: list[dict[str, Any]]) -> None:
        """Like `record_aside` for several lines of links, by one SELECT and one INSERT."""
        known: dict[Any, list[dict[str, Any]]] = {}
        of_links = _OF_LINKS.where(
            Event.contact_id.in_({line["contact_id"] for line in lines}),
            Event.kind == kind,
            Event.link_id.in_({line["link_id"] for line in lines}),
        )
        for link_id, detail in connection.execute(of_links):
            known.setdefault(link_id, []).append(detail)
        rows = []
        for line in lines:
            before = known.setdefault(line["link_id"], [])
            if not any(_are_alike(one, line["detail"]) for one in before):
                before.append(line["detail"])
                rows.append(_values(**{**_OF_CLIENT, **line, "kind": kind}))
        if rows:
            connection.execute(_ADD, rows)

    @classmethod
    def timeline(
        cls, contact_id: int, *, before: tuple[datetime, int] | None = None
    ) -> list[EventLine]:
        """Return one page of the contact's history, latest first."""
        query = _LINES.where(cls.contact_id == contact_id)
        return _page(query, before)

    @classmethod
    def down_from(cls, contact_id: int, event_id: int) -> list[EventLine]:
        """Return a page of the contact's history that begins with the line *event_id*."""
        at = db.session.scalar(
            select(cls.at).where(cls.contact_id == contact_id, cls.id == event_id)
        )
        return cls.timeline(contact_id, before=(at, event_id + 1)) if at else []

    @classmethod
    def lines(cls, ids: Sequence[int]) -> list[EventLine]:
        """Return the lines of *ids*, latest first."""
        return _page(_LINES.where(cls.id.in_(ids)), None, len(ids)) if ids else []

    @classmethod
    def recent(cls, account_id: int, *, size: int) -> list[EventLine]:
        """Return the account's latest headlines, latest first."""
        query = _LINES.where(cls.account_id == account_id, cls.kind.in_(HEADLINES))
        return _page(query, None, size)


def _values(
    kind: str,
    account_id: int,
    contact_id: int | None,
    staff_id: int | None,
    actor: str,
    link_id: UUID | None,
    delivery_id: int | None,
    request_id: str,
    detail: dict[str, Any],
    at: datetime | None = None,
) -> dict[str, Any]:
    line = Line(
        account_id=account_id,
        subject_id=contact_id,
        author_id=staff_id,
        link_id=link_id,
        delivery_id=delivery_id,
        actor=actor,
        kind=kind,
        detail=detail,
        request_id=request_id,
        at=at or now(),
    )
    values = line._replace(proof=prove(line))._asdict()
    return {**values, "contact_id": contact_id, "staff_id": staff_id}


def _are_alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one.get(key) == other.get(key) for key in _ALIKE)


def _page(query: Any, before: tuple[datetime, int] | None, size: int = PAGE) -> list[EventLine]:
    if before is not None:
        # Without its own type the time would go to SQLite as text, and be later than any number.
        at, row_id = before
        query = query.where(tuple_(Event.at, Event.id) < tuple_(literal(at, UtcDateTime()), row_id))
    rows: Sequence[Any] = db.session.execute(
        query.order_by(Event.at.desc(), Event.id.desc()).limit(size)
    ).all()
    return [EventLine(*row) for row in rows]


_OF_PORTAL: dict[str, Any] = {
    "contact_id": None,
    "staff_id": None,
    "actor": "portal",
    "link_id": None,
    "delivery_id": None,
    "request_id": "",
}
_OF_CLIENT = {**_OF_PORTAL, "actor": "client"}
_OF_LINKS = select(Event.link_id, Event.detail)
_ALIKE = ("browser", "state", "is_program")
_ADD = insert(Event).inline()
_ADD_ONE = insert(Event).returning(Event.id)
_OF_LINK = select(Event.id, Event.detail).where(
    Event.contact_id == bindparam("contact", type_=big_id),
    Event.kind == bindparam("what", type_=String()),
    Event.link_id == bindparam("link", type_=Uuid()),
)
_LINES = (
    select(
        Event.id,
        Event.at,
        Event.kind,
        Event.actor,
        Event.detail,
        func.coalesce(func.nullif(Staff.name, ""), Staff.email),
        Event.contact_id,
        Contact.name,
        Contact.email,
        Delivery.status,
        Delivery.error,
        Delivery.channel,
        Delivery.attempts,
        Delivery.id,
        Delivery.due_at,
        Delivery.held,
        Event.request_id,
    )
    .outerjoin(Staff, Staff.id == Event.staff_id)
    .outerjoin(Contact, Contact.id == Event.contact_id)
    # Of a contact who was deleted, the number may be another message's by now.
    .outerjoin(
        Delivery,
        (Delivery.id == Event.delivery_id) & (Delivery.contact_id == Event.contact_id),
    )
)
