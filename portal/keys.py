"""Keys for each purpose, derived from PORTAL_SECRET_KEYS, newest first."""

from __future__ import annotations

import hmac
from functools import cache

from portal.config import settings


def keys_for(purpose: str) -> tuple[bytes, ...]:
    """Return the 32-byte keys for *purpose* ("link", "code", "queue" …), newest first."""
    return derive(purpose, settings().secret_keys)


@cache
def derive(purpose: str, secret_keys: tuple[str, ...]) -> tuple[bytes, ...]:
    """Derive one key from each secret: HMAC-SHA256 as the extract step of HKDF (RFC 5869)."""
    return tuple(
        hmac.digest(secret.encode(), f"portico {purpose}".encode(), "sha256")
        for secret in secret_keys
    )
