"""What has come of a contact so far, read for the verdict."""

from __future__ import annotations

from sqlalchemy import select

from portal.db import db
from portal.models.account import Account
from portal.models.channel_setting import ChannelSetting
from portal.models.client_session import ClientSession, SignedInBrowser
from portal.models.contact import Contact
from portal.models.contact_facts import DeliveryFacts, LinkFacts, Opening, SignIn, Story
from portal.models.delivery import Delivery
from portal.models.event import Event
from portal.models.magic_link import MagicLink
from portal.models.portal_access import PortalAccess
from portal.models.staff_task import StaffTask

MOST_EVENTS = 200


def story_of(contact: Contact, access: PortalAccess | None) -> Story:
    """Return the facts about *contact* and the newest of their links."""
    link = _newest_link(contact.id)
    browsers = _browsers(contact) if access and access.joined_at else []
    return Story(
        called=contact.called,
        email=contact.email,
        status=access.status if access else "",
        is_open=access is not None and access.is_open,
        ends_at=access.ends_at if access else None,
        last_seen_at=access.last_seen_at if access else None,
        link=_facts_of(link, access) if link else None,
        delivery=_last_delivery(link) if link else None,
        openings=_openings(link) if link else (),
        sign_in=SignIn(browsers[0].since, browsers[0].browser)
        if browsers
        else _last_sign_in(contact.id, access),
        is_signed_in=bool(browsers),
        paused={one.channel: one.paused_why for one in ChannelSetting.paused(contact.account_id)},
        task_id=StaffTask.open_of(contact.account_id, contact.id, link.id) if link else None,
    )


def _browsers(contact: Contact) -> list[SignedInBrowser]:
    account = db.session.get_one(Account, contact.account_id)
    return ClientSession.of_contact(contact.id, account.choices)


def _newest_link(contact_id: int) -> MagicLink | None:
    query = select(MagicLink).where(MagicLink.contact_id == contact_id)
    return db.session.scalar(
        query.order_by(MagicLink.created_at.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )


def _facts_of(link: MagicLink, access: PortalAccess | None) -> LinkFacts:
    is_cut = (
        access is None
        or link.revoked_at is not None
        or link.auth_epoch != access.auth_epoch
        or (access.family_cut_at is not None and link.created_at <= access.family_cut_at)
    )
    return LinkFacts(
        link.id,
        link.kind,
        link.created_at,
        link.expires_at,
        link.used_at,
        link.used_browser,
        is_cut and link.used_at is None,
    )


def _last_delivery(link: MagicLink) -> DeliveryFacts | None:
    query = select(
        Delivery.id,
        Delivery.channel,
        Delivery.kind,
        Delivery.status,
        Delivery.attempts,
        Delivery.due_at,
        Delivery.held,
        Delivery.cause,
        Delivery.error,
        Delivery.reply,
        Delivery.finished_at,
    ).where(Delivery.contact_id == link.contact_id, Delivery.link_id == link.id)
    order = (Delivery.created_at.desc(), Delivery.id.desc())
    row = db.session.execute(query.order_by(*order).limit(1)).first()
    return DeliveryFacts(*row) if row else None


def _openings(link: MagicLink) -> tuple[Opening, ...]:
    """Return who looked at the link, latest first."""
    rows = db.session.execute(
        select(Event.at, Event.detail)
        .where(
            Event.contact_id == link.contact_id,
            Event.at >= link.created_at,
            Event.link_id == link.id,
            Event.kind.in_(("opened", "turned_away")),
        )
        .order_by(Event.at.desc(), Event.id.desc())
        .limit(MOST_EVENTS)
    )
    return tuple(
        Opening(
            at,
            detail.get("state", ""),
            detail.get("browser", ""),
            bool(detail.get("is_program")),
        )
        for at, detail in rows
    )


def _last_sign_in(contact_id: int, access: PortalAccess | None) -> SignIn | None:
    if access is None or access.joined_at is None:
        return None
    row = db.session.execute(
        select(Event.at, Event.detail)
        .where(Event.contact_id == contact_id, Event.kind == "signed_in")
        .order_by(Event.at.desc(), Event.id.desc())
        .limit(1)
    ).first()
    return SignIn(row[0], row[1].get("browser", "")) if row else None
