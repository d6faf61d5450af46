"""EventSeal: some events of one account, chained to all that were sealed before them."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import ForeignKey, LargeBinary, UniqueConstraint, delete, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, Id, execute, now
from portal.models.event_proof import microseconds

GENESIS = bytes(32)
LEAF_BYTES = 16
MOST = 500
"""Events of one seal."""
_ENTRY = struct.Struct(f">q{LEAF_BYTES}s")
_HEADER = struct.Struct(">qqq")

Entry = tuple[int, bytes]
"""An event's id and the digest of what it says."""


class Seal(NamedTuple):
    """One seal as it is stored."""

    id: int
    account_id: int
    number: int
    entries: bytes
    digest: bytes
    sealed_at: datetime

    def events(self) -> Iterator[Entry]:
        """Yield its entries; none of a length that is no entry's, which its digest tells anyway."""
        whole = len(self.entries) // _ENTRY.size * _ENTRY.size
        return _ENTRY.iter_unpack(self.entries[:whole])

    def follows(self, digest: bytes) -> bool:
        """Tell whether this is what was sealed right after the seal with *digest*."""
        header = _HEADER.pack(self.account_id, self.number, microseconds(self.sealed_at))
        return self.digest == sha256(digest + header + self.entries).digest()

    @property
    def name(self) -> str:
        """What to note down outside of the database: nobody can make another seal of this name."""
        return f"{self.number}-{self.digest.hex()[:16]}"


class EventSeal(Base):
    """The seals of an account are numbered from 1. Rows are added and never changed."""

    __tablename__ = "event_seal"
    __table_args__ = (UniqueConstraint("account_id", "number"),)

    id: Mapped[Id] = mapped_column(init=False)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    number: Mapped[int]
    entries: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    sealed_at: Mapped[datetime] = mapped_column(default_factory=now)

    @staticmethod
    def add(
        account_id: int, number: int, entries: Sequence[Entry], before: bytes, at: datetime
    ) -> bytes:
        """Add the seal that follows the digest *before*; return its own."""
        packed = b"".join(_ENTRY.pack(event_id, leaf) for event_id, leaf in entries)
        header = _HEADER.pack(account_id, number, microseconds(at))
        digest = sha256(before + header + packed).digest()
        values = {"account_id": account_id, "number": number, "entries": packed}
        execute(_ADD, {**values, "digest": digest, "sealed_at": at})
        return digest

    @classmethod
    def after(
        cls, connection: Connection, seal_id: int, account_id: int | None, most: int
    ) -> list[Seal]:
        """Return the next seals in the order in which they were made."""
        query = select(*_COLUMNS).where(cls.id > seal_id).order_by(cls.id).limit(most)
        if account_id is not None:
            query = query.where(cls.account_id == account_id)
        return [Seal._make(row) for row in connection.execute(query)]

    @classmethod
    def latest(cls, connection: Connection, most: int) -> list[Seal]:
        """Return the newest seals of all accounts, the oldest of them first."""
        query = select(*_COLUMNS).order_by(cls.id.desc()).limit(most)
        return [Seal._make(row) for row in connection.execute(query)][::-1]

    @classmethod
    def at(cls, connection: Connection, account_id: int, number: int) -> Seal | None:
        query = select(*_COLUMNS).where(cls.account_id == account_id, cls.number == number)
        row = connection.execute(query).first()
        return Seal._make(row) if row else None

    @classmethod
    def forget(cls) -> None:
        execute(delete(cls))


_ADD = insert(EventSeal).inline()
_COLUMNS = (
    EventSeal.id,
    EventSeal.account_id,
    EventSeal.number,
    EventSeal.entries,
    EventSeal.digest,
    EventSeal.sealed_at,
)
