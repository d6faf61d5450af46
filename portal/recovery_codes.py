"""Recovery codes: sixteen characters each, for the day on which a phone or a key is lost."""

from __future__ import annotations

import secrets

HOW_MANY, LENGTH = 10, 16
"""80 random bits: a digest of them cannot be guessed even by who has the database."""
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: what is taken for one of them is read as it."""
_TAKEN_FOR = str.maketrans("oil", "011")
_GROUP = 4


def new() -> list[str]:
    """Return ten codes as they are shown."""
    return [
        _shown("".join(secrets.choice(ALPHABET) for _ in range(LENGTH))) for _ in range(HOW_MANY)
    ]


def read(typed: str) -> str:
    """Return the code that *typed* is, whatever stands between its characters, or ''."""
    code = "".join(one for one in typed.lower() if one.isalnum()).translate(_TAKEN_FOR)
    return code if len(code) == LENGTH and set(code) <= set(ALPHABET) else ""


def _shown(code: str) -> str:
    return "-".join(code[place : place + _GROUP] for place in range(0, LENGTH, _GROUP))
