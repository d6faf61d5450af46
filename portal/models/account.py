"""Account: a business with a portal."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import JSON, String, select
from sqlalchemy.orm import Mapped, mapped_column

from portal import tokens
from portal.channel import AccountInfo
from portal.config import settings
from portal.db import Base, Id, db, now
from portal.models import account_rules

DEFAULT_ACCENT = "#1f6f5c"


class Front(NamedTuple):
    """Where clients come in: what links begin with, its host, and the portal's door."""

    url: str
    host: str
    door: str


class Account(Base):
    """A business with a portal at `/p/<slug>`."""

    __tablename__ = "account"

    id: Mapped[Id] = mapped_column(init=False)
    name: Mapped[str] = mapped_column(String(120))
    slug: Mapped[str] = mapped_column(String(40), unique=True)
    locale: Mapped[str] = mapped_column(String(12), default="en")
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    accent: Mapped[str] = mapped_column(String(7), default=DEFAULT_ACCENT)
    choices: Mapped[dict[str, Any]] = mapped_column(JSON, default_factory=dict)
    brand: Mapped[dict[str, Any]] = mapped_column(JSON, default_factory=dict, server_default="{}")
    """`support` and `footer` as clients read them; `logo` and `icon` with their `digest`, `width`
    and `height`."""
    domain: Mapped[str] = mapped_column(String(253), default="", server_default="")
    """The account's own domain while its links begin with it, else nothing."""
    domain_since: Mapped[datetime | None] = mapped_column(default=None)
    """Since when it is; without a domain, since when one is lost."""
    created_at: Mapped[datetime] = mapped_column(default_factory=now)

    @classmethod
    def by_slug(cls, slug: str) -> Account | None:
        return db.session.scalar(select(cls).where(cls.slug == slug))

    @classmethod
    def only_slug(cls) -> str | None:
        """Return the slug of the one account of this installation, or None when there are more."""
        slugs = list(db.session.scalars(select(cls.slug).order_by(cls.id).limit(2)))
        return slugs[0] if len(slugs) == 1 else None

    @classmethod
    def slugs(cls) -> dict[int, str]:
        """Return the slug of each account by its id."""
        return {row[0]: row[1] for row in db.session.execute(select(cls.id, cls.slug))}

    def front(self, made_at: datetime | None = None) -> Front:
        """Return where clients come in.

        A message names the time its link was *made_at*: its next attempt then says the same,
        although the account's own domain came into use meanwhile.
        """
        found = settings()
        since = self.domain_since if self.domain else None
        if since is None or (made_at is not None and made_at < since):
            return Front(found.url, found.netloc, f"{found.url}/p/{self.slug}")
        url = found.url_at(self.domain)
        return Front(url, url.partition("://")[2], url)

    def life_of(self, kind: str) -> timedelta:
        """Return how long a link of *kind* lives once its message has gone out."""
        return account_rules.span(self.choices, f"life_{kind}")

    def undo_window(self, *, many: bool = False) -> timedelta:
        """Return how long staff can take back one message, or *many* sent together."""
        return account_rules.span(self.choices, "undo_bulk" if many else "undo_one")

    def lets(self, switch: str) -> bool:
        """Tell whether *switch*, one of `account_rules.SWITCHES`, is on."""
        return account_rules.is_on(self.choices, switch)

    @property
    def second_factor_from(self) -> datetime | None:
        """From when on staff need a second factor here; None while they do not."""
        chosen = self.choices.get("second_factor_from")
        return datetime.fromisoformat(chosen) if chosen else None

    def wait_until(self, send_at: datetime | None, *, many: bool = False) -> timedelta:
        """Return how long a message waits: until *send_at*, or for the undo window."""
        if send_at is None:
            return self.undo_window(many=many)
        return max(send_at - now(), timedelta())

    def chosen_channels(self, kind: str) -> list[str] | None:
        """Return the channels for messages of *kind* in the order that staff chose, if they did."""
        chosen: dict[str, list[str]] = self.choices.get("channels") or {}
        return chosen.get(kind)

    def info(self) -> AccountInfo:
        """Return what a channel may know."""
        made = self.created_at.isoformat()
        return AccountInfo(
            slug=self.slug,
            name=self.name,
            locale=self.locale,
            country=self.choices.get("country") or "",
            proof=tokens.digest(f"proof {self.id} {made}").hex()[:24],
        )
