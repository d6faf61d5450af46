"""What is sealed on disk (settings of channels, secrets of one-time codes), and sealing it anew
when the key changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Select, select, update
from sqlalchemy.orm import InstrumentedAttribute

from portal.db import atomic, db, won
from portal.envelope import is_newest, seal, unseal
from portal.errors import SettingsError
from portal.models.channel_setting import ChannelSetting
from portal.models.staff_totp import StaffTotp

BATCH = 500


class State(NamedTuple):
    """How much the newest key opens, how much an older one, and how much none."""

    newest: int = 0
    old: int = 0
    unreadable: int = 0


class _Sealed(NamedTuple):
    key: Any
    place: Any
    """The columns of the row's key and of what is sealed."""
    id: int
    sealed: bytes
    purpose: str


def state() -> State:
    """Look at all of it, without showing any."""
    found = State()
    for row in _rows():
        if is_newest(row.purpose, row.sealed):
            found = found._replace(newest=found.newest + 1)
        elif _opened(row) is not None:
            found = found._replace(old=found.old + 1)
        else:
            found = found._replace(unreadable=found.unreadable + 1)
    return found


def reseal() -> int:
    """Seal with the newest key what an older one opens; return how many that were.

    What staff save meanwhile stays theirs. What no key opens is left as it is.
    """
    count = 0
    for row in _rows():
        content = None if is_newest(row.purpose, row.sealed) else _opened(row)
        if content is not None:
            count += _replace(row, seal(row.purpose, content))
    return count


@atomic
def _replace(row: _Sealed, sealed: bytes) -> bool:
    return won(
        db.session.execute(
            update(row.key.class_)
            .where(row.key == row.id, row.place == row.sealed)
            .values({row.place.key: sealed})
            .execution_options(synchronize_session=False)
        )
    )


def _opened(row: _Sealed) -> bytes | None:
    try:
        return unseal(row.purpose, row.sealed)
    except SettingsError:
        return None


def _rows() -> Iterator[_Sealed]:
    """Yield what is sealed, table by table."""
    place, whose = ChannelSetting.sealed, (ChannelSetting.account_id, ChannelSetting.channel)
    of_channels = select(ChannelSetting.id, place, *whose).where(place.is_not(None))
    for row in _in_batches(of_channels, ChannelSetting.id):
        purpose = ChannelSetting.purpose(row[2], row[3])
        yield _Sealed(ChannelSetting.id, place, row[0], row[1], purpose)
    for place in (StaffTotp.sealed, StaffTotp.pending):
        key = StaffTotp.staff_id
        for row in _in_batches(select(key, place).where(place.is_not(None)), key):
            yield _Sealed(key, place, row[0], row[1], StaffTotp.purpose(row[0]))


def _in_batches(query: Select[*tuple[Any, ...]], key: InstrumentedAttribute[int]) -> Iterator[Any]:
    """Yield the rows of *query*, by key, a batch at a time."""
    last = 0
    while True:
        found = db.session.execute(query.where(key > last).order_by(key).limit(BATCH)).all()
        db.session.rollback()
        yield from found
        if len(found) < BATCH:
            return
        last = found[-1][0]
