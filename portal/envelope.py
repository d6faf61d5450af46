"""Seals what must stay secret on disk, bound to whom it belongs to."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from portal.errors import SettingsError
from portal.keys import keys_for


def seal(purpose: str, content: bytes) -> bytes:
    """Encrypt *content* for *purpose*, which names the row: elsewhere it cannot be opened."""
    return _box(purpose).encrypt(content)


def unseal(purpose: str, sealed: bytes) -> bytes:
    """Return what was sealed for *purpose*, with any of the keys.

    Raises SettingsError when none of PORTAL_SECRET_KEYS opens it.
    """
    try:
        return _box(purpose).decrypt(sealed)
    except InvalidToken:
        raise SettingsError(
            "The stored settings cannot be read with the keys of this installation. "
            "Put the old key back into PORTAL_SECRET_KEYS, or save the settings again."
        ) from None


def is_newest(purpose: str, sealed: bytes) -> bool:
    """Tell whether the newest key opens it: then the older ones are not needed for it."""
    try:
        _box(purpose, at_most=1).decrypt(sealed)
    except InvalidToken:
        return False
    return True


def _box(purpose: str, at_most: int | None = None) -> MultiFernet:
    keys = keys_for(f"sealed {purpose}")[:at_most]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])
