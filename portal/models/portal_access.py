"""PortalAccess: a contact's right to enter, and the epoch that ends everything at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import (
    ForeignKey,
    Index,
    String,
    bindparam,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, UtcDateTime, big_id, db, execute, now
from portal.errors import AccessError
from portal.languages import _

if TYPE_CHECKING:
    from portal.models.contact import Contact


class Access(StrEnum):
    INVITED = "invited"
    JOINED = "joined"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


OPEN = (Access.INVITED, Access.JOINED)
"""The statuses that let someone in."""


class PortalAccess(Base):
    """One row for each contact who was ever let in.

    Raising `auth_epoch` ends the contact's links, codes, sessions and queued messages at once:
    each carries the epoch it was made in. `family_cut_at` ends the links made before it.
    """

    __tablename__ = "portal_access"
    __table_args__ = (
        Index("ix_portal_access_account_id_status", "account_id", "status"),
        Index(
            "ix_portal_access_undelivered",
            "account_id",
            "contact_id",
            sqlite_where=text("undelivered"),
            postgresql_where=text("undelivered"),
        ),
        Index(
            "ix_portal_access_ends_at",
            "account_id",
            "ends_at",
            sqlite_where=text("ends_at IS NOT NULL"),
            postgresql_where=text("ends_at IS NOT NULL"),
        ),
    )

    contact_id: Mapped[int] = mapped_column(
        ForeignKey("contact.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    status: Mapped[str] = mapped_column(String(12), default=Access.INVITED)
    invited_at: Mapped[datetime] = mapped_column(default_factory=now)
    joined_at: Mapped[datetime | None] = mapped_column(default=None)
    last_seen_at: Mapped[datetime | None] = mapped_column(default=None)
    ends_at: Mapped[datetime | None] = mapped_column(default=None)
    """From then on nothing lets them in, by the clock: no row is written at that moment."""
    auth_epoch: Mapped[int] = mapped_column(default=1)
    family_cut_at: Mapped[datetime | None] = mapped_column(default=None)
    undelivered: Mapped[bool] = mapped_column(default=False)
    opened_at: Mapped[datetime | None] = mapped_column(default=None)
    """When a person first opened a link that was sent to the address of now."""

    @property
    def is_open(self) -> bool:
        return self.status in OPEN and not self.is_over

    @property
    def is_over(self) -> bool:
        """The time of the access has ended, whatever its status."""
        return self.ends_at is not None and self.ends_at <= now()

    @classmethod
    def of(cls, contact_id: int) -> PortalAccess | None:
        return db.session.get(cls, contact_id, populate_existing=True)

    @classmethod
    def hold(cls, contact_id: int) -> None:
        """Keep others from changing the access until this transaction ends, before the contact
        itself is changed: an access that changes writes its contact, so everyone locks it first."""
        db.session.execute(
            select(cls.contact_id).where(cls.contact_id == contact_id).with_for_update()
        )

    @classmethod
    def grant(cls, contact: Contact) -> PortalAccess:
        """Return the contact's access, opening it when there was none. Granting twice is harmless.

        Raises AccessError for someone suspended or revoked: only Restore lets them in again.
        """
        dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        db.session.execute(
            dialect.insert(cls)
            .values(
                contact_id=contact.id,
                account_id=contact.account_id,
                status=Access.INVITED,
                invited_at=now(),
                auth_epoch=1,
                undelivered=False,
            )
            .on_conflict_do_nothing(index_elements=["contact_id"])
        )
        access = db.session.scalars(
            select(cls)
            .where(cls.contact_id == contact.id)
            .execution_options(populate_existing=True)
        ).one()
        if not access.is_open:
            raise AccessError(access.refusal(contact.called))
        return access

    @classmethod
    def grant_all(cls, contacts: Sequence[Contact]) -> dict[int, PortalAccess]:
        """Return the access of each, by contact, opening it where there was none. Those suspended
        or revoked are among them: see `is_open`."""
        if not contacts:
            return {}
        dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        at = now()
        opened = {"status": Access.INVITED, "invited_at": at, "auth_epoch": 1, "undelivered": False}
        db.session.execute(
            dialect.insert(cls)
            .values([{"contact_id": c.id, "account_id": c.account_id, **opened} for c in contacts])
            .on_conflict_do_nothing(index_elements=["contact_id"])
        )
        found = db.session.scalars(
            select(cls)
            .where(cls.contact_id.in_([contact.id for contact in contacts]))
            .execution_options(populate_existing=True)
        )
        return {access.contact_id: access for access in found}

    def refusal(self, called: str) -> str:
        """Return why nothing can be sent to whoever is *called* so."""
        if self.status in OPEN:
            return _(
                "The access of %(who)s has ended. Extend it first, then try again.", who=called
            )
        if self.status == Access.SUSPENDED:
            return _(
                "%(who)s is suspended. Restore their access first, then try again.", who=called
            )
        return _("%(who)s is revoked. Restore their access first, then try again.", who=called)

    @classmethod
    def join(cls, contact_id: int, at: datetime, *, cut_family: bool) -> None:
        """Note a sign-in. A bound one cuts the family: links made before it are dead."""
        execute(_JOIN, {"contact": contact_id, "moment": at, "cut_at": at if cut_family else None})

    @classmethod
    def change_status(cls, contact_id: int, status: Access, *, was: tuple[Access, ...]) -> bool:
        """Set *status* if it was one of *was*, and end what is open. Tell whether it was."""
        found = db.session.execute(
            update(cls)
            .where(cls.contact_id == contact_id, cls.status.in_(was))
            .values(status=status, auth_epoch=cls.auth_epoch + 1)
            .returning(cls.contact_id)
            .execution_options(synchronize_session=False)
        )
        return found.first() is not None

    @classmethod
    def restore(cls, contact_id: int) -> bool:
        """Let a suspended or revoked contact in again, as joined if they ever were, and for as
        long as their access was to last: an end that is over counts no more."""
        found = db.session.execute(
            update(cls)
            .where(cls.contact_id == contact_id, cls.status.in_((Access.SUSPENDED, Access.REVOKED)))
            .values(
                status=db.case((cls.joined_at.is_(None), Access.INVITED), else_=Access.JOINED),
                auth_epoch=cls.auth_epoch + 1,
                ends_at=db.case((cls.ends_at > now(), cls.ends_at), else_=None),
            )
            .returning(cls.contact_id)
            .execution_options(synchronize_session=False)
        )
        return found.first() is not None

    @classmethod
    def end_everything(cls, contact_id: int) -> None:
        """End the contact's links, codes, sessions and queued messages at once."""
        db.session.execute(
            update(cls)
            .where(cls.contact_id == contact_id)
            .values(auth_epoch=cls.auth_epoch + 1, undelivered=False, opened_at=None)
            .execution_options(synchronize_session=False)
        )

    @staticmethod
    def mark_opened(connection: Connection, opened: dict[int, datetime]) -> None:
        """Note when a person opened a link of these invited contacts, the first time.

        An access that somebody else is changing is left out, because many are noted together and
        none may wait for another: most often its owner is just pressing the button.
        """
        connection.execute(
            _MARK_OPENED, [{"contact": who, "moment": at} for who, at in sorted(opened.items())]
        )

    @classmethod
    def mark_delivery(cls, contact_id: int, *, undelivered: bool) -> None:
        """Note whether the last message to the contact failed, for the counters and the list."""
        db.session.execute(
            update(cls)
            .where(cls.contact_id == contact_id, cls.undelivered.is_not(undelivered))
            .values(undelivered=undelivered)
            .execution_options(synchronize_session=False)
        )


LETS_IN = or_(*(PortalAccess.status == status for status in OPEN))
"""For statements built once: an IN is written anew each time one is executed."""
_MOMENT = bindparam("moment", type_=UtcDateTime())
_UNOPENED = (
    select(PortalAccess.contact_id)
    .where(
        PortalAccess.contact_id == bindparam("contact", type_=big_id),
        PortalAccess.opened_at.is_(None),
        PortalAccess.status == Access.INVITED,
    )
    .with_for_update(skip_locked=True)
)
_MARK_OPENED = (
    update(PortalAccess).where(PortalAccess.contact_id.in_(_UNOPENED)).values(opened_at=_MOMENT)
)
_JOIN = (
    update(PortalAccess)
    .where(PortalAccess.contact_id == bindparam("contact", type_=big_id), LETS_IN)
    .values(
        status=Access.JOINED,
        joined_at=func.coalesce(PortalAccess.joined_at, _MOMENT),
        last_seen_at=_MOMENT,
        undelivered=False,
        family_cut_at=func.coalesce(
            bindparam("cut_at", type_=UtcDateTime()), PortalAccess.family_cut_at
        ),
    )
)
