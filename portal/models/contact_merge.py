"""What two rows say of one person, as one: the history and the access of the one that goes move."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import case, delete, func, literal, update

from portal.db import UtcDateTime, db, execute, now, put
from portal.languages import mark
from portal.models.contact import Contact
from portal.models.contact_tag import ContactTag
from portal.models.delivery import PENDING, Delivery, Status
from portal.models.event import Event
from portal.models.magic_link import MagicLink, Why
from portal.models.portal_access import OPEN, Access, PortalAccess
from portal.models.run_row import RunRow
from portal.models.support_code import SupportCode
from portal.models.tag import Tag

STRICTER = (Access.REVOKED, Access.SUSPENDED, Access.JOINED, Access.INVITED)
"""Of two, the first counts: nobody who was shut out gets in again by being merged."""


def status_of(one: PortalAccess | None, other: PortalAccess | None) -> str:
    """Return the status that the access has once both are one; empty when there is none."""
    held = {access.status for access in (one, other) if access is not None}
    return next((str(status) for status in STRICTER if status in held), "")


def move(gone: Contact, kept: Contact) -> None:
    """Let everything about *gone* be about *kept*, and delete *gone*. Both are held.

    What *gone* could still enter with is dead: its links are replaced, its sessions end with the
    row, and its messages are cancelled, one under way too.
    """
    access = _merged(PortalAccess.of(gone.id), PortalAccess.of(kept.id), kept)
    _cancel(gone.id)
    _move_links(gone.id, kept.id, access.auth_epoch if access else 1)
    for table in (Event, Delivery, SupportCode, RunRow):
        execute(update(table).where(table.contact_id == gone.id).values(contact_id=kept.id))
    for tag in Tag.of_contacts([gone.id]).get(gone.id, []):
        ContactTag.put_on(tag.id, [kept.id])
    db.session.expunge(gone)
    execute(delete(Contact).where(Contact.id == gone.id))


def _cancel(contact_id: int) -> None:
    """Cancel what is queued, and let the worker of what is being sent write nothing of it."""
    pending = (Delivery.contact_id == contact_id, Delivery.status.in_(PENDING))
    sending = mark(
        "The contact was merged with another while it was being sent. It may have gone out."
    )
    words = case(
        (Delivery.status == Status.SENDING, sending),
        else_=mark("The contact was merged with another."),
    )
    execute(
        update(Delivery)
        .where(*pending)
        .values(status=Status.CANCELLED, error=words, lease_until=None, finished_at=now())
    )


def _move_links(gone_id: int, kept_id: int, epoch: int) -> None:
    """Revoke the links, in the epoch of the access: their pages say that they were replaced."""
    at = literal(now(), UtcDateTime())  # without its own type it would go to SQLite as text
    execute(
        update(MagicLink)
        .where(MagicLink.contact_id == gone_id)
        .values(
            contact_id=kept_id,
            auth_epoch=epoch,
            used_nonce=None,
            code_mac=None,
            revoked_at=func.coalesce(MagicLink.revoked_at, at),
            revoked_why=Why.REPLACED,
        )
    )


def _merged(
    gone: PortalAccess | None, kept: PortalAccess | None, contact: Contact
) -> PortalAccess | None:
    """Write the access of both, and return it. Shutting somebody out ends everything at once."""
    if gone is None:
        return kept
    access = kept or PortalAccess(contact_id=contact.id, account_id=contact.account_id)
    both = [gone, kept] if kept else [gone]
    status = status_of(gone, kept)
    is_shut_out = status not in OPEN and status != access.status
    values: dict[str, Any] = {
        "status": status,
        "invited_at": _first(min, (one.invited_at for one in both)),
        "opened_at": _first(min, (one.opened_at for one in both)),
        "joined_at": _first(min, (one.joined_at for one in both)),
        "last_seen_at": _first(max, (one.last_seen_at for one in both)),
        "ends_at": _first(min, (one.ends_at for one in both)),
        "auth_epoch": access.auth_epoch + is_shut_out,
    }
    for name, value in values.items():
        setattr(access, name, value)
    if kept is None:
        put(access)
    else:
        db.session.flush()
    if is_shut_out:
        Delivery.cancel_pending(contact.id, f"The contact's access was {status}.")
    return access


def _first(
    chosen: Callable[[Iterable[datetime]], datetime], times: Iterable[datetime | None]
) -> datetime | None:
    known = [time for time in times if time is not None]
    return chosen(known) if known else None
