"""What became of one message: its attempts, and the messages before and after it with its link."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select

from portal.db import db, now
from portal.models.account import Account
from portal.models.contact import Contact
from portal.models.delivery import Delivery
from portal.models.event import Event
from portal.models.magic_link import MagicLink
from portal.models.portal_access import PortalAccess
from portal.models.staff import Staff
from portal.models.staff_task import StaffTask

MOST_EVENTS = 200


class DeliveryEvent(NamedTuple):
    """One thing that happened to a message."""

    at: datetime
    kind: str
    actor: str
    detail: dict[str, Any]
    staff_name: str | None


class DeliveryPeople(NamedTuple):
    """A message with all that its page shows."""

    delivery: Delivery
    link: MagicLink
    contact: Contact
    access: PortalAccess | None
    sender: Staff | None

    @property
    def is_alive(self) -> bool:
        """The link would still let the contact in."""
        link, access = self.link, self.access
        return (
            access is not None
            and access.is_open
            and link.used_at is None
            and link.revoked_at is None
            and link.expires_at > now()
            and link.auth_epoch == access.auth_epoch
            and (access.family_cut_at is None or link.created_at > access.family_cut_at)
        )


def with_people(account: Account, delivery_id: int) -> DeliveryPeople | None:
    """Return the account's own message with its link and people; another account's is None."""
    row = db.session.execute(
        select(Delivery, MagicLink, Contact, PortalAccess, Staff)
        .join(MagicLink, MagicLink.id == Delivery.link_id)
        .join(Contact, Contact.id == Delivery.contact_id)
        .outerjoin(PortalAccess, PortalAccess.contact_id == Delivery.contact_id)
        .outerjoin(Staff, Staff.id == MagicLink.issued_by)
        .where(Delivery.id == delivery_id, Delivery.account_id == account.id)
        .execution_options(populate_existing=True)
    ).first()
    return DeliveryPeople(*row) if row else None


def link_of(row: Delivery | StaffTask) -> MagicLink | None:
    """Return the link that a message carries or a task is about."""
    return db.session.get(MagicLink, row.link_id, populate_existing=True)


def events(delivery: Delivery) -> list[DeliveryEvent]:
    """Return what happened to the message, oldest first."""
    rows = db.session.execute(
        select(
            Event.at,
            Event.kind,
            Event.actor,
            Event.detail,
            func.coalesce(func.nullif(Staff.name, ""), Staff.email),
        )
        .outerjoin(Staff, Staff.id == Event.staff_id)
        .where(Event.contact_id == delivery.contact_id, Event.delivery_id == delivery.id)
        .order_by(Event.at, Event.id)
        .limit(MOST_EVENTS)
    )
    return [DeliveryEvent(*row) for row in rows]


def chain(delivery: Delivery) -> list[Delivery]:
    """Return every message that carried or will carry the same link, in their order."""
    query = select(Delivery).where(
        Delivery.contact_id == delivery.contact_id, Delivery.link_id == delivery.link_id
    )
    return list(db.session.scalars(query.order_by(Delivery.created_at, Delivery.id)))
