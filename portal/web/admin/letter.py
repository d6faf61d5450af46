"""A message as it was sent, its link and code masked: rendered again, because nothing is kept."""

from __future__ import annotations

from typing import cast

from portal import plugins
from portal.channel import Kind as MessageKind
from portal.channel import Message
from portal.messages import Words, language_of, link_url, render
from portal.models.account import Account
from portal.models.delivery_story import DeliveryPeople
from portal.models.magic_link import Kind
from portal.models.message_words import own_words
from portal.tokens import TOKEN_LENGTH
from portal.web.headers import CSP

MASK = "•"
PAGE_CSP = f"{CSP}; frame-src 'self'"
LETTER_CSP = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)
"""Nothing in the frame runs, and no link of it opens."""


def masked_message(account: Account, people: DeliveryPeople) -> Message:
    """Return the words of the message, with names and address as they are today."""
    delivery, link, contact, _access, sender = people
    locale = contact.locale or account.locale
    own = own_words(account, link.kind, language_of(locale), link.created_at)
    front = account.front(link.created_at)
    return render(
        Words(
            kind=cast(MessageKind, link.kind),
            account_name=account.name,
            accent=account.accent,
            portal_url=front.door,
            portal_host=front.host,
            link=link_url(front.url, MASK * TOKEN_LENGTH),
            code=MASK * 8 if link.flow_digest else "",
            contact_name=contact.name,
            sent_by=sender.called if sender else "",
            note=delivery.note if link.kind == Kind.INVITE else "",
            section_title=_section_title(account, link.target),
            expires_at=link.expires_at,
            time_zone=account.time_zone,
            locale=locale,
            support=account.brand.get("support", ""),
            footer=account.brand.get("footer", ""),
            reminder=link.reminder,
            own=own.get("email"),
            own_short=own.get("short"),
            asked_from=delivery.note if link.kind == Kind.SELF else "",
        ),
        delivery.finished_at or delivery.due_at,
    )


def _section_title(account: Account, target: str) -> str:
    sections = plugins.current().sections(account.slug) if target else []
    return next((section.title for section in sections if section.name == target), "")
