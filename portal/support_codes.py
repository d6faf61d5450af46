"""Support codes: six characters that a client reads out to support, and how they are made."""

from __future__ import annotations

import hmac
import secrets
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from portal.keys import keys_for

LIFE = timedelta(hours=24)
ALPHABET = "23456789ACDEFGHJKMNPQRTVWXY"
"""Of characters that are taken for each other, one at most."""
_TAKEN_FOR = str.maketrans("BSZU", "852V")
LENGTH = 6
PAGES = (
    "other", "incomplete", "no_cookies", "used", "expired", "replaced", "no_access",
    "code_off", "code_ended", "400", "403", "404", "405", "413", "429", "500", "503",
)  # fmt: skip
"""What a blind code can name."""
BROWSERS = 128
"""How many kinds of browser a blind code can tell apart."""
_BLIND = "X"
_STEP, _STEPS = timedelta(minutes=15), 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST = len(ALPHABET) ** (LENGTH - 1)


class Blind(NamedTuple):
    """What a code says by itself: the page, the number of the browser's kind, and about when."""

    page: str
    browser: int
    since: datetime
    until: datetime


def new() -> str:
    """Return a code that a row is kept for."""
    first = secrets.choice(ALPHABET.replace(_BLIND, ""))
    return first + "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))


def read(typed: str) -> str:
    """Return the code that *typed* is, whatever stands between its characters, or ''."""
    code = "".join(one for one in typed.upper() if not (one.isspace() or one in "-.·"))
    code = code.translate(_TAKEN_FOR)
    return code if len(code) == LENGTH and set(code) <= set(ALPHABET) else ""


def shown(code: str) -> str:
    """Return *code* in the two halves in which it is read out."""
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"


def blind(page: str, browser: int, at: datetime) -> str:
    """Return a code for somebody of whom nothing is known, and for whom no row is kept: so nobody
    can fill the database by looking at pages that do not exist."""
    known = page if page in PAGES else "other"
    step = (at - _EPOCH) // _STEP
    payload = (step % _STEPS * BROWSERS + browser) * len(PAGES) + PAGES.index(known)
    number = _mac(keys_for("support")[0], payload, step) * _payloads() + payload
    return _BLIND + _written(number)


def read_blind(code: str, at: datetime) -> Blind | None:
    """Return what *code* says by itself, or None for one that was never shown, or too long ago."""
    if not code.startswith(_BLIND):
        return None
    number = 0
    for one in code[1:]:
        number = number * len(ALPHABET) + ALPHABET.index(one)
    mac, payload = divmod(number, _payloads())
    step = _step(payload, at)
    is_ours = any(_mac(key, payload, step) == mac for key in keys_for("support"))
    since = _EPOCH + step * _STEP
    if not is_ours or since + _STEP < at - LIFE:
        return None
    browser, page = divmod(payload, len(PAGES))
    return Blind(PAGES[page], browser % BROWSERS, since, since + _STEP)


def _step(payload: int, at: datetime) -> int:
    """Return the latest quarter of an hour, up to *at*, that *payload* may stand for."""
    latest = (at - _EPOCH) // _STEP
    return latest - (latest - payload // (BROWSERS * len(PAGES))) % _STEPS


def _payloads() -> int:
    return _STEPS * BROWSERS * len(PAGES)


def _mac(key: bytes, payload: int, step: int) -> int:
    """Tell codes of ours from slips: of those one in sixty passes, and opens nothing."""
    mac = hmac.digest(key, f"{payload} {step}".encode(), "sha256")
    kinds: int = _MOST // _payloads()
    return int.from_bytes(mac[:8]) % kinds


def _written(number: int) -> str:
    digits = []
    for _ in range(LENGTH - 1):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))
