"""The alphabet of text messages: what fits into GSM-7, what comes closest, and how it is counted.

The tables are those of 3GPP TS 23.038, 6.2.1, the lengths those of TS 23.040, 9.2.3.24.
"""

# ruff: noqa: RUF001 (characters that look alike are what this is about)

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")
"""Each of these takes two places: an escape comes before it."""

STANDS_FOR = {
    "'": "‘’‚‛′‹›`´ʼ",
    '"': "“”„‟″«»",
    "-": "‐‑‒–—―−",
    "...": "…",
    " ": "\t\u00a0",
    "\n": "\u2028\u2029",
    "": "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\u2068\u2069\ufeff",
    "*": "•", ".": "·", "x": "×", "/": "÷⁄", "|": "¦", "c": "¢",
    "TM": "™", "(c)": "©", "(r)": "®",
    "l": "ł", "L": "Ł", "d": "đð", "D": "ĐÐ", "th": "þ", "Th": "Þ", "i": "ı", "oe": "œ", "OE": "Œ",
    "h": "ħ", "H": "ĦΗ", "n": "ŋ", "N": "ŊΝ", "t": "ŧ", "T": "ŦΤ", "SS": "ẞ",
    "A": "Α", "B": "Β", "E": "Ε", "Z": "Ζ", "I": "Ι", "K": "Κ", "M": "Μ", "O": "Ο", "P": "Ρ",
    "Y": "Υ", "X": "Χ",
}  # fmt: skip
"""What stands for characters outside the tables. Others lose their accents, if they have any.

Greek capitals that look like Latin ones are sent as those, as the standard wants it.
"""
CLOSEST = {character: easy for easy, those in STANDS_FOR.items() for character in those}

MOST_SEGMENTS = 10  # Twilio takes 1,600 characters, Kannel what its `max-messages` says


@dataclass(frozen=True)
class Count:
    """How long a text is on the air. *room* is what the segments it needs can hold."""

    encoding: Literal["GSM-7", "UCS-2"]
    characters: int
    segments: int
    room: int

    def __str__(self) -> str:
        plural = "" if self.segments == 1 else "s"
        return (
            f"{self.segments} segment{plural} · {self.characters} of {self.room} characters"
            f" · {self.encoding}"
        )


def is_gsm(text: str) -> bool:
    return all(character in BASIC or character in EXTENDED for character in text)


def simplified(text: str, *, keep: str = "") -> str:
    """Return *text* in characters of GSM-7, or just as it is when that cannot be.

    One character of another script makes the whole message UCS-2, where curly quotes cost
    nothing: then nothing is changed. *keep*, the link, is never touched.
    """
    parts = text.split(keep) if keep else [text]
    easy = [_simplified(part) for part in parts]
    return keep.join(easy) if all(map(is_gsm, easy)) else text


def count(text: str) -> Count:
    """Count *text* as it stands: septets with GSM-7, UTF-16 units with UCS-2.

    A long message gives 7 or 3 places of each segment to its header, and neither an escape nor a
    surrogate pair is cut in two, so that a segment may have to leave a place empty.
    """
    if is_gsm(text):
        widths = [1 + (character in EXTENDED) for character in text]
        return _count("GSM-7", widths, 160, 153)
    return _count("UCS-2", [1 + (ord(character) > 0xFFFF) for character in text], 70, 67)


def _count(encoding: Literal["GSM-7", "UCS-2"], widths: list[int], one: int, many: int) -> Count:
    total = sum(widths)
    if total <= one:
        return Count(encoding, total, 1, one)
    segments, used = 1, 0
    for width in widths:
        if used + width > many:
            segments, used = segments + 1, 0
        used += width
    return Count(encoding, total, segments, segments * many)


def _simplified(text: str) -> str:
    return "".join(map(_closest, unicodedata.normalize("NFC", text)))


@lru_cache(maxsize=1024)
def _closest(character: str) -> str:
    """Return what stands for *character*: itself, its entry, or itself without accents."""
    if character in BASIC or character in EXTENDED:
        return character
    if character in CLOSEST:
        return CLOSEST[character]
    bare = "".join(c for c in unicodedata.normalize("NFKD", character) if not _is_mark(c))
    easy = "".join(CLOSEST.get(c, c) for c in bare)
    return easy if easy and is_gsm(easy) else character


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) == "Mn"
