"""ChannelTrial: a check of a channel, or a test message to the person who asked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, select, update
from sqlalchemy.orm import Mapped, mapped_column

from portal import queue
from portal.db import Base, Id, after_commit, db, now
from portal.languages import mark

LONGEST = timedelta(seconds=90)
"""A trial that runs longer has lost its worker."""
LONGEST_WAIT = LONGEST * 10
"""What nobody has taken up by then, nobody waits for any more."""


class ChannelTrial(Base):
    """Asked for by staff, done by a worker: a provider may think for long, a page may not."""

    __tablename__ = "channel_trial"
    __table_args__ = (Index("ix_channel_trial_account_id_channel", "account_id", "channel", "id"),)

    id: Mapped[Id] = mapped_column(init=False)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    channel: Mapped[str] = mapped_column(String(30))
    what: Mapped[str] = mapped_column(String(5))
    """`check`, or `test` for a message to the address in `to`."""
    asked_by: Mapped[int | None] = mapped_column(
        ForeignKey("staff.id", ondelete="SET NULL"), default=None
    )
    to: Mapped[str] = mapped_column(String(300), default="")
    draft: Mapped[dict[str, str]] = mapped_column(JSON, default_factory=dict, server_default="{}")
    """The words that a test carries, with their `kind`, `form` and `language`; else our own."""
    status: Mapped[str] = mapped_column(String(7), default="queued")
    """`queued`, `running`, `passed` or `failed`."""
    words: Mapped[str] = mapped_column(Text, default="")
    reply: Mapped[str] = mapped_column(Text, default="")
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default_factory=list)
    asked_at: Mapped[datetime] = mapped_column(default_factory=now)
    started_at: Mapped[datetime | None] = mapped_column(default=None)
    ended_at: Mapped[datetime | None] = mapped_column(default=None)

    @property
    def is_over(self) -> bool:
        return self.status in ("passed", "failed")

    @classmethod
    def ask(
        cls,
        account_id: int,
        channel: str,
        what: str,
        *,
        by: int,
        to: str = "",
        draft: dict[str, str] | None = None,
    ) -> ChannelTrial:
        """Ask for a trial; once committed, wake a worker."""
        trial = cls(account_id=account_id, channel=channel, what=what, asked_by=by, to=to)
        trial.draft = draft or {}
        db.session.add(trial)
        db.session.flush()
        after_commit(lambda: queue.wake("try", trial.id))
        return trial

    @classmethod
    def latest(cls, account_id: int, channel: str) -> list[ChannelTrial]:
        """Return the last few trials of the channel, latest first."""
        query = select(cls).where(cls.account_id == account_id, cls.channel == channel)
        return list(db.session.scalars(query.order_by(cls.id.desc()).limit(5)))

    @classmethod
    def take(cls, trial_id: int) -> ChannelTrial | None:
        """Take the trial if nobody has."""
        taken = db.session.execute(
            update(cls)
            .where(cls.id == trial_id, cls.status == "queued")
            .values(status="running", started_at=now())
            .returning(cls.id)
            .execution_options(synchronize_session=False)
        ).first()
        if taken is None:
            return None
        return db.session.get(cls, trial_id, populate_existing=True)

    @classmethod
    def waiting(cls, *, by: timedelta) -> list[int]:
        """Return trials that nobody was woken for."""
        query = select(cls.id).where(
            cls.status == "queued", cls.asked_at <= now() - by, cls.asked_at > now() - LONGEST_WAIT
        )
        return list(db.session.scalars(query.limit(20)))

    @classmethod
    def give_up_lost(cls) -> None:
        """End the trials whose worker is gone, and those that no worker has taken up."""
        at = now()
        ended = mark("The worker ended while it tried. The channel's plugin may be at fault.")
        nobody = mark("No worker took it up in time. Try again once workers are running.")
        for where, words in (
            ((cls.status == "running", cls.started_at <= at - LONGEST), ended),
            ((cls.status == "queued", cls.asked_at <= at - LONGEST_WAIT), nobody),
        ):
            db.session.execute(
                update(cls)
                .where(*where)
                .values(status="failed", words=words, ended_at=at)
                .execution_options(synchronize_session=False)
            )
