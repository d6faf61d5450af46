"""MessageWords: what an account's messages say in its own words, each version a row."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from flask import current_app
from sqlalchemy import ForeignKey, Index, String, Text, func, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, Id, db, now
from portal.models.account import Account
from portal.models.staff import Staff
from portal.wording import SHORT, OwnWords

SHOWN = 20
"""Versions that a page lists."""


class Version(NamedTuple):
    """A version of some words. *words* is None for Portico's own."""

    id: int
    at: datetime
    by: str
    words: OwnWords | None


class _Kept(NamedTuple):
    kind: str
    form: str
    language: str
    at: datetime
    words: OwnWords | None


class MessageWords(Base):
    """One version of one message in one language. Rows are added and never changed: what was
    queued before a change still says what it was queued with."""

    __tablename__ = "message_words"
    __table_args__ = (
        Index("ix_message_words_account_id", "account_id", "kind", "form", "language", "id"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(8))
    form: Mapped[str] = mapped_column(String(5))
    """`email`, or `short` for text messages."""
    language: Mapped[str] = mapped_column(String(8))
    is_own: Mapped[bool]
    """Not in a version that restored Portico's own words."""
    subject: Mapped[str] = mapped_column(String(150), default="")
    body: Mapped[str] = mapped_column(Text, default="")
    button: Mapped[str] = mapped_column(String(40), default="")
    written_by: Mapped[int | None] = mapped_column(
        ForeignKey("staff.id", ondelete="SET NULL"), default=None
    )
    written_at: Mapped[datetime] = mapped_column(default_factory=now)

    @classmethod
    def write(
        cls, account: Account, kind: str, form: str, language: str, words: OwnWords | None, by: int
    ) -> None:
        """Let messages made from now on say *words*, or Portico's own. *account* is locked."""
        said = words or OwnWords("")
        row = cls(
            account_id=account.id,
            kind=kind,
            form=form,
            language=language,
            is_own=words is not None,
            subject=said.subject,
            body=said.body,
            button=said.button,
            written_by=by,
        )
        db.session.add(row)
        db.session.flush()
        account.choices = {**account.choices, "words": row.id}

    @classmethod
    def versions(cls, account_id: int, kind: str, form: str, language: str) -> list[Version]:
        """Return the latest versions, latest first."""
        rows = db.session.execute(
            select(cls, func.coalesce(func.nullif(Staff.name, ""), Staff.email, ""))
            .outerjoin(Staff, Staff.id == cls.written_by)
            .where(
                cls.account_id == account_id,
                cls.kind == kind,
                cls.form == form,
                cls.language == language,
            )
            .order_by(cls.id.desc())
            .limit(SHOWN)
        )
        return [Version(row.id, row.written_at, by, _words(row)) for row, by in rows]

    @classmethod
    def version(cls, account_id: int, version_id: int) -> MessageWords | None:
        return db.session.scalar(
            select(cls).where(cls.id == version_id, cls.account_id == account_id)
        )


def own_words(account: Account, kind: str, language: str, at: datetime) -> dict[str, OwnWords]:
    """Return the account's own words for a message whose link was made *at*, by form.

    A message keeps the words that were in force when its link was made, however often it is
    tried and whichever channel takes it over.
    """
    newest = account.choices.get("words")
    if not newest:
        return {}
    found: dict[str, OwnWords | None] = {}
    for kept in _all(account.id, newest):
        if (kept.kind, kept.language) == (kind, language) and kept.at <= at:
            found[kept.form] = kept.words
    return {form: words for form, words in found.items() if words is not None}


def latest(account_id: int, newest: int) -> dict[tuple[str, str, str], datetime]:
    """Return when the words in force were written, by kind, form and language, where they are
    the account's own."""
    found: dict[tuple[str, str, str], datetime] = {}
    for kept in _all(account_id, newest):
        place = (kept.kind, kept.form, kept.language)
        found.pop(place, None)
        if kept.words is not None:
            found[place] = kept.at
    return found


def _all(account_id: int, newest: int) -> tuple[_Kept, ...]:
    """Return all versions up to *newest*, oldest first. They never change, so that each process
    reads them once."""
    known: dict[int, tuple[int, tuple[_Kept, ...]]]
    known = current_app.extensions.setdefault("portal_words", {})
    if known.get(account_id, (-1,))[0] != newest:
        known[account_id] = (newest, _read(account_id, newest))
    return known[account_id][1]


def _read(account_id: int, newest: int) -> tuple[_Kept, ...]:
    rows = db.session.scalars(
        select(MessageWords)
        .where(MessageWords.account_id == account_id, MessageWords.id <= newest)
        .order_by(MessageWords.id)
    )
    return tuple(
        _Kept(row.kind, row.form, row.language, row.written_at, _words(row)) for row in rows
    )


def _words(row: MessageWords) -> OwnWords | None:
    if not row.is_own:
        return None
    if row.form == SHORT:
        return OwnWords(row.body)
    return OwnWords(row.body, row.subject, row.button)
