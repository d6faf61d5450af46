"""Look: what a link's page may know of it before anybody presses anything."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from portal.models.portal_access import OPEN


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
    status: str
    ends_at: datetime | None
    auth_epoch: int
    family_cut_at: datetime | None

    def state(self, at: datetime) -> str:
        """Return `ready`, `used`, `expired`, `replaced` or `no_access`: the words of the page."""
        if self.status not in OPEN or (self.ends_at is not None and self.ends_at <= at):
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
