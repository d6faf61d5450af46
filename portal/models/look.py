"""Look: what a link's page may know of it before anybody presses anything."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import LargeBinary, bindparam, func, or_, select

from portal import tokens
from portal.db import first
from portal.models import account_rules
from portal.models.account import Account
from portal.models.contact import Contact
from portal.models.delivery import ARRIVING, Delivery
from portal.models.magic_link import MagicLink
from portal.models.portal_access import OPEN, Access, PortalAccess


class Look(NamedTuple):
    """What one SELECT tells of a link, and nothing is changed by it."""

    id: UUID
    kind: str
    target: str
    flow_digest: bytes | None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    used_browser: str
    revoked_at: datetime | None
    link_epoch: int
    contact_id: int
    contact_name: str
    email: str
    account_id: int
    name: str
    slug: str
    locale: str
    time_zone: str
    accent: str
    brand: dict[str, Any]
    choices: dict[str, Any]
    status: str
    ends_at: datetime | None
    auth_epoch: int
    family_cut_at: datetime | None
    opened_at: datetime | None
    sent_at: datetime | None
    """When a provider took the last message that holds the link."""

    @property
    def is_first(self) -> bool:
        """Tell whether this is an invitation that nobody is known to have opened."""
        return self.status == Access.INVITED and self.opened_at is None

    @classmethod
    def at(cls, token_digest: bytes) -> Look | None:
        """Tell about the link of *token_digest* without touching it."""
        row = first(_LOOK, {"digest": token_digest})
        return cls._make(row) if row else None

    @classmethod
    def by_handle(cls, handle: str) -> Look | None:
        """Tell about the link that *handle* names, for whoever brings no token; nothing is shown
        of it to them."""
        bounds = tokens.digests_of(handle)
        row = first(_LOOK_BY_HANDLE, {"first": bounds[0], "last": bounds[1]}) if bounds else None
        return cls._make(row) if row else None

    def lets(self, switch: str) -> bool:
        """Tell whether the account has *switch*, one of `account_rules.SWITCHES`, on."""
        return account_rules.is_on(self.choices, switch)

    def is_over(self, at: datetime) -> bool:
        """Tell whether the contact's access has ended by the clock, and by nothing else."""
        return self.status in OPEN and self.ends_at is not None and self.ends_at <= at

    def state(self, at: datetime) -> str:
        """Return `ready`, `used`, `expired`, `replaced` or `no_access`: the words of the page."""
        if self.status not in OPEN or self.is_over(at):
            return "no_access"
        if self.used_at is not None:
            return "used"
        if self.link_epoch != self.auth_epoch:
            return "no_access"
        if self.revoked_at is not None or (
            self.family_cut_at is not None and self.created_at <= self.family_cut_at
        ):
            return "replaced"
        return "expired" if self.expires_at <= at else "ready"


_SENT_AT = (
    select(func.max(Delivery.finished_at))
    .where(
        Delivery.contact_id == MagicLink.contact_id,
        Delivery.link_id == MagicLink.id,
        or_(*(Delivery.status == status for status in ARRIVING)),
    )
    .scalar_subquery()
)
_LOOKS = (
    select(
        MagicLink.id,
        MagicLink.kind,
        MagicLink.target,
        MagicLink.flow_digest,
        MagicLink.created_at,
        MagicLink.expires_at,
        MagicLink.used_at,
        MagicLink.used_browser,
        MagicLink.revoked_at,
        MagicLink.auth_epoch,
        Contact.id,
        Contact.name,
        Contact.email,
        Account.id,
        Account.name,
        Account.slug,
        func.coalesce(func.nullif(Contact.locale, ""), Account.locale),
        Account.time_zone,
        Account.accent,
        Account.brand,
        Account.choices,
        PortalAccess.status,
        PortalAccess.ends_at,
        PortalAccess.auth_epoch,
        PortalAccess.family_cut_at,
        PortalAccess.opened_at,
        _SENT_AT,
    )
    .join(Contact, Contact.id == MagicLink.contact_id)
    .join(Account, Account.id == MagicLink.account_id)
    .join(PortalAccess, PortalAccess.contact_id == MagicLink.contact_id)
)
_LOOK = _LOOKS.where(MagicLink.token_digest == bindparam("digest", type_=LargeBinary()))
_LOOK_BY_HANDLE = _LOOKS.where(
    MagicLink.token_digest.between(
        bindparam("first", type_=LargeBinary()), bindparam("last", type_=LargeBinary())
    )
)
