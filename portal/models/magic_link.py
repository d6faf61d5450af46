"""MagicLink: a one-time sign-in URL as a row; issue, look at, redeem, revoke."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Uuid,
    and_,
    bindparam,
    exists,
    false,
    func,
    insert,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.orm.attributes import set_committed_value

from portal import tokens
from portal.db import Base, UtcDateTime, big_id, db, execute, now, put
from portal.models.account import Account
from portal.models.contact import Contact
from portal.models.portal_access import LETS_IN, PortalAccess
from portal.models.staff import Staff

SELF_ASKED_ALIVE = 3
REPEAT_WITHIN = timedelta(seconds=60)
"""How long the same browser may repeat its press: a double click, or an answer that was lost."""


class Kind(StrEnum):
    INVITE = "invite"
    LOGIN = "login"
    MAGIC = "magic"
    SELF = "self"


class Why(StrEnum):
    """Why a link was revoked."""

    REPLACED = "replaced"
    REGENERATED = "regenerated"


class Redeemed(NamedTuple):
    """The link a press or a code has just used."""

    id: UUID
    contact_id: int
    account_id: int
    kind: str
    target: str
    auth_epoch: int
    slug: str
    time_zone: str
    choices: dict[str, Any]
    bound: bool


class MagicLink(Base):
    """A one-time sign-in URL. The token is derived when a message is rendered, never stored."""

    __tablename__ = "magic_link"
    __table_args__ = (Index("ix_magic_link_contact_id_created_at", "contact_id", "created_at"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default_factory=uuid4)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(8))
    nonce: Mapped[bytes] = mapped_column(LargeBinary(16), repr=False)
    token_digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True, repr=False)
    code_mac: Mapped[bytes | None] = mapped_column(LargeBinary(32), default=None, repr=False)
    flow_digest: Mapped[bytes | None] = mapped_column(
        LargeBinary(32), default=None, index=True, repr=False
    )
    target: Mapped[str] = mapped_column(String(60), default="")
    issued_by: Mapped[int | None] = mapped_column(
        ForeignKey("staff.id", ondelete="SET NULL"), default=None
    )
    auth_epoch: Mapped[int]
    life: Mapped[int]
    reminder: Mapped[int] = mapped_column(default=0)
    """Of an invitation: which reminder of it carries this link; 0 for the invitation itself."""
    created_at: Mapped[datetime] = mapped_column(default_factory=now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)
    used_bound: Mapped[bool] = mapped_column(default=False)
    used_nonce: Mapped[bytes | None] = mapped_column(LargeBinary(32), default=None, repr=False)
    used_browser: Mapped[str] = mapped_column(String(60), default="")
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)
    revoked_why: Mapped[str] = mapped_column(String(12), default="")

    @classmethod
    def issue(
        cls,
        contact: Contact,
        kind: Kind,
        access: PortalAccess,
        *,
        life: timedelta,
        wait: timedelta = timedelta(),
        issued_by: Staff | None = None,
        flow_digest: bytes | None = None,
        has_code: bool = True,
        target: str = "",
        link_id: UUID | None = None,
    ) -> MagicLink:
        """Add a link for *contact*, whose message goes out after *wait*.

        It opens nothing once *access* has moved to another epoch.
        """
        link = cls.made(
            contact,
            kind,
            access,
            life=life,
            wait=wait,
            issued_by=issued_by,
            flow_digest=flow_digest,
            has_code=has_code,
            target=target,
            link_id=link_id,
        )
        put(link)
        return link

    @classmethod
    def made(
        cls,
        contact: Contact,
        kind: Kind,
        access: PortalAccess,
        *,
        life: timedelta,
        wait: timedelta,
        issued_by: Staff | None,
        flow_digest: bytes | None = None,
        has_code: bool = True,
        target: str = "",
        link_id: UUID | None = None,
        reminder: int = 0,
    ) -> MagicLink:
        """Return a link that is still to be added. One that a browser asked for has a code, too,
        if it may."""
        link_id, nonce, at = link_id or uuid4(), tokens.new_nonce(), now()
        token = tokens.derive_token(nonce, link_id)
        with_code = flow_digest and has_code
        code_mac = tokens.code_macs(tokens.code_of(token), link_id)[0] if with_code else None
        digest = tokens.token_digest_of(token)
        if digest is None:
            raise AssertionError("a new token always has a right checksum")
        return cls(
            id=link_id,
            account_id=contact.account_id,
            contact_id=contact.id,
            kind=kind,
            nonce=nonce,
            token_digest=digest,
            code_mac=code_mac,
            flow_digest=flow_digest,
            target=target,
            issued_by=issued_by.id if issued_by else None,
            auth_epoch=access.auth_epoch,
            life=int(life.total_seconds()),
            reminder=reminder,
            created_at=at,
            expires_at=at + wait + life,
        )

    @classmethod
    def add_all(cls, links: Sequence[MagicLink]) -> None:
        """Add links that were made, by one statement."""
        if links:
            columns = cls.__table__.columns.keys()
            rows = [{name: getattr(link, name) for name in columns} for link in links]
            execute(insert(cls), rows)

    def token(self) -> str:
        """Derive the token anew: every attempt to send carries the same link."""
        return tokens.recover_token(self.nonce, self.id, self.token_digest)

    def start_life(self, at: datetime) -> datetime:
        """Let the link live from *at*, when its message goes out; return when it expires."""
        self.expires_at = at + timedelta(seconds=self.life)
        return self.expires_at

    @classmethod
    def start_lives(cls, links: Sequence[MagicLink], at: datetime) -> None:
        """Let each link live from *at*, by one statement for all."""
        lives = []
        for link in links:
            expires_at = at + timedelta(seconds=link.life)
            set_committed_value(link, "expires_at", expires_at)
            lives.append({"started": link.id, "ends_at": expires_at})
        if lives:
            db.session.connection().execute(_START_LIFE, lives)

    @classmethod
    def redeem(
        cls, token_digest: bytes, *, nonce: bytes, flow_digest: bytes | None, browser: str
    ) -> Redeemed | None:
        """Use the link up, once: the row count of this one UPDATE decides among all who press."""
        row = execute(
            _REDEEM,
            {
                "digest": token_digest,
                "at": now(),
                "by_nonce": nonce,
                "by_browser": browser,
                "flow": flow_digest,
            },
        ).first()
        return Redeemed._make(row) if row else None

    @classmethod
    def pressed_before(cls, token_digest: bytes, *, nonce: bytes) -> UUID | None:
        """Return the link's id if this same browser used it within the last minute.

        The row is locked, so that a code typed meanwhile is not robbed of its session.
        """
        return db.session.scalar(
            select(cls.id)
            .where(
                cls.token_digest == token_digest,
                cls.used_nonce == nonce,
                cls.used_at > now() - REPEAT_WITHIN,
                _enterable(now(), even_if_cut=True),
            )
            .with_for_update()
        )

    @classmethod
    def by_code(cls, account_id: int, flow_digest: bytes, code: str) -> UUID | None:
        """Return the live link of this browser's flow whose code is *code*."""
        asked = db.session.execute(
            select(cls.id, cls.code_mac).where(
                cls.account_id == account_id,
                cls.flow_digest == flow_digest,
                cls.code_mac.is_not(None),
                cls.expires_at > now(),
            )
        )
        for link_id, code_mac in asked:
            if code_mac in tokens.code_macs(code, link_id):
                return UUID(str(link_id))
        return None

    @classmethod
    def asked_in(cls, account_id: int, flow_digest: bytes) -> tuple[int, UUID] | None:
        """Return the contact and the newest link of a browser's flow, if it had any."""
        query = select(cls.contact_id, cls.id).where(
            cls.account_id == account_id, cls.flow_digest == flow_digest
        )
        row = db.session.execute(query.order_by(cls.created_at.desc()).limit(1)).first()
        return (row[0], row[1]) if row else None

    @classmethod
    def redeem_by_code(cls, link_id: UUID, *, browser: str) -> Redeemed | None:
        """Use the link for the browser that asked, even after a click from elsewhere used it."""
        row = db.session.execute(
            update(cls)
            .where(
                cls.id == link_id,
                or_(cls.used_at.is_(None), cls.used_bound.is_(False)),
                cls.revoked_at.is_(None),
                cls.expires_at > now(),
                _enterable(now()),
            )
            .values(used_at=now(), used_bound=True, used_browser=browser, used_nonce=None)
            .returning(*_REDEEMED)
            .execution_options(synchronize_session=False)
        ).first()
        return Redeemed._make(row) if row else None

    @classmethod
    def keep_newest_self_asked(cls, contact_id: int) -> None:
        """Leave at most three self-asked links alive, so that nobody can flood the family."""
        execute(_KEEP_NEWEST, {"contact": contact_id, "at": now()})

    @classmethod
    def regenerate(cls, contact_id: int) -> None:
        """Void the contact's copied links that are still unused: a new one takes their place."""
        db.session.execute(
            update(cls)
            .where(
                cls.contact_id == contact_id,
                cls.kind == Kind.MAGIC,
                cls.used_at.is_(None),
                cls.revoked_at.is_(None),
            )
            .values(revoked_at=now(), revoked_why=Why.REGENERATED)
            .execution_options(synchronize_session=False)
        )


