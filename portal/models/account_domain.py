"""AccountDomain: the host an account wants clients to come in at, and whether it has it."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import JSON, Boolean, ForeignKey, String, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from portal.config import settings
from portal.db import Base, Id, alone, db, now, won
from portal.errors import AddressError
from portal.languages import _
from portal.models import account_choices
from portal.models.account import Account
from portal.models.address import normalise_host

CHALLENGE = "_portico-challenge"
PREFIX = "portico="
LOOKED_FOR = timedelta(days=7)
"""So long the records of a host are waited for; then somebody has to press."""
SOONEST, LATEST = timedelta(minutes=1), timedelta(hours=6)
DAILY, AFTER_TROUBLE = timedelta(days=1), timedelta(hours=1)
MISSES = 3
"""Daily looks in a row that must miss the records before a host is given up for new links."""
IN_HAND = timedelta(minutes=2)
"""While somebody looks, nobody else does."""


class State(StrEnum):
    """*Waiting* has not been proved; *verified* is in use; *failing* was, and has lost its
    records: links sent before still open there."""

    WAITING = "waiting"
    VERIFIED = "verified"
    FAILING = "failing"


class Held(NamedTuple):
    """A host that this installation answers for, and the slug of the one portal it shows."""

    host: str
    slug: str


class AccountDomain(Base):
    """The one host that an account has asked for. Many may ask for the same one; one has it."""

    __tablename__ = "account_domain"

    id: Mapped[Id] = mapped_column(init=False)
    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), unique=True
    )
    host: Mapped[str] = mapped_column(String(253))
    held_host: Mapped[str | None] = mapped_column(String(253), unique=True, default=None)
    """The host while requests to it are answered with this account's portal."""
    proof: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(8), default=State.WAITING)
    is_proxied: Mapped[bool] = mapped_column(Boolean, default=False)
    """Its owner says that the addresses in DNS are those of a proxy that leads here."""
    found: Mapped[dict[str, Any]] = mapped_column(JSON, default_factory=dict)
    """What the DNS said at the last look."""
    misses: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[datetime] = mapped_column(default_factory=now)
    checked_at: Mapped[datetime | None] = mapped_column(default=None)
    changed_at: Mapped[datetime | None] = mapped_column(default=None)
    """Since when it is verified, or failing."""
    due_at: Mapped[datetime | None] = mapped_column(default=None, index=True)
    """When the sweep has it looked at."""

    @property
    def challenge(self) -> str:
        """The name of the record that proves whose the host is."""
        return f"{CHALLENGE}.{self.host}"

    @classmethod
    def of(cls, account_id: int) -> AccountDomain | None:
        query = select(cls).where(cls.account_id == account_id)
        return db.session.scalar(query.execution_options(populate_existing=True))

    @classmethod
    def failing(cls, account_id: int) -> str:
        """Return the host that the account has lost, or nothing."""
        query = select(cls.host).where(cls.account_id == account_id, cls.state == State.FAILING)
        return db.session.scalar(query) or ""

    @classmethod
    def locked(cls, domain_id: int) -> AccountDomain | None:
        query = select(cls).where(cls.id == domain_id).with_for_update()
        return db.session.scalar(query.execution_options(populate_existing=True))

    @classmethod
    def ask(cls, account_id: int, host: str) -> AccountDomain:
        """Let the account wait for *host*, in place of another that it was waiting for."""
        cls.drop(account_id)
        found = cls(
            account_id=account_id,
            host=host,
            proof=PREFIX + secrets.token_hex(16),
            due_at=now() + SOONEST,
        )
        db.session.add(found)
        db.session.flush()
        return found

    @classmethod
    def drop(cls, account_id: int) -> None:
        db.session.execute(delete(cls).where(cls.account_id == account_id))

    @classmethod
    def holder(cls, host: str, *, but: int) -> tuple[Account, AccountDomain] | None:
        """Return another account than *but* that has *host*, and its row, for this transaction.

        The account is locked first, as by whoever removes the host in the same moment.
        """
        query = select(cls.account_id).where(cls.held_host == host, cls.account_id != but)
        account_id = db.session.scalar(query)
        if account_id is None:
            return None
        account = account_choices.locked(account_id)
        row = select(cls).where(cls.held_host == host, cls.account_id == account_id)
        locked = row.with_for_update().execution_options(populate_existing=True)
        found = db.session.scalar(locked)
        return (account, found) if found else None

    @classmethod
    def is_below_another(cls, host: str, account_id: int) -> bool:
        """Tell whether another account has a host that *host* lies below, and has not lost it."""
        labels = host.split(".")
        above = [".".join(labels[n:]) for n in range(1, len(labels))]
        query = select(cls.id).where(
            cls.held_host.in_(above), cls.account_id != account_id, cls.state == State.VERIFIED
        )
        return db.session.scalar(query.limit(1)) is not None

    @classmethod
    def held(cls) -> dict[str, Held]:
        """Return every host that requests may name beside PORTAL_URL's, without a transaction."""
        query = select(cls.held_host, Account.slug).join(Account, Account.id == cls.account_id)
        with alone().connect() as connection:
            rows = connection.execute(query.where(cls.held_host.is_not(None))).all()
        return {host: Held(host, slug) for host, slug in rows if host}

    @classmethod
    def in_use(cls, slug: str = "", *, limit: int) -> list[AccountDomain]:
        """Return domains that are answered for, of the account at *slug* or of all."""
        query = select(cls).where(cls.held_host.is_not(None)).order_by(cls.id).limit(limit)
        if slug:
            query = query.join(Account, Account.id == cls.account_id).where(Account.slug == slug)
        return list(db.session.scalars(query))

    @classmethod
    def due(cls, *, limit: int) -> list[int]:
        query = select(cls.id).where(cls.due_at <= now()).order_by(cls.due_at).limit(limit)
        return list(db.session.scalars(query))

    @classmethod
    def take(cls, domain_id: int) -> bool:
        """Take a look that is due in hand; among several workers, one gets it."""
        at = now()
        taken = update(cls).where(cls.id == domain_id, cls.due_at <= at)
        return won(db.session.execute(taken.values(due_at=at + IN_HAND)))

    def stands(self, state: State) -> None:
        self.state, self.changed_at, self.misses = state, now(), 0

    def plan(self, *, is_known: bool, is_extra: bool = False) -> None:
        """Say when to look next; sooner when the DNS could not be asked.

        A look that is *is_extra*, because somebody pressed, puts no other off.
        """
        self.checked_at = at = now()
        due_at = self._next(at, is_known=is_known)
        if is_extra and self.due_at and due_at:
            due_at = min(self.due_at, due_at)
        self.due_at = due_at

    def _next(self, at: datetime, *, is_known: bool) -> datetime | None:
        if self.state != State.WAITING:
            return at + (DAILY if is_known else AFTER_TROUBLE)
        age = at - self.asked_at
        return at + min(max(age / 4, SOONEST), LATEST) if age < LOOKED_FOR else None


def wanted_host(typed: str) -> str:
    """Return the host that *typed* names, if an account may have it. Raises AddressError."""
    host, found = normalise_host(typed), settings()
    if host == found.hostname:
        words = _("This is the address of the whole installation. Type a name of your own.")
        raise AddressError(words)
    if len(host) > found.longest_host:
        words = _(
            "This name has %(count)s characters. At most %(most)s keep links whole in every mail "
            "program.",
            count=str(len(host)),
            most=str(found.longest_host),
        )
        raise AddressError(words)
    return host
