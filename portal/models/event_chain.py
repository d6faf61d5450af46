"""EventChain: the signed end of an account's chain of seals, so that none can be cut off."""

from __future__ import annotations

import struct
from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ForeignKey, LargeBinary, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, db, execute, now
from portal.models.event_proof import is_signed, sign
from portal.models.event_seal import GENESIS


class Head(NamedTuple):
    """Where a chain ends: its last seal's number and digest, and how many events it holds."""

    account_id: int
    number: int = 0
    events: int = 0
    digest: bytes = GENESIS
    mac: bytes | None = None

    @property
    def is_ours(self) -> bool:
        """Signed by the portal; an account that has no seal yet needs no signature."""
        return is_signed(self._words, self.mac) if self.mac or self.number else True

    def signed(self) -> Head:
        return self._replace(mac=sign(self._words))

    @property
    def _words(self) -> bytes:
        place = struct.pack(">qqq", self.account_id, self.number, self.events)
        return b"history ends" + place + self.digest


class EventChain(Base):
    """One row for each account whose history was sealed."""

    __tablename__ = "event_chain"

    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    number: Mapped[int]
    events: Mapped[int]
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    mac: Mapped[bytes] = mapped_column(LargeBinary(32))
    sealed_at: Mapped[datetime] = mapped_column(default_factory=now)

    @classmethod
    def heads(
        cls, connection: Connection, accounts: Collection[int] | None = None
    ) -> dict[int, Head]:
        query = select(cls.account_id, cls.number, cls.events, cls.digest, cls.mac)
        if accounts is not None:
            query = query.where(cls.account_id.in_(accounts))
        return {row[0]: Head._make(row) for row in connection.execute(query)}

    @classmethod
    def end_at(cls, head: Head, at: datetime) -> None:
        """Write down that the chain ends at *head* now."""
        dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        values = {**head.signed()._asdict(), "sealed_at": at}
        added = dialect.insert(cls).values(values)
        del values["account_id"]
        db.session.execute(added.on_conflict_do_update(index_elements=["account_id"], set_=values))

    @classmethod
    def sign_anew(cls, head: Head) -> None:
        """Sign *head* with the newest key, unless the chain has gone on meanwhile."""
        db.session.execute(
            update(cls)
            .where(cls.account_id == head.account_id, cls.number == head.number)
            .values(mac=head.signed().mac)
            .execution_options(synchronize_session=False)
        )

    @classmethod
    def forget(cls) -> None:
        execute(delete(cls))
