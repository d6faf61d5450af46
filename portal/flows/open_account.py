"""Open an account: a business, its portal's address, and its first owner."""

from __future__ import annotations

import re

from sqlalchemy.exc import IntegrityError

from portal.db import atomic, db
from portal.errors import TakenError
from portal.models.account import Account
from portal.models.address import folded
from portal.models.event import Event
from portal.models.event_cursor import EventCursor
from portal.models.staff import Staff
from portal.models.staff_role import Role, StaffRole

LONGEST_SLUG = 40
RESERVED = frozenset({"staff", "page"})
"""Names of our own cookies, which are portal_<slug> for a portal."""


@atomic
def open_account(
    name: str, *, owner_email: str, slug: str = "", owner_name: str = "", time_zone: str = "UTC"
) -> Account:
    """Add an account with its owner. Raises AddressError, or TakenError when *slug* is in use."""
    slug = slug or slug_from(name)
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", slug):
        raise TakenError("A slug is 1 to 40 of a-z, 0-9 and -, and neither begins nor ends with -.")
    if slug in RESERVED:
        raise TakenError(f"The slug {slug} is reserved. Choose another one with --slug.")
    owner = Staff.find_or_add(owner_email, owner_name)
    account = Account(name=name.strip(), slug=slug, time_zone=time_zone)
    if db.session.scalar(db.select(Account.id).limit(1)) is None:
        EventCursor.begin()  # later only an operator may: whoever could would forge a history
    db.session.add(account)
    try:
        db.session.flush()
    except IntegrityError:
        raise TakenError(f"The slug {slug} is taken. Choose another one with --slug.") from None
    db.session.add(StaffRole(staff_id=owner.id, account_id=account.id, role=Role.OWNER))
    detail = {"name": account.name, "owner": owner.email}
    Event.record("account_opened", account_id=account.id, actor="operator", detail=detail)
    return account


def slug_from(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", folded(name)).strip("-")[:LONGEST_SLUG].strip("-")
