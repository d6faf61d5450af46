"""The cookies: their names, their flags, and what stands in them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import NamedTuple

from flask import Response, request
from itsdangerous import BadData, URLSafeTimedSerializer

from portal import tokens
from portal.config import settings
from portal.keys import keys_for

LINK_LIFE = timedelta(minutes=30)
FLOW_LIFE = timedelta(hours=2)
"""Twice the longest life a self-asked link may have: its message may go out late."""
_LINK = re.compile(r"([A-Za-z0-9_-]{24})\.([A-Za-z0-9_-]{22})")


class Flow(NamedTuple):
    """One browser's request to sign in: its secret, and the address that was typed.

    Someone who asked from a dead link typed nothing: *address* is then masked, and *handle*
    names the link, because whoever holds an old link must not learn the address by it.
    *counted* names the true address without telling it: tries of codes count against that.
    """

    secret: str
    address: str
    handle: str = ""
    counted: str = ""
    asked_at: datetime | None = None

    @property
    def digest(self) -> bytes:
        return tokens.digest(self.secret)


class OpenedLink(NamedTuple):
    """A link that this browser has opened: its token, and a nonce that names the browser."""

    token: str
    nonce: str


def name_of(cookie: str) -> str:
    """Return the full name: `__Host-` binds a cookie to this host (RFC 6265bis, 4.1.3.2).

    Without https, which only loopback may lack, browsers refuse that prefix.
    """
    prefix = "__Host-" if settings().is_https else ""
    return f"{prefix}portal_{cookie}"


def read(cookie: str) -> str:
    name, found = name_of(cookie), request.cookies
    # `get` makes a whole answer 400 of each one that is not there, and drops it.
    return found[name] if name in found else ""  # noqa: SIM401


def digest_of(cookie: str) -> bytes | None:
    """Return the digest of a session cookie, or None when there is none."""
    secret = read(cookie)
    return tokens.digest(secret) if secret else None


def write(response: Response, cookie: str, value: str, life: timedelta) -> None:
    response.set_cookie(
        name_of(cookie),
        value,
        max_age=life,
        path="/",
        secure=settings().is_https,
        httponly=True,
        samesite="Lax",
    )


def remove(response: Response, cookie: str) -> None:
    response.delete_cookie(
        name_of(cookie), path="/", secure=settings().is_https, httponly=True, samesite="Lax"
    )


def read_flow(slug: str) -> Flow | None:
    signed = read(f"flow_{slug}")
    if not signed:
        return None
    try:
        (secret, address, handle, counted), asked_at = _signer().loads(
            signed, max_age=int(FLOW_LIFE.total_seconds()), return_timestamp=True
        )
    except (BadData, ValueError, TypeError):
        return None
    return Flow(secret, address, handle, counted, asked_at)


def write_flow(response: Response, slug: str, flow: Flow) -> None:
    write(response, f"flow_{slug}", str(_signer().dumps(flow[:4])), FLOW_LIFE)


def remove_flow(response: Response, slug: str) -> None:
    if read(f"flow_{slug}"):
        remove(response, f"flow_{slug}")


def read_link(handle: str) -> OpenedLink | None:
    found = _LINK.fullmatch(read(f"link_{handle}"))
    return OpenedLink(*found.groups()) if found else None


def write_link(response: Response, handle: str, link: OpenedLink) -> None:
    write(response, f"link_{handle}", f"{link.token}.{link.nonce}", LINK_LIFE)


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(list(reversed(keys_for("flow"))), salt="flow")
