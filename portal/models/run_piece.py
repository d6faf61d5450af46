"""RunPiece: the file of a run, piece by piece, where every worker finds it."""

from __future__ import annotations

import io
from typing import Any, BinaryIO

from sqlalchemy import ForeignKey, LargeBinary, delete, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, db, first

SIZE = 512 * 1024


class RunPiece(Base):
    """Half a mebibyte of a file."""

    __tablename__ = "run_piece"

    run_id: Mapped[int] = mapped_column(
        ForeignKey("run.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    body: Mapped[bytes] = mapped_column(LargeBinary, repr=False)

    @classmethod
    def add(cls, run_id: int, number: int, body: bytes) -> None:
        db.session.execute(insert(cls).values(run_id=run_id, number=number, body=body))

    @classmethod
    def body_of(cls, run_id: int, number: int) -> bytes:
        """Return a piece, or nothing beyond the last one."""
        query = select(cls.body).where(cls.run_id == run_id, cls.number == number)
        found = first(query)
        return found[0] if found else b""

    @classmethod
    def forget(cls, run_id: int) -> None:
        db.session.execute(
            delete(cls).where(cls.run_id == run_id).execution_options(synchronize_session=False)
        )


def opened(run_id: int) -> BinaryIO:
    """Return the file of a run, to be read from its beginning."""
    return io.BufferedReader(_Pieces(run_id))


class _Pieces(io.RawIOBase):
    """Reads one piece after the other."""

    def __init__(self, run_id: int) -> None:
        self._run_id, self._number, self._rest = run_id, 0, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = memoryview(RunPiece.body_of(self._run_id, self._number))
            self._number += 1
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
