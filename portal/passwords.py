"""Passwords of staff: argon2id, long enough, and none that everybody tries first."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from portal.errors import PortalError

SHORTEST, LONGEST = 12, 256
_NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=4$ykdiLYZvSSbr8tpNc7i3AA"
    "$VK9MkJ7MSVQcUsFrPecRPKmkboUTwSccbBJVlAApmZI"
)
"""Checked for addresses nobody has, so that they cost what the others cost."""
_hasher = PasswordHasher()
"""argon2-cffi's defaults are those of RFC 9106's low-memory profile: 64 MiB, 3 passes, 4 lanes."""


class PasswordError(PortalError):
    """The password is too easy to guess."""


def check(password: str, *, email: str = "", name: str = "") -> None:
    """Raises PasswordError with words for the field when *password* is not good enough."""
    if len(password) < SHORTEST:
        raise PasswordError(f"Use at least {SHORTEST} characters. A few words in a row are fine.")
    if len(password) > LONGEST:
        raise PasswordError(f"Use at most {LONGEST} characters.")
    if _is_common(password):
        raise PasswordError("Too many people use this one. Choose something less common.")
    if _is_about(password, email, name):
        raise PasswordError("Leave your own name and address out of it.")


def hash_of(password: str) -> str:
    return _hasher.hash(password)


def verify(password_hash: str, password: str) -> bool:
    """Tell whether *password* is the right one. Without a hash it costs the same and is not."""
    try:
        return _hasher.verify(password_hash or _NOBODY, password[:LONGEST]) and bool(password_hash)
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    return _hasher.check_needs_rehash(password_hash)


@cache
def _common() -> frozenset[str]:
    return frozenset((Path(__file__).parent / "common_passwords.txt").read_text().split())


def _is_common(password: str) -> bool:
    """The list's entries, also with digits and signs around them or written twice."""
    lowered = password.lower()
    core = re.sub(r"^[\d\W_]+|[\d\W_]+$", "", lowered)
    halves = (
        {lowered[: len(lowered) // 2]} if lowered == lowered[: len(lowered) // 2] * 2 else set()
    )
    few_letters = len(set(lowered)) < 5
    return few_letters or bool({lowered, core, *halves} & _common())


def _is_about(password: str, email: str, name: str) -> bool:
    lowered = re.sub(r"[\W\d_]+", "", password.lower())
    own = {re.sub(r"[\W\d_]+", "", word.lower()) for word in (email.partition("@")[0], name, email)}
    return lowered in {word for word in own if word}
