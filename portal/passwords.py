"""Passwords of staff: argon2id, long enough, and none that everybody tries first."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from portal.errors import PortalError
from portal.languages import _

SHORTEST, LONGEST = 12, 256
FEW_SIGNS = 5
MUCH_DECORATION = 8
"""So many digits and signs beside a common word make it hard to guess after all."""
SHORTEST_RUN = 3
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
        raise PasswordError(
            _(
                "Use at least %(count)s characters. A few words in a row are fine.",
                count=str(SHORTEST),
            )
        )
    if len(password) > LONGEST:
        raise PasswordError(_("Use at most %(count)s characters.", count=str(LONGEST)))
    if _is_common(password):
        raise PasswordError(_("Too many people use this one. Choose something less common."))
    if _is_about(password, email, name):
        raise PasswordError(_("Leave your own name and address out of it."))


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
    """Runs of keys, and one or two of the list's words, whatever digits and signs decorate them."""
    lowered = password.lower()
    if len(set(lowered)) < FEW_SIGNS or _is_run(lowered):
        return True
    bare = re.sub(r"[\d\W_]+$", "", lowered)
    shown = (lowered, bare.translate(_AS_LETTERS), bare.lstrip("0123456789").translate(_AS_LETTERS))
    cores = {_letters(text) for text in shown}
    return any(len(lowered) - len(core) <= MUCH_DECORATION and _is_listed(core) for core in cores)


def _letters(text: str) -> str:
    return "".join(sign for sign in text if sign.isalpha())


def _is_listed(core: str) -> bool:
    once = _REPEATED.sub(r"\1", core)
    return any(
        once[:n] in _common() and (not once[n:] or once[n:] in _common())
        for n in range(1, len(once) + 1)
    )


def _is_run(text: str) -> bool:
    """Three and more neighbours on a keyboard or in the alphabet, again and again."""
    start = 0
    while start < len(text) - 1:
        length = max(_run_length(text[start:], row) for row in _ROWS)
        if length < SHORTEST_RUN:
            return False
        start += length
    return True


def _run_length(text: str, row: str) -> int:
    both = f"{row} {row[::-1]}"
    return next((n for n in range(min(len(text), len(row)), 0, -1) if text[:n] in both), 0)


_ROWS = (
    "01234567890123456789", "qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "zxcvbnm",
    "yxcvbnm", "abcdefghijklmnopqrstuvwxyz", "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "qazwsxedcrfvtgbyhnujm", "1q2w3e4r5t6y7u8i9o0p", "!@#$%^&*()", "!\"§$%&/()=",
)  # fmt: skip
_REPEATED = re.compile(r"^(.+?)\1+$")
_AS_LETTERS = str.maketrans("@483!10$57+", "aabeiiosstt")


def _is_about(password: str, email: str, name: str) -> bool:
    """Next to nothing is left once the person's own names are taken out."""
    core = _letters(password.lower())
    if len(password) - len(core) > MUCH_DECORATION:
        return False
    for word in sorted(re.split(r"[\W\d_]+", f"{email} {name}".lower()), key=len, reverse=True):
        if len(word) >= SHORTEST_RUN:
            core = core.replace(word, "")
    return len(core) <= SHORTEST_RUN
