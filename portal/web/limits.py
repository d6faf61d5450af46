"""Limits on how often: Flask-Limiter, over our own database unless Redis or Valkey is set."""

from __future__ import annotations

import ipaddress
import time
from datetime import timedelta

from flask import Flask, Response, g, request
from flask_limiter import Limiter
from limits.storage import Storage

from portal.config import Settings, settings
from portal.db import atomic, reads_only
from portal.models.rate_count import RateCount
from portal.web.headers import SAFE_METHODS

FAILED_WINDOW = timedelta(minutes=5)


class SqlStorage(Storage):
    """Counters in the table rate_count: exact for any number of processes and machines."""

    STORAGE_SCHEME = ["portal"]  # noqa: RUF012
    base_exceptions: type[Exception] = Exception

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        return _hit(key, expiry, amount)

    def get(self, key: str) -> int:
        return RateCount.read(key)[0]

    def get_expiry(self, key: str) -> float:
        ends_at = RateCount.read(key)[1]
        return ends_at.timestamp() if ends_at else time.time()

    def check(self) -> bool:
        return True

    def reset(self) -> int | None:
        return None

    def clear(self, key: str) -> None:
        _clear(key)


def client_network() -> str:
    """Return the network a request comes from: one IPv4 address, or an IPv6 /64."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


class PressLimiter(Limiter):
    """Counts what people press. A page that is only looked at is never refused, nor delayed."""

    def _check_request_limit(
        self, callable_name: str | None = None, in_middleware: bool = True
    ) -> None:
        if request.method not in SAFE_METHODS and not in_middleware:
            super()._check_request_limit(callable_name, in_middleware)


limiter = PressLimiter(key_func=client_network)


def init_app(app: Flask, found: Settings) -> None:
    app.config.update(
        RATELIMIT_ENABLED=found.limits == "on",
        RATELIMIT_STORAGE_URI=_storage_at(found.limit_storage_url),
        RATELIMIT_STRATEGY="fixed-window",
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=False,
    )
    limiter.init_app(app)


def links_per_network() -> str:
    return f"{settings().limit_links_per_ip} per hour"


def links_per_account() -> str:
    return f"{settings().limit_links_per_account} per hour"


def failed_redeems() -> str:
    return f"{settings().limit_failed_redeems} per 5 minutes"


REDEEMS, ASKS = "redeems", "asks"
"""Scopes: all ways of redeeming count together, and so do all ways of asking for a link."""


def this_account() -> str:
    return str((request.view_args or {}).get("slug", ""))


def mark_failed() -> None:
    """Let this request count: an office shares one address, so what succeeds does not."""
    g.has_failed = True


def has_failed(_response: Response) -> bool:
    return bool(g.get("has_failed"))


def _storage_at(url: str) -> str:
    """Return what Flask-Limiter calls *url*. Valkey speaks Redis's protocol, to the same client."""
    return url.replace("valkey", "redis", 1) if url.startswith("valkey") else url or "portal://"


@atomic
def _hit(key: str, expiry: float, amount: int) -> int:
    token = reads_only.set(False)
    try:
        return RateCount.hit(key, timedelta(seconds=expiry), amount)[0]
    finally:
        reads_only.reset(token)


@atomic
def _clear(key: str) -> None:
    RateCount.clear(key)
