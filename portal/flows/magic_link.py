"""Magic link: staff copy a one-time link and hand it over themselves."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from portal import plugins
from portal.channel import Message, SendRequest, Settings
from portal.config import settings
from portal.db import atomic, db
from portal.errors import AlreadyShownError
from portal.messages import link_url
from portal.models.account import Account
from portal.models.contact import Contact
from portal.models.event import Event
from portal.models.magic_link import Kind, MagicLink
from portal.models.portal_access import PortalAccess
from portal.models.staff import Staff


class Shown(NamedTuple):
    """What the page shows once to the person who asked."""

    link: str
    expires_at: datetime


def generate(
    account: Account,
    contact: Contact,
    *,
    by: Staff,
    link_id: UUID,
    life: timedelta | None = None,
    target: str = "",
    regenerate: bool = False,
    request_id: str = "",
) -> Shown:
    """Issue a link for *contact* and return it through the clipboard channel.

    *link_id* comes from the form, so that sending the same form again (a reload) makes no second
    link and shows nothing: it raises AlreadyShownError. *regenerate* voids the copied links
    before it; mailed ones stay. Raises AccessError for someone suspended or revoked.
    """
    link = _issue(account, contact, by, link_id, life, target, regenerate, request_id)
    return Shown(_through_clipboard(account, contact, link, by), link.expires_at)


@atomic
def _issue(
    account: Account,
    contact: Contact,
    by: Staff,
    link_id: UUID,
    life: timedelta | None,
    target: str,
    regenerate: bool,
    request_id: str,
) -> MagicLink:
    access = PortalAccess.grant(contact)
    if regenerate:
        MagicLink.regenerate(contact.id)
    try:
        link = MagicLink.issue(
            contact,
            Kind.MAGIC,
            access,
            life=life or account.life_of(Kind.MAGIC),
            issued_by=by,
            target=target,
            link_id=link_id,
        )
    except IntegrityError:
        db.session.rollback()
        raise AlreadyShownError(
            "This link was already shown. Regenerate it to see a new one."
        ) from None
    Event.record(
        "magic_link",
        account_id=account.id,
        contact_id=contact.id,
        by=by,
        link_id=link.id,
        request_id=request_id,
        detail={"target": target, "regenerated": regenerate},
    )
    return link


def _through_clipboard(account: Account, contact: Contact, link: MagicLink, by: Staff) -> str:
    """Ask the synchronous channel, outside any transaction, for what may be shown."""
    found = plugins.current()
    channel = found.channel(found.first_for(Kind.MAGIC, synchronous=True))
    url = link_url(settings().url, link.token())
    if channel is None:
        return url
    sent = channel.send(
        SendRequest(
            key=str(link.id),
            kind="magic",
            to=contact.email,
            to_name=contact.name,
            message=Message(subject=account.name, text=url),
            link=url,
            sender_name=by.called,
            expires_at=link.expires_at,
        ),
        Settings(),
    )
    return sent.show
