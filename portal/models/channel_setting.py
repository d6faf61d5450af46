"""ChannelSetting: what an account set for a channel, and how the channel is doing for it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    bindparam,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from portal.channel import Settings
from portal.config import settings as installation
from portal.db import Base, Id, big_id, db, now
from portal.envelope import seal, unseal
from portal.models.account import Account

FAILURES_IN_A_ROW = 5
"""So many, and the channel pauses: its provider is ailing, not the messages."""
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(minutes=15)
LONGEST_WAIT = timedelta(hours=1)
"""The longest pause that a provider may ask for."""
SIGN_IN_PAUSE = timedelta(minutes=5)
SENT_NOTED_EVERY = timedelta(minutes=1)


class ChannelSetting(Base):
    """One row for each channel that an account has set up, or that has failed for it.

    `paused_until` in the future: nothing is sent. In the past, with `paused_why` still there: one
    message may go as a probe, and its end decides.
    """

    __tablename__ = "channel_setting"
    __table_args__ = (
        UniqueConstraint("account_id", "channel"),
        Index(
            "ix_channel_setting_paused",
            "account_id",
            sqlite_where=text("paused_why <> ''"),
            postgresql_where=text("paused_why <> ''"),
        ),
    )

    id: Mapped[Id] = mapped_column(init=False)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    channel: Mapped[str] = mapped_column(String(30))
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)
    facts: Mapped[dict[str, str]] = mapped_column(JSON, default_factory=dict)
    """What the last successful check found out."""
    rate: Mapped[int | None] = mapped_column(default=None)
    """Most messages a minute; None for what the channel itself says."""
    receipt_wait: Mapped[int] = mapped_column(default=0)
    """Seconds without a receipt after which the next channel takes over; 0 for never."""
    receipt_key: Mapped[str] = mapped_column(String(43), unique=True)
    """The secret end of the address where the provider posts receipts."""
    failures: Mapped[int] = mapped_column(default=0)
    pauses: Mapped[int] = mapped_column(default=0)
    paused_until: Mapped[datetime | None] = mapped_column(default=None)
    paused_why: Mapped[str] = mapped_column(String(8), default="")
    """`sign_in` or `failures` while it is paused."""
    last_error: Mapped[str] = mapped_column(Text, default="")
    last_error_at: Mapped[datetime | None] = mapped_column(default=None)
    last_sent_at: Mapped[datetime | None] = mapped_column(default=None)
    updated_at: Mapped[datetime] = mapped_column(default_factory=now)

    @property
    def is_paused(self) -> bool:
        return bool(self.paused_why)

    @classmethod
    def find(cls, account_id: int, channel: str) -> ChannelSetting | None:
        return db.session.scalars(_FIND, {"account": account_id, "of_channel": channel}).first()

    @classmethod
    def find_or_add(cls, account_id: int, channel: str) -> ChannelSetting:
        dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        fresh = {
            "account_id": account_id,
            "channel": channel,
            "facts": {},
            "receipt_wait": 0,
            "receipt_key": secrets.token_urlsafe(32),
            "failures": 0,
            "pauses": 0,
            "paused_why": "",
            "last_error": "",
            "updated_at": now(),
        }
        added = dialect.insert(cls).values(fresh)
        db.session.execute(added.on_conflict_do_nothing(index_elements=["account_id", "channel"]))
        return db.session.scalars(_FIND, {"account": account_id, "of_channel": channel}).one()

    @classmethod
    def by_receipt_key(cls, channel: str, key: str) -> ChannelSetting | None:
        return db.session.scalar(select(cls).where(cls.receipt_key == key, cls.channel == channel))

    @classmethod
    def of_account(cls, account_id: int) -> dict[str, ChannelSetting]:
        """Return the account's rows by channel."""
        rows = db.session.scalars(select(cls).where(cls.account_id == account_id))
        return {row.channel: row for row in rows}

    @classmethod
    def paused(cls, account_id: int) -> list[ChannelSetting]:
        """Return the channels that send nothing for the account at the moment."""
        query = select(cls).where(cls.account_id == account_id, cls.paused_why != "")
        return list(db.session.scalars(query))

    def values(self) -> dict[str, Any]:
        """Return what was typed, secrets included. Raises SettingsError when no key opens it."""
        if self.sealed is None:
            return {}
        found: dict[str, Any] = json.loads(unseal(self._purpose, self.sealed))
        return found

    def keep(self, values: Mapping[str, Any]) -> None:
        """Seal *values* for this account and channel alone."""
        self.sealed = seal(self._purpose, json.dumps(dict(values)).encode())
        self.updated_at = now()

    @property
    def _purpose(self) -> str:
        return self.purpose(self.account_id, self.channel)

    @staticmethod
    def purpose(account_id: int, channel: str) -> str:
        """Return what the settings are sealed for: in another row they cannot be opened."""
        return f"channel {account_id} {channel}"

    def fail(
        self, why: str, words: str, *, retry_after: float = 0, was_probe: bool = False
    ) -> bool:
        """Count one failure that is the provider's; tell whether it pauses a channel that was well.

        *why* is `sign_in`, which pauses at once, or `failures`, of which five in a row do. During a
        pause only a probe makes it longer: what was under way with it ends as it began.
        """
        at = now()
        row = db.session.execute(
            update(ChannelSetting)
            .where(ChannelSetting.id == self.id)
            .values(
                failures=ChannelSetting.failures + 1,
                last_error=words,
                last_error_at=at,
            )
            .returning(ChannelSetting.failures, ChannelSetting.pauses, ChannelSetting.paused_why)
            .execution_options(synchronize_session=False)
        ).one()
        failures, pauses, was_paused = row
        if was_paused and not was_probe:
            return False
        if why != "sign_in" and failures < FAILURES_IN_A_ROW and not was_paused:
            return False
        pause = max(_pause(why, pauses), min(timedelta(seconds=retry_after), LONGEST_WAIT))
        db.session.execute(
            update(ChannelSetting)
            .where(ChannelSetting.id == self.id)
            .values(pauses=pauses + 1, paused_until=at + pause, paused_why=why)
            .execution_options(synchronize_session=False)
        )
        return not was_paused

    def may_probe(self) -> bool:
        """Take the one message that goes out after a pause; nobody else may for a lease."""
        at = now()
        taken = db.session.execute(
            update(ChannelSetting)
            .where(
                ChannelSetting.id == self.id,
                ChannelSetting.paused_why != "",
                ChannelSetting.paused_until <= at,
            )
            .values(paused_until=at + timedelta(seconds=installation().lease))
            .returning(ChannelSetting.id)
            .execution_options(synchronize_session=False)
        ).first()
        return taken is not None

    @classmethod
    def catch_up(cls) -> None:
        """Let pauses that are longer than pauses are end: the clock was put back."""
        at = now()
        db.session.execute(
            update(cls)
            .where(cls.paused_why != "", cls.paused_until > at + 2 * LONGEST_WAIT)
            .values(paused_until=at)
            .execution_options(synchronize_session=False)
        )

    def let_probe(self) -> None:
        """Let the next message be the probe, now."""
        db.session.execute(
            update(ChannelSetting)
            .where(ChannelSetting.id == self.id, ChannelSetting.paused_why != "")
            .values(paused_until=now())
            .execution_options(synchronize_session=False)
        )

    def note_sent(self) -> None:
        """Note that something went out, at most once a minute: the page says when, not how many."""
        at = now()
        if self.last_sent_at is None or at - self.last_sent_at > SENT_NOTED_EVERY:
            db.session.execute(
                update(ChannelSetting)
                .where(ChannelSetting.id == self.id)
                .values(last_sent_at=at)
                .execution_options(synchronize_session=False)
            )

    def recover(self) -> bool:
        """Forget the failures: something went through. Tell whether that ended a pause; of two who
        say so at once, one is told."""
        well: dict[str, Any] = {"failures": 0, "pauses": 0, "paused_until": None, "paused_why": ""}
        resumed = db.session.execute(
            update(ChannelSetting)
            .where(ChannelSetting.id == self.id, ChannelSetting.paused_why != "")
            .values(well)
            .returning(ChannelSetting.id)
            .execution_options(synchronize_session=False)
        ).first()
        if resumed is None:
            db.session.execute(
                update(ChannelSetting)
                .where(ChannelSetting.id == self.id)
                .values(failures=0)
                .execution_options(synchronize_session=False)
            )
        return resumed is not None

    @classmethod
    def settings_of(cls, account: Account, channel: str) -> Settings:
        """Return what the channel's verbs get when they work for *account*."""
        row = cls.find(account.id, channel)
        return row.as_settings(account) if row else Settings(account=account.info())

    def as_settings(
        self, account: Account, allows: Callable[[str, int, int], bool] | None = None
    ) -> Settings:
        """Return the row as the channel's verbs get it; *allows* counts what it does."""
        info = account.info()
        return Settings(self.values(), account=info, facts=self.facts, allows=allows)


def _pause(why: str, pauses: int) -> timedelta:
    first = SIGN_IN_PAUSE if why == "sign_in" else SHORTEST_PAUSE
    doubled: int = 2 ** min(pauses, 8)
    return min(first * doubled, LONGEST_PAUSE)


_FIND = (
    select(ChannelSetting)
    .where(
        ChannelSetting.account_id == bindparam("account", type_=big_id),
        ChannelSetting.channel == bindparam("of_channel", type_=String()),
    )
    .execution_options(populate_existing=True)
)
