"""Contact: a person in an account's address book, one normalised e-mail each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    FetchedValue,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    bindparam,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, Id, big_id, db, now
from portal.errors import TakenError
from portal.languages import _
from portal.models.account import Account
from portal.models.address import cleaned_email, folded, normalise_email
from portal.models.portal_access import PortalAccess
from portal.models.search_words import Search, search_key

BY_CODE_POINT = String(200).with_variant(String(200, collation="C"), "postgresql")
"""The same order on both databases, whatever the server's language."""


def _partial(name: str, where: str) -> Index:
    columns = ("account_id", "sort_key", "id")
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


class Contact(Base):
    """A person whom an account knows. `email` is as typed; `email_norm` decides who is who.

    `standing`, `seen_key`, `undelivered` and `opened` repeat the access, for the list; triggers
    write them (see migrations), and nobody else does.
    """

    __tablename__ = "contact"
    __table_args__ = (
        UniqueConstraint("account_id", "email_norm"),
        Index("ix_contact_account_id_sort_key", "account_id", "sort_key", "id", "search_key"),
        Index("ix_contact_account_id_standing", "account_id", "standing", "sort_key", "id"),
        Index("ix_contact_account_id_seen_key", "account_id", "seen_key", "id", "standing"),
        Index("ix_contact_account_id_created_at", "account_id", "created_at", "id"),
        _partial("ix_contact_undelivered", "undelivered"),
        _partial("ix_contact_opened", "opened"),
        _partial("ix_contact_phone", "phone <> ''"),
        Index(
            "ix_contact_account_id_phone",
            "account_id",
            "phone",
            sqlite_where=text("phone <> ''"),
            postgresql_where=text("phone <> ''"),
        ),
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
    sort_key: Mapped[str] = mapped_column(BY_CODE_POINT, default="")
    search_key: Mapped[str] = mapped_column(String(700), default="")
    created_at: Mapped[datetime] = mapped_column(default_factory=now)
    standing: Mapped[str] = mapped_column(String(12), server_default=FetchedValue(), init=False)
    """The status of the access; empty for someone who was never let in."""
    seen_key: Mapped[datetime] = mapped_column(server_default=FetchedValue(), init=False)
    """When they last signed in; 1970 for someone who never did, so that there is an order."""
    undelivered: Mapped[bool] = mapped_column(server_default=FetchedValue(), init=False)
    opened: Mapped[bool] = mapped_column(server_default=FetchedValue(), init=False)
    """Invited, and somebody has opened the link, but nobody has joined yet."""

    @property
    def called(self) -> str:
        """The name, or the address of someone whose name nobody typed."""
        return self.name or self.email

    def reached_by(self) -> Iterator[str]:
        """Yield everything that messages to this contact can be addressed to."""
        yield from filter(None, {self.email, self.email_norm, self.phone, *self.addresses.values()})

    def unnamed(self, words: str) -> str:
        """Return *words* of a provider without an address of this contact, for what is kept when
        the contact is deleted."""
        for address in self.reached_by():
            words = re.sub(re.escape(address), "(address)", words, flags=re.IGNORECASE)
        return words

    def matches(self, q: str) -> bool:
        """Tell whether a search for *q* would find this contact; nothing typed finds everyone."""
        return Search.of(q).is_in(self.search_key)

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
        fields = with_keys({"name": name, "email": cleaned_email(email), "email_norm": norm})
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
            raise TakenError(_("%(who)s already has this address.", who=other.called))
        moved = norm != self.email_norm
        self.name, self.email, self.email_norm = name, cleaned_email(email), norm
        self.phone, self.locale, self.external_id = phone, locale, external_id
        known = {**self.addresses, **addresses}
        self.addresses = {kind: address for kind, address in known.items() if address}
        self.refresh_keys()
        db.session.flush()
        return moved

    def refresh_keys(self) -> None:
        fields = with_keys(
            {
                "name": self.name,
                "email": self.email,
                "phone": self.phone,
                "external_id": self.external_id,
            }
        )
        self.sort_key, self.search_key = fields["sort_key"], fields["search_key"]


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


def with_keys(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a contact with those by which it is sorted and found."""
    name, email = fields["name"], fields["email"]
    found_by = search_key(name, email, fields.get("phone", ""), fields.get("external_id", ""))
    return {**fields, "sort_key": folded(name or email)[:200], "search_key": found_by}
