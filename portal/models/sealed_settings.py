"""What accounts' channel settings are sealed with, and sealing them anew when the key changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import select, update

from portal.db import atomic, db, won
from portal.envelope import is_newest, seal, unseal
from portal.errors import SettingsError
from portal.models.channel_setting import ChannelSetting

BATCH = 500


class State(NamedTuple):
    """How many settings the newest key opens, how many an older one, and how many none."""

    newest: int = 0
    old: int = 0
    unreadable: int = 0


class _Sealed(NamedTuple):
    id: int
    account_id: int
    channel: str
    sealed: bytes

    @property
    def purpose(self) -> str:
        return ChannelSetting.purpose(self.account_id, self.channel)


def state() -> State:
    """Look at all of them, without showing any."""
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

    Settings that staff save meanwhile stay theirs. What no key opens is left as it is.
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
            update(ChannelSetting)
            .where(ChannelSetting.id == row.id, ChannelSetting.sealed == row.sealed)
            .values(sealed=sealed)
            .execution_options(synchronize_session=False)
        )
    )


def _opened(row: _Sealed) -> bytes | None:
    try:
        return unseal(row.purpose, row.sealed)
    except SettingsError:
        return None


def _rows() -> Iterator[_Sealed]:
    """Yield the rows that hold something, by key, a batch at a time."""
    columns = (
        ChannelSetting.id,
        ChannelSetting.account_id,
        ChannelSetting.channel,
        ChannelSetting.sealed,
    )
    last = 0
    while True:
        query = select(*columns).where(ChannelSetting.id > last, ChannelSetting.sealed.is_not(None))
        found = db.session.execute(query.order_by(ChannelSetting.id).limit(BATCH)).all()
        db.session.rollback()
        yield from (_Sealed._make(row) for row in found)
        if len(found) < BATCH:
            return
        last = found[-1].id
