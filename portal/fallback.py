"""What follows a message that did not arrive: the next channel, and at last a task for staff."""

from __future__ import annotations

from portal import routing
from portal.db import db, now
from portal.models.account import Account
from portal.models.contact import Contact
from portal.models.delivery import PENDING, Delivery
from portal.models.event import Event
from portal.models.magic_link import Kind, MagicLink
from portal.models.portal_access import PortalAccess
from portal.models.staff import Staff
from portal.models.staff_task import StaffTask


def stand_in(delivery_id: int, reason: str) -> Delivery | None:
    """Send the same link through the account's next channel, in the caller's transaction.

    When none is left, ask staff to hand the link over. Nothing happens for a link that is dead, or
    when something stands in already.
    """
    delivery = db.session.get(Delivery, delivery_id, populate_existing=True)
    found = _alive(delivery) if delivery else None
    if delivery is None or found is None or Delivery.has_follower(delivery_id):
        return None
    link, contact, account = found
    tried = Delivery.tried_channels(link.id, contact.id)
    channel = routing.following(account, link.kind, contact, tried)
    if not channel:
        _ask_staff(delivery, reason)
        return None
    return _follow(delivery, link, channel)


def ask_staff_about(delivery_id: int, reason: str) -> None:
    """Leave it to staff whether a message of which nobody knows the fate is to be repeated."""
    delivery = db.session.get(Delivery, delivery_id, populate_existing=True)
    if delivery is not None and _alive(delivery):
        _ask_staff(delivery, reason)


def send_by(delivery: Delivery, channel: str, *, by: Staff | None = None) -> Delivery | None:
    """Send the same link through *channel* because staff want it so; cancel what is still queued.

    Returns None when the link is dead or something stands in for this delivery already.
    """
    found = _alive(delivery)
    if found is None:
        return None
    if delivery.status in PENDING:
        Delivery.cancel(delivery.account_id, delivery.id, f"Sent by {channel} instead.")
    return _follow(delivery, found[0], channel, by=by)


def _ask_staff(delivery: Delivery, reason: str) -> None:
    """Open the task "hand over this link". What a client asked for is over too soon for that."""
    if delivery.kind != Kind.SELF:
        StaffTask.open(delivery, reason)


def _follow(
    delivery: Delivery, link: MagicLink, channel: str, *, by: Staff | None = None
) -> Delivery | None:
    follower = Delivery.stand_in(link, channel, delivery)
    if follower is not None:
        Event.record(
            "fallback",
            account_id=delivery.account_id,
            contact_id=delivery.contact_id,
            by=by,
            link_id=link.id,
            delivery_id=follower.id,
            detail={"from": delivery.channel, "channel": channel},
        )
    return follower


def _alive(delivery: Delivery) -> tuple[MagicLink, Contact, Account] | None:
    """Return the link with its people while it can still be used, else None."""
    row = db.session.execute(
        db.select(MagicLink, Contact, Account, PortalAccess)
        .join(Contact, Contact.id == MagicLink.contact_id)
        .join(Account, Account.id == MagicLink.account_id)
        .join(PortalAccess, PortalAccess.contact_id == MagicLink.contact_id)
        .where(MagicLink.id == delivery.link_id)
        .execution_options(populate_existing=True)
    ).first()
    if row is None:
        return None
    link, contact, account, access = row
    is_alive = (
        link.used_at is None
        and link.revoked_at is None
        and link.expires_at > now()
        and access.is_open
        and link.auth_epoch == access.auth_epoch
        and (access.family_cut_at is None or link.created_at > access.family_cut_at)
    )
    return (link, contact, account) if is_alive else None
