"""Which browser someone uses, in words that a support person and a client understand."""

from __future__ import annotations

import re

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


def family(user_agent: str) -> str:
    """Return for instance "Chrome on Android"; never more of the header than that."""
    browser = next((name for name, found in _BROWSERS if found.search(user_agent)), "")
    system = next((name for name, found in _SYSTEMS if found.search(user_agent)), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or "An unknown browser"
