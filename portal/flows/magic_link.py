"""Magic link: staff copy a one-time link and hand it over themselves."""

from __future__ import annotations

import logging
import traceback
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from portal import plugins
from portal.channel import Channel, ChannelError, Message, SendRequest, Sent, Settings
from portal.db import atomic, db, now
from portal.errors import AlreadyShownError, LinkEndedError
from portal.languages import _, mark
from portal.messages import Words, language_of, link_url, render
from portal.models.account import Account
from portal.models.contact import Contact
from portal.models.event import Event
from portal.models.look import Look
from portal.models.magic_link import Kind, MagicLink
from portal.models.message_words import own_words
from portal.models.portal_access import PortalAccess
from portal.models.staff import Staff
from portal.plugins.guard import About

log = logging.getLogger(__name__)


class Shown(NamedTuple):
    """What the page shows once to the person who asked.

    *message* is the whole text to send by hand, the link in it. *problem* is one sentence when
    the channel failed; *link* is then the plain one.
    """

    link: str
    expires_at: datetime
    message: str
    problem: str = ""


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
    return _through_clipboard(account, contact, link, by)


def hand_over(
    account: Account, contact: Contact, link: MagicLink, by: Staff, *, request_id: str = ""
) -> Shown:
    """Show *link*, whose message did not arrive, to *by*, who hands it over; once.

    It is the link that the message carried, so using either ends both. Like a message that goes
    out, this begins the link's life. Raises AlreadyShownError when it was handed over before,
    LinkEndedError when it opens nothing any more, or its key is gone.
    """
    try:
        link.token()  # first: without its key there is nothing to hand over
    except LookupError as error:
        raise LinkEndedError(f"{error} {_('Generate a magic link instead.')}") from None
    return _through_clipboard(account, contact, _take_over(link, by, request_id), by)


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
            _("This link was already shown. Regenerate it to see a new one.")
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


@atomic
def _take_over(link: MagicLink, by: Staff, request_id: str) -> MagicLink:
    # Held until this ends, so that of two people who press at once one is told that it was shown.
    held = db.session.get_one(MagicLink, link.id, with_for_update=True, populate_existing=True)
    look = Look.at(held.token_digest)
    state = look.state(now()) if look else "expired"
    if state != "ready":
        raise LinkEndedError(_(_ENDED[state]))
    if Event.has("handed_over", contact_id=held.contact_id, link_id=held.id):
        raise AlreadyShownError(_("This link was already shown. Generate a magic link instead."))
    if held.kind != Kind.MAGIC:
        held.start_life(now())
    Event.record(
        "handed_over",
        account_id=held.account_id,
        contact_id=held.contact_id,
        by=by,
        link_id=held.id,
        request_id=request_id,
    )
    return held


_ENDED = {
    "used": mark("This link was used meanwhile: there is nothing left to hand over."),
    "expired": mark("This link has expired. Generate a magic link instead."),
    "replaced": mark("A newer link took the place of this one. Generate a magic link instead."),
    "no_access": mark("The contact's access or address changed. Generate a magic link instead."),
}

_TOO_SLOW = mark("The %(channel)s plugin did not answer in time.")


def _through_clipboard(account: Account, contact: Contact, link: MagicLink, by: Staff) -> Shown:
    """Ask the synchronous channel, outside any transaction, for what may be shown.

    Whatever it does, the person gets the link that has just been made for them.
    """
    url = link_url(account.front(link.created_at).url, link.token())
    message = _message(account, contact, link, by, url)
    plain = Shown(url, link.expires_at, message.text)
    found = plugins.current()
    channel = found.channel(found.synchronous_for(Kind.MAGIC))
    if channel is None:
        return plain
    request, token = _request(contact, link, by, message, url), link.token()
    db.session.commit()  # nobody waits for us while a stranger's code thinks
    return found.guarded(
        found.plugin_of(channel.id),
        "send",
        lambda: _shown_by(channel, request, plain, token),
        plain._replace(problem=_(_TOO_SLOW, channel=_(channel.name))),
        About(account.id, (url, token)),
    )


def _shown_by(channel: Channel, request: SendRequest, plain: Shown, token: str) -> Shown:
    try:
        sent: Any = channel.send(request, Settings())
        if not isinstance(sent, Sent):
            raise TypeError("send must return Sent")
    except plugins.TooSlowError:
        raise
    except ChannelError as error:
        reason = str(error.reason).replace(token, "…")
        return plain._replace(problem=f"{_(channel.name)}: {_(reason)}")
    except (Exception, SystemExit) as error:
        # A plugin may raise anything, and the text may hold the link: it is never logged.
        log.error(
            "The channel %s failed on the link %s with %s:\n%s",
            channel.id,
            request.key,
            type(error).__name__,
            "".join(traceback.format_tb(error.__traceback__)),
        )
        problem = _(
            "The %(channel)s plugin failed (%(error)s).",
            channel=_(channel.name),
            error=type(error).__name__,
        )
        return plain._replace(problem=problem)
    return plain._replace(link=sent.show or plain.link)


def _request(
    contact: Contact, link: MagicLink, by: Staff, message: Message, url: str
) -> SendRequest:
    return SendRequest(
        key=str(link.id),
        kind="magic",
        to=contact.email,
        to_name=contact.name,
        message=message,
        link=url,
        sender_name=by.called,
        expires_at=link.expires_at,
    )


def _message(account: Account, contact: Contact, link: MagicLink, by: Staff, url: str) -> Message:
    """Return the words around the link: whatever its kind, it is *by* who hands it over."""
    locale = contact.locale or account.locale
    own = own_words(account, Kind.MAGIC, language_of(locale), now())
    front = account.front(link.created_at)
    return render(
        Words(
            kind="magic",
            account_name=account.name,
            portal_url=front.door,
            portal_host=front.host,
            link=url,
            expires_at=link.expires_at,
            contact_name=contact.name,
            sent_by=by.called,
            section_title=_section_title(account, link.target),
            time_zone=account.time_zone,
            locale=locale,
            support=account.brand.get("support", ""),
            footer=account.brand.get("footer", ""),
            own=own.get("email"),
            own_short=own.get("short"),
        )
    )


def _section_title(account: Account, target: str) -> str:
    sections = plugins.current().sections(account.slug) if target else []
    return next((section.title for section in sections if section.name == target), "")
