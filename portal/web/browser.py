"""Which browser someone uses, in words that a support person and a client understand."""

from __future__ import annotations

import re
from functools import lru_cache

_BROWSERS = (
    ("Edge", re.compile(r"Edg(?:e|A|iOS)?/")),
    ("Opera", re.compile(r"OPR/|Opera")),
    ("Samsung Internet", re.compile(r"SamsungBrowser/")),
    ("Firefox", re.compile(r"Firefox/|FxiOS/")),
    ("Chrome", re.compile(r"Chrome/|CriOS/|Chromium/")),
    ("Safari", re.compile(r"Safari/")),
    ("Apple Mail", re.compile(r"AppleWebKit/")),
)
_SYSTEMS = (
    ("iPhone", re.compile(r"iPhone")),
    ("iPad", re.compile(r"iPad")),
    ("Android", re.compile(r"Android")),
    ("Windows", re.compile(r"Windows")),
    ("ChromeOS", re.compile(r"CrOS")),
    ("Mac", re.compile(r"Macintosh|Mac OS X")),
    ("Linux", re.compile(r"Linux|X11")),
)


@lru_cache(maxsize=256)
def family(user_agent: str) -> str:
    """Return for instance "Chrome on Android"; never more of the header than that."""
    browser = next((name for name, found in _BROWSERS if found.search(user_agent)), "")
    system = next((name for name, found in _SYSTEMS if found.search(user_agent)), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or _UNKNOWN


def number_of(called: str) -> int:
    """Return the number of a family in words, by which a support code can name it."""
    return _FAMILIES.index(called) if called in _FAMILIES else 0


def by_number(number: int) -> str:
    """Return the family that *number* names; 0 and what was never given are an unknown one."""
    return _FAMILIES[number] if number < len(_FAMILIES) else _UNKNOWN


_UNKNOWN = "An unknown browser"
_FAMILIES = (
    _UNKNOWN,
    *(name for name, _found in _BROWSERS),
    *(name for name, _found in _SYSTEMS),
    *(f"{browser} on {system}" for browser, _b in _BROWSERS for system, _s in _SYSTEMS),
)
