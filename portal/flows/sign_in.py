"""Sign in: a client presses the button of a link, or types the code of the same message."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from portal import tokens
from portal.config import settings
from portal.db import atomic, db, now
from portal.models import account_rules
from portal.models.account import Account
from portal.models.client_session import ClientSession
from portal.models.event import Event
from portal.models.magic_link import MagicLink, Redeemed
from portal.models.portal_access import PortalAccess
from portal.models.rate_count import RateCount

A_DAY = timedelta(days=1)


class Browser(NamedTuple):
    """The browser that signs in: its family in words, the cookies it brought, and from where."""

    family: str
    flow_digest: bytes | None = None
    old_session: bytes | None = None
    request_id: str = ""
    network: str = ""


class SignedIn(NamedTuple):
    """A new session: the secret goes into the browser's cookie and nowhere else. *life* is the
    longest that it may last."""

    secret: str
    slug: str
    target: str
    life: timedelta


@atomic
def sign_in_by_link(token_digest: bytes, nonce: bytes, browser: Browser) -> SignedIn | None:
    """Use the link up and open its one session; None when it can no longer be used.

    The browser that has just used it (*nonce*) may press again within a minute: its one
    session gets a new key instead of an error.
    """
    redeemed = MagicLink.redeem(
        token_digest, nonce=nonce, flow_digest=browser.flow_digest, browser=browser.family
    )
    if redeemed is None:
        return _press_again(token_digest, nonce, browser)
    return _open_session(redeemed, browser, via="link")


@atomic
def sign_in_by_code(
    account_id: int, flow_digest: bytes, code: str, browser: Browser
) -> SignedIn | None:
    """Use the link of this flow whose code is *code*; None when no live one has it, or the account
    lets nobody in by a code any more.

    It wins over a click that came from another browser: that click's session is taken over.
    Call `may_try_code` first, and on success `forgive_try`.
    """
    account = db.session.get_one(Account, account_id)
    if not account.lets("has_code"):
        return None
    link_id = MagicLink.by_code(account_id, flow_digest, code)
    redeemed = MagicLink.redeem_by_code(link_id, browser=browser.family) if link_id else None
    return _open_session(redeemed, browser, via="code") if redeemed else None


@atomic
def may_try_code(account_id: int, flow_digest: bytes, address: str) -> bool:
    """Count one try, on disk before anything is compared, and tell whether it may be made."""
    limits = settings()
    in_flow = RateCount.allows(f"code:{flow_digest.hex()}", limits.code_tries, A_DAY)
    return in_flow and RateCount.allows(
        f"codes:{account_id}:{address}", limits.code_tries_per_day, A_DAY
    )


def has_tries(flow_digest: bytes) -> bool:
    """Tell whether codes may still be tried in this flow; asking again then goes on in it."""
    return RateCount.read(f"code:{flow_digest.hex()}")[0] < settings().code_tries


@atomic
def forgive_try(account_id: int, address: str) -> None:
    """A right code does not count against the day's tries."""
    RateCount.hit(f"codes:{account_id}:{address}", A_DAY, -1)


def _press_again(token_digest: bytes, nonce: bytes, browser: Browser) -> SignedIn | None:
    link_id = MagicLink.pressed_before(token_digest, nonce=nonce)
    if link_id is None:
        return None
    secret = tokens.new_secret()
    if not ClientSession.rekey(link_id, tokens.digest(secret), browser=browser.family):
        return None
    link = db.session.get_one(MagicLink, link_id)
    account = db.session.get_one(Account, link.account_id)
    life = account_rules.span(account.choices, "client_session")
    return SignedIn(secret, account.slug, link.target, life)


def _open_session(redeemed: Redeemed, browser: Browser, *, via: str) -> SignedIn:
    secret, at = tokens.new_secret(), now()
    life = account_rules.span(redeemed.choices, "client_session")
    if not (
        via == "code"
        and ClientSession.rekey(redeemed.id, tokens.digest(secret), browser=browser.family, via=via)
    ):
        ClientSession.open(
            digest=tokens.digest(secret),
            contact_id=redeemed.contact_id,
            account_id=redeemed.account_id,
            link_id=redeemed.id,
            auth_epoch=redeemed.auth_epoch,
            via=via,
            bound=redeemed.bound,
            browser=browser.family,
            day=_calendar_day(at, redeemed.time_zone),
            life=life,
        )
    if browser.old_session:
        ClientSession.end_digest(browser.old_session)
    PortalAccess.join(redeemed.contact_id, at, cut_family=redeemed.bound)
    Event.record(
        "signed_in",
        account_id=redeemed.account_id,
        contact_id=redeemed.contact_id,
        actor="client",
        link_id=redeemed.id,
        request_id=browser.request_id,
        detail={
            "browser": browser.family,
            "via": via,
            "link_kind": redeemed.kind,
            "network": browser.network,
        },
    )
    return SignedIn(secret, redeemed.slug, redeemed.target, life)


def _calendar_day(at: datetime, time_zone: str) -> date:
    return at.astimezone(ZoneInfo(time_zone)).date()
