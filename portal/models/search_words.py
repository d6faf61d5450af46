"""Search words: what a contact is found by, and what somebody means who types into the search."""

from __future__ import annotations

import re
from typing import NamedTuple

import phonenumbers

from portal.models.address import folded

MOST_WORDS = 8
MOST_BYTES = 1800
"""So long is a search key at most: it stands in an index, whose entries have less room than rows.
Only names and addresses of hundreds of letters, none of them Latin, are longer."""
_PHONE_LIKE = re.compile(r"[+\d\s()./-]+")
_SHORTEST_NUMBER = 3


class Search(NamedTuple):
    """What was typed: every one of *words* is meant, or *number* alone when it reads like one.
    *phrase* is all of it, as a name may begin."""

    words: tuple[str, ...] = ()
    number: str = ""
    phrase: str = ""

    @classmethod
    def of(cls, typed: str) -> Search:
        words = folded(typed).replace("\0", "").split()
        return cls(tuple(dict.fromkeys(words))[:MOST_WORDS], _number(typed), " ".join(words))

    def __bool__(self) -> bool:
        return bool(self.words)

    def is_in(self, search_key: str) -> bool:
        """Tell whether it finds someone with this key; nothing typed finds everyone."""
        return all(word in search_key for word in self.words) or bool(
            self.number and self.number in search_key
        )


def search_key(name: str, email: str, phone: str, external_id: str) -> str:
    """Return all that a contact is found by, without case and accents; a phone number both in
    E.164 and in the digits that people at home would dial."""
    parts = (
        folded(name)[:220],
        folded(email)[:260],
        phone,
        _dialled_at_home(phone),
        folded(external_id)[:140],
    )
    found = " ".join(part for part in parts if part)
    return found.encode()[:MOST_BYTES].decode(errors="ignore")


def _dialled_at_home(phone: str) -> str:
    try:
        number = phonenumbers.parse(phone) if phone else None
    except phonenumbers.NumberParseException:
        return ""
    if number is None:
        return ""
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    digits = _digits(national)
    return "" if digits in phone else digits


def _number(typed: str) -> str:
    """Return the digits of what reads like a telephone number and is not one word of digits."""
    text = typed.strip()
    if not _PHONE_LIKE.fullmatch(text):
        return ""
    digits = _digits(text.replace("(0)", ""))
    digits = digits.removeprefix("00") if text.startswith("00") else digits
    return digits if len(digits) >= _SHORTEST_NUMBER and digits != text else ""


def _digits(text: str) -> str:
    return "".join(sign for sign in text if sign in "0123456789")
