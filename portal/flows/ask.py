"""Ask: a client asks for a link; nobody can tell from the answer whether the address is known."""

from __future__ import annotations

from datetime import timedelta

from portal import routing
from portal.config import settings
from portal.db import atomic
from portal.models import claims
from portal.models.account import Account
from portal.models.claims import Claim
from portal.models.contact import Contact
from portal.models.event import Event
from portal.models.magic_link import Kind, MagicLink
from portal.models.portal_access import PortalAccess
from portal.models.rate_count import RateCount
from portal.models.sign_in_request import Asked, SignInRequest


@atomic
def ask(asked: Asked) -> None:
    """Write down that an address asked. It is not looked up here, so no timing can tell."""
    SignInRequest.add(asked)


@atomic
def answer(request_id: int) -> Claim | None:
    """Take one request and, if the address may enter, owe it a link and a code.

    Returns the attempt to deliver them, which is the caller's, or None when there is nothing to
    send: already taken, unknown, no access, or asked too often.
    """
    asked = SignInRequest.take(request_id)
    if asked is None:
        return None
    found = Contact.known(asked.account_id, asked.email_norm)
    if found is None or not found.access.is_open:
        return None
    contact, access, account = found
    if not account.lets("may_ask"):  # turned off since they asked
        return None
    if not _within_limits(asked):
        Event.record(
            "asked_too_often",
            account_id=account.id,
            contact_id=contact.id,
            actor="client",
            request_id=asked.request_id,
            detail={"browser": asked.browser},
        )
        return None
    return _owe_link(asked, account, contact, access)


def _within_limits(asked: Asked) -> bool:
    limits = settings()
    if limits.limits == "off":
        return True
    name = f"ask:{asked.account_id}:{asked.email_norm}"
    per_minute = RateCount.allows(f"{name}:m", limits.limit_links_per_minute, timedelta(minutes=1))
    return per_minute and RateCount.allows(
        f"{name}:h", limits.limit_links_per_hour, timedelta(hours=1)
    )


def _owe_link(asked: Asked, account: Account, contact: Contact, access: PortalAccess) -> Claim:
    link = MagicLink.issue(
        contact,
        Kind.SELF,
        access,
        life=account.life_of(Kind.SELF),
        flow_digest=asked.flow_digest,
        has_code=account.lets("has_code"),
        target=asked.target,
    )
    MagicLink.keep_newest_self_asked(contact.id)
    channel = routing.first(account, Kind.SELF, contact)
    claim = claims.owe_claimed(link, channel, note=asked.browser)
    Event.record(
        "asked",
        account_id=account.id,
        contact_id=contact.id,
        actor="client",
        link_id=link.id,
        delivery_id=claim.delivery_id,
        request_id=asked.request_id,
        detail={"browser": asked.browser},
    )
    return claim
