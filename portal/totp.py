"""One-time codes from an app on somebody's phone: RFC 6238 over SHA-1, six digits, 30 seconds."""

from __future__ import annotations

import hmac
import secrets
from base64 import b32encode
from datetime import datetime
from urllib.parse import quote, urlencode

DIGITS, STEP = 6, 30
DRIFT = 1
"""So many steps before and after now count too: clocks differ, and typing takes a while."""
_SECRET_BYTES = 20


def new_secret() -> bytes:
    """Return 160 random bits, as RFC 4226 (4, R6) recommends."""
    return secrets.token_bytes(_SECRET_BYTES)


def step_at(at: datetime) -> int:
    return int(at.timestamp()) // STEP


def code_at(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """Return the code of *step* (RFC 4226, 5.3)."""
    mac = hmac.digest(secret, step.to_bytes(8), "sha1")
    place = mac[-1] & 0x0F
    number = int.from_bytes(mac[place : place + 4]) & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}d}"


def step_of(secret: bytes, code: str, at: datetime, *, after: int | None) -> int | None:
    """Return the step that *code* is of, near *at*; None when it is wrong or of a step that is not
    later than *after*, the last one that was used."""
    here, found = step_at(at), None
    for step in range(here - DRIFT, here + DRIFT + 1):
        is_right = hmac.compare_digest(code_at(secret, step).encode(), code.encode())
        if is_right and (after is None or step > after):
            found = step
    return found


def read(typed: str) -> str:
    """Return the digits of *typed*, of whatever script, without what stands between them."""
    return "".join(str(int(sign)) for sign in typed if sign.isdecimal())


def in_text(secret: bytes) -> str:
    """Return the secret as people type it into an app that cannot see the QR code."""
    text = b32encode(secret).decode().rstrip("=")
    return " ".join(text[place : place + 4] for place in range(0, len(text), 4))


def address(secret: bytes, *, issuer: str, person: str) -> str:
    """Return the `otpauth:` address that apps read from a QR code."""
    label = f"{quote(issuer, safe='')}:{quote(person, safe='@')}"
    text = b32encode(secret).decode().rstrip("=")
    return (
        f"otpauth://totp/{label}?{urlencode({'secret': text, 'issuer': issuer}, quote_via=quote)}"
    )
