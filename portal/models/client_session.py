"""ClientSession: a signed-in browser of a client, as a row that can be ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, Id, UtcDateTime, db, execute, first, now
from portal.models import account_rules
from portal.models.account import Account
from portal.models.contact import Contact
from portal.models.portal_access import LETS_IN, PortalAccess

TOUCH_EVERY = timedelta(hours=1)
"""How stale `last_seen_at` may grow before a page view writes it anew."""


class Visit(NamedTuple):
    """Whose portal a request is for and, when `session_id` is set, who is signed in to it.

    In a *is_view* nobody is: staff look at what the contact would see, and change nothing.
    """

    account_id: int
    name: str
    slug: str
    locale: str
    time_zone: str
    accent: str
    brand: dict[str, Any]
    choices: dict[str, Any]
    session_id: int | None
    contact_id: int | None
    contact_name: str | None
    email: str | None
    external_id: str | None
    last_seen_at: datetime | None
    ends_at: datetime | None
    """When the contact's access ends, if it does."""
    since: datetime | None
    """When this browser was signed in."""
    is_view: bool = False

    @property
    def is_signed_in(self) -> bool:
        return self.is_view or self.session_id is not None

    def lets(self, switch: str) -> bool:
        """Tell whether the account has *switch*, one of `account_rules.SWITCHES`, on."""
        return account_rules.is_on(self.choices, switch)

    @property
    def touch_every(self) -> timedelta:
        """How stale `last_seen_at` may grow before a page view writes it anew: a fraction of what
        the account calls idle, or somebody at work would be signed out."""
        return min(TOUCH_EVERY, account_rules.span(self.choices, "client_idle") / 6)

    def at(self, at: datetime) -> Visit:
        """Return the visit as it is then: nobody's, once the account's time for it has passed."""
        if self.session_id is None or self.last_seen_at is None or self.since is None:
            return self
        idle, whole = (account_rules.span(self.choices, name) for name in account_rules.SESSIONS)
        if self.last_seen_at > at - idle and self.since > at - whole:
            return self
        return self._replace(session_id=None, contact_id=None, contact_name=None, email=None,
                             external_id=None, ends_at=None)  # fmt: skip


class SignedInBrowser(NamedTuple):
    """One line of "Your access"."""

    id: int
    browser: str
    since: datetime
    last_seen: datetime


