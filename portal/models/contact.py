"""Contact: a person in an account's address book, one normalised e-mail each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    and_,
    bindparam,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, Id, big_id, db, now
from portal.errors import TakenError
from portal.models.account import Account
from portal.models.address import cleaned_email, folded, normalise_email
from portal.models.portal_access import PortalAccess

PAGE = 50
SUGGESTIONS = 8
_BY_CODE_POINT = String(200).with_variant(String(200, collation="C"), "postgresql")
"""The same order on both databases, whatever the server's language."""


class ContactLine(NamedTuple):
    """One contact in a list."""

    id: int
    name: str
    email: str
    status: str
    undelivered: bool
    last_seen_at: datetime | None
    sort_key: str


class Contact(Base):
    """A person whom an account knows. `email` is as typed; `email_norm` decides who is who."""

    __tablename__ = "contact"
    __table_args__ = (
        UniqueConstraint("account_id", "email_norm"),
        Index("ix_contact_account_id_sort_key", "account_id", "sort_key", "id"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(200), default="")
    email: Mapped[str] = mapped_column(String(254))
    email_norm: Mapped[str] = mapped_column(String(254))
    phone: Mapped[str] = mapped_column(String(20), default="")
    locale: Mapped[str] = mapped_column(String(12), default="")
    external_id: Mapped[str] = mapped_column(String(100), default="")
    addresses: Mapped[dict[str, str]] = mapped_column(JSON, default_factory=dict)
    """Where else they can be reached, by the kind of address that a channel writes to."""
    sort_key: Mapped[str] = mapped_column(_BY_CODE_POINT, default="")
    search_key: Mapped[str] = mapped_column(String(700), default="")
    created_at: Mapped[datetime] = mapped_column(default_factory=now)

    @property
    def called(self) -> str:
        """The name, or the address of someone whose name nobody typed."""
        return self.name or self.email

    def matches(self, q: str) -> bool:
        """Tell whether a search for *q* would find this contact; nothing typed finds everyone."""
        return all(word in self.search_key for word in folded(q).split())

    @classmethod
    def find(cls, account: Account, contact_id: int) -> Contact | None:
        return db.session.scalar(
            select(cls).where(cls.id == contact_id, cls.account_id == account.id)
        )

    @classmethod
    def find_all(cls, account: Account, ids: Sequence[int]) -> list[Contact]:
        return list(
            db.session.scalars(
                select(cls)
                .where(cls.account_id == account.id, cls.id.in_(ids))
                .order_by(cls.sort_key, cls.id)
            )
        )

    @classmethod
    def by_email(cls, account_id: int, email_norm: str) -> Contact | None:
        return db.session.scalar(
            select(cls).where(cls.account_id == account_id, cls.email_norm == email_norm)
        )

    @classmethod
    def known(cls, account_id: int, email_norm: str) -> Known | None:
        """Return whoever of the account has this address, if they were ever let in."""
        row = db.session.execute(_KNOWN, {"account": account_id, "norm": email_norm}).first()
        return Known._make(row) if row else None

    @classmethod
    def find_or_add(cls, account: Account, email: str, name: str = "") -> Contact:
        """Return the contact of *email*, adding it when new. Two people adding at once add one.

        A name that is already known is kept. Raises AddressError.
        """
        norm = normalise_email(email)
        dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        fields = _with_keys({"name": name, "email": cleaned_email(email), "email_norm": norm})
        db.session.execute(
            dialect.insert(cls)
            .values(
                account_id=account.id,
                phone="",
                addresses={},
                locale="",
                external_id="",
                created_at=now(),
                **fields,
            )
            .on_conflict_do_nothing(index_elements=["account_id", "email_norm"])
        )
        contact = db.session.scalars(
            select(cls).where(cls.account_id == account.id, cls.email_norm == norm)
        ).one()
        if name and not contact.name:
            contact.name = name
            contact.refresh_keys()
            db.session.flush()
        return contact

    def change(
        self,
        *,
        name: str,
        email: str,
        phone: str,
        locale: str,
        external_id: str,
        addresses: Mapping[str, str],
    ) -> bool:
        """Take over what was typed; return whether the address is now another one.

        Raises AddressError, or TakenError when another contact has this address.
        """
        norm = normalise_email(email)
        other = Contact.by_email(self.account_id, norm)
        if other is not None and other.id != self.id:
            raise TakenError(f"{other.called} already has this address.")
        moved = norm != self.email_norm
        self.name, self.email, self.email_norm = name, cleaned_email(email), norm
        self.phone, self.locale, self.external_id = phone, locale, external_id
        known = {**self.addresses, **addresses}
        self.addresses = {kind: address for kind, address in known.items() if address}
        self.refresh_keys()
        db.session.flush()
        return moved

    def refresh_keys(self) -> None:
        fields = _with_keys(
            {
                "name": self.name,
                "email": self.email,
                "phone": self.phone,
                "external_id": self.external_id,
            }
        )
        self.sort_key, self.search_key = fields["sort_key"], fields["search_key"]

    @classmethod
    def page(
        cls,
        account: Account,
        *,
        q: str = "",
        status: str = "",
        after: tuple[str, int] | None = None,
        size: int = PAGE,
    ) -> tuple[list[ContactLine], tuple[str, int] | None]:
        """Return one page of the account's contacts by name, and the key to go on from."""
        query = (
            select(
                cls.id,
                cls.name,
                cls.email,
                db.func.coalesce(PortalAccess.status, "").label("status"),
                db.func.coalesce(PortalAccess.undelivered, False).label("undelivered"),
                PortalAccess.last_seen_at,
                cls.sort_key,
            )
            .outerjoin(PortalAccess, PortalAccess.contact_id == cls.id)
            .where(cls.account_id == account.id, *_matching(cls, q), *_having(status))
            .order_by(cls.sort_key, cls.id)
            .limit(size + 1)
        )
        if after is not None:
            query = query.where(tuple_(cls.sort_key, cls.id) > tuple_(*after))
        lines = [ContactLine(*row) for row in db.session.execute(query)]
        if len(lines) <= size:
            return lines, None
        last = lines[size - 1]
        return lines[:size], (last.sort_key, last.id)

    @classmethod
    def suggest(cls, account: Account, q: str) -> list[ContactLine]:
        """Return the few contacts that *q* may mean, by name or address."""
        return cls.page(account, q=q, size=SUGGESTIONS)[0] if q.strip() else []


class Known(NamedTuple):
    """A contact with their access and their account."""

    contact: Contact
    access: PortalAccess
    account: Account


_KNOWN = (
    select(Contact, PortalAccess, Account)
    .join(PortalAccess, PortalAccess.contact_id == Contact.id)
    .join(Account, Account.id == Contact.account_id)
    .where(
        Contact.account_id == bindparam("account", type_=big_id),
        Contact.email_norm == bindparam("norm", type_=String()),
    )
    .execution_options(populate_existing=True)
)


def _with_keys(fields: dict[str, Any]) -> dict[str, Any]:
    sort_key = folded(fields["name"] or fields["email"])[:200]
    words = (
        fields["name"],
        fields["email"],
        fields.get("phone", ""),
        fields.get("external_id", ""),
    )
    return {**fields, "sort_key": sort_key, "search_key": folded(*words)[:700]}


def _matching(cls: type[Contact], q: str) -> list[ColumnElement[bool]]:
    return [cls.search_key.contains(word, autoescape=True) for word in folded(q).split()[:8]]


def _having(status: str) -> list[ColumnElement[bool]]:
    if not status:
        return []
    if status == "undelivered":
        return [PortalAccess.undelivered.is_(True)]
    if status == "none":
        return [or_(PortalAccess.contact_id.is_(None))]
    return [and_(PortalAccess.status == status)]