def _enterable(
    at: ColumnElement[datetime] | datetime, *, even_if_cut: bool = False
) -> ColumnElement[bool]:
    """The contact may enter, in the link's own epoch, and no bound sign-in has cut its family."""
    return exists().where(
        PortalAccess.contact_id == MagicLink.contact_id,
        PortalAccess.auth_epoch == MagicLink.auth_epoch,
        LETS_IN,
        or_(PortalAccess.ends_at.is_(None), PortalAccess.ends_at > at),
        or_(
            PortalAccess.family_cut_at.is_(None),
            MagicLink.created_at > PortalAccess.family_cut_at,
            true() if even_if_cut else false(),
        ),
    )


_AT = bindparam("at", type_=UtcDateTime())
_DIGEST = bindparam("digest", type_=LargeBinary())
_REDEEMED = (
    MagicLink.id,
    MagicLink.contact_id,
    MagicLink.account_id,
    MagicLink.kind,
    MagicLink.target,
    MagicLink.auth_epoch,
    select(Account.slug).where(Account.id == MagicLink.account_id).scalar_subquery(),
    select(Account.time_zone).where(Account.id == MagicLink.account_id).scalar_subquery(),
    select(Account.choices).where(Account.id == MagicLink.account_id).scalar_subquery(),
    MagicLink.used_bound,
)
_REDEEM = (
    update(MagicLink)
    .where(
        MagicLink.token_digest == _DIGEST,
        MagicLink.used_at.is_(None),
        MagicLink.revoked_at.is_(None),
        MagicLink.expires_at > _AT,
        _enterable(_AT),
    )
    .values(
        used_at=_AT,
        used_nonce=bindparam("by_nonce", type_=LargeBinary()),
        used_browser=bindparam("by_browser", type_=String()),
        used_bound=func.coalesce(
            MagicLink.flow_digest == bindparam("flow", type_=LargeBinary()), false()
        ),
    )
    .returning(*_REDEEMED)
    .execution_options(synchronize_session=False)
)
_IS_SELF_ASKED = and_(
    MagicLink.contact_id == bindparam("contact", type_=big_id), MagicLink.kind == Kind.SELF
)
_KEEP_NEWEST = (
    update(MagicLink)
    .where(
        _IS_SELF_ASKED,
        MagicLink.used_at.is_(None),
        MagicLink.revoked_at.is_(None),
        MagicLink.expires_at > _AT,
        MagicLink.id.not_in(
            select(MagicLink.id)
            .where(_IS_SELF_ASKED)
            .order_by(MagicLink.created_at.desc(), MagicLink.id)
            .limit(SELF_ASKED_ALIVE)
            .scalar_subquery()
        ),
    )
    .values(revoked_at=_AT, revoked_why=Why.REPLACED)
)
_START_LIFE = (
    update(MagicLink)
    .where(MagicLink.id == bindparam("started", type_=Uuid()))
    .values(expires_at=bindparam("ends_at", type_=UtcDateTime()))
)