class ClientSession(Base):
    """One browser of one client. The cookie's secret is not here, only its digest."""

    __tablename__ = "client_session"
    __table_args__ = (
        Index("ix_client_session_contact_id", "contact_id"),
        Index("ix_client_session_account_id_expires_at", "account_id", "expires_at"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True, repr=False)
    link_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("magic_link.id", ondelete="SET NULL"), unique=True, default=None
    )
    via: Mapped[str] = mapped_column(String(8))
    bound: Mapped[bool] = mapped_column(Boolean)
    browser: Mapped[str] = mapped_column(String(60), default="")
    auth_epoch: Mapped[int]
    signed_in_on: Mapped[date] = mapped_column(Date)
    created_at: Mapped[datetime] = mapped_column(default_factory=now)
    last_seen_at: Mapped[datetime] = mapped_column(default_factory=now)
    expires_at: Mapped[datetime]

    @classmethod
    def visit(cls, slug: str, digest: bytes | None) -> Visit | None:
        """Return the portal at *slug* and who is signed in with *digest*, in one statement."""
        at = now()
        row = first(_VISIT, {"slug": slug, "digest": digest or b"", "at": at})
        return Visit(*tuple[Any, ...](row)).at(at) if row else None

    @classmethod
    def open(
        cls,
        *,
        digest: bytes,
        contact_id: int,
        account_id: int,
        link_id: UUID,
        auth_epoch: int,
        via: str,
        bound: bool,
        browser: str,
        day: date,
        life: timedelta,
    ) -> None:
        at = now()
        execute(
            _OPEN,
            {
                "digest": digest,
                "contact_id": contact_id,
                "account_id": account_id,
                "link_id": link_id,
                "auth_epoch": auth_epoch,
                "via": via,
                "bound": bound,
                "browser": browser,
                "signed_in_on": day,
                "created_at": at,
                "last_seen_at": at,
                "expires_at": at + life,
            },
        )

    @classmethod
    def rekey(cls, link_id: UUID, digest: bytes, *, browser: str, via: str | None = None) -> bool:
        """Give the link's one session to the browser that holds *digest*; the old cookie dies."""
        changes: dict[str, object] = {"digest": digest, "browser": browser, "last_seen_at": now()}
        if via:
            changes |= {"via": via, "bound": True}
        found = db.session.execute(
            update(cls)
            .where(cls.link_id == link_id)
            .values(**changes)
            .returning(cls.id)
            .execution_options(synchronize_session=False)
        )
        return found.first() is not None

    @staticmethod
    def touch(connection: Connection, browsers: list[tuple[int, int]]) -> None:
        """Note that these browsers, session and contact, are in use: only idle ones are signed
        out."""
        at = now()
        for session_id, contact_id in sorted(set(browsers)):
            connection.execute(
                update(ClientSession).where(ClientSession.id == session_id).values(last_seen_at=at)
            )
            connection.execute(
                update(PortalAccess)
                .where(PortalAccess.contact_id == contact_id)
                .values(last_seen_at=at)
            )

    @classmethod
    def of_contact(cls, contact_id: int, choices: Mapping[str, Any]) -> list[SignedInBrowser]:
        """Return the contact's signed-in browsers, latest first. *choices* are the account's."""
        at = now()
        idle, whole = (account_rules.span(choices, name) for name in account_rules.SESSIONS)
        rows = db.session.execute(
            select(cls.id, cls.browser, cls.created_at, cls.last_seen_at)
            .join(PortalAccess, PortalAccess.contact_id == cls.contact_id)
            .where(
                cls.contact_id == contact_id,
                cls.expires_at > at,
                cls.last_seen_at > at - idle,
                cls.created_at > at - whole,
                cls.auth_epoch == PortalAccess.auth_epoch,
                or_(PortalAccess.ends_at.is_(None), PortalAccess.ends_at > at),
            )
            .order_by(cls.last_seen_at.desc(), cls.id.desc())
            .limit(100)
        )
        return [SignedInBrowser(*row) for row in rows]

    @classmethod
    def end(cls, contact_id: int, session_id: int) -> str | None:
        """End one of the contact's own sessions; return its browser, or None if not theirs."""
        row = db.session.execute(
            delete(cls)
            .where(cls.id == session_id, cls.contact_id == contact_id)
            .returning(cls.browser)
            .execution_options(synchronize_session=False)
        ).first()
        return row[0] if row else None

    @classmethod
    def end_digest(cls, digest: bytes) -> None:
        """End the session that this browser held before it signed in anew."""
        db.session.execute(
            delete(cls).where(cls.digest == digest).execution_options(synchronize_session=False)
        )

    @classmethod
    def end_all(cls, contact_id: int) -> None:
        db.session.execute(
            delete(cls)
            .where(cls.contact_id == contact_id)
            .execution_options(synchronize_session=False)
        )


OF_ACCOUNT = (
    Account.id,
    Account.name,
    Account.slug,
    func.coalesce(func.nullif(Contact.locale, ""), Account.locale),
    Account.time_zone,
    Account.accent,
    Account.brand,
    Account.choices,
)
"""What a Visit tells of its portal: the first fields, in their order."""
_OPEN = insert(ClientSession).inline()
_AT = bindparam("at", type_=UtcDateTime())
_ALIVE = and_(
    PortalAccess.contact_id == ClientSession.contact_id,
    PortalAccess.auth_epoch == ClientSession.auth_epoch,
    LETS_IN,
    or_(PortalAccess.ends_at.is_(None), PortalAccess.ends_at > _AT),
)
_VISIT = (
    select(
        *OF_ACCOUNT,
        db.case((PortalAccess.contact_id.is_not(None), ClientSession.id)),
        PortalAccess.contact_id,
        Contact.name,
        Contact.email,
        Contact.external_id,
        ClientSession.last_seen_at,
        PortalAccess.ends_at,
        ClientSession.created_at,
    )
    .outerjoin(
        ClientSession,
        and_(
            ClientSession.account_id == Account.id,
            ClientSession.digest == bindparam("digest", type_=LargeBinary()),
            ClientSession.expires_at > _AT,
        ),
    )
    .outerjoin(PortalAccess, _ALIVE)
    .outerjoin(Contact, Contact.id == PortalAccess.contact_id)
    .where(Account.slug == bindparam("slug", type_=String()))
)
