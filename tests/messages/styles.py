"""What a message looks like: the styles of each piece of text, by day and by night."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from bs4 import BeautifulSoup, Comment, NavigableString, Tag

DARK = re.compile(r"@media \(prefers-color-scheme: dark\) \{(.*?\})\s*\}", re.DOTALL)
RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
INVISIBLE = ("style", "title", "head")


class Words(NamedTuple):
    """A piece of text, with what it inherits."""

    text: str
    colour: str
    ground: str
    size: float


def declarations(style: str) -> dict[str, str]:
    """Return the properties of a style attribute or a rule's body."""
    pairs = (one.partition(":") for one in style.split(";") if one.strip())
    return {name.strip(): value.replace("!important", "").strip() for name, _, value in pairs}


def rules_of(sheet: str) -> dict[str, dict[str, str]]:
    """Return the properties of each class that *sheet*, a part of a style element, names."""
    found: dict[str, dict[str, str]] = {}
    for selectors, body in RULE.findall(sheet):
        for selector in selectors.split(","):
            assert re.fullmatch(r"\.[a-z-]+", selector.strip()), f"{selector} is no class"
            found.setdefault(selector.strip()[1:], {}).update(declarations(body))
    return found


def words_of(page: BeautifulSoup, scheme: str) -> Iterator[Words]:
    """Yield the words that *page* shows in the colour scheme `light` or `dark`."""
    sheet = DARK.search(str(page.style)) if scheme == "dark" else None
    night = rules_of(sheet[1]) if sheet else {}
    for text in page.find_all(string=True):
        parent = text.parent
        assert isinstance(text, NavigableString)
        if isinstance(text, Comment) or not text.strip() or parent.name in INVISIBLE:
            continue
        if parent.name == "[document]":
            continue
        yield Words(
            text.strip(),
            nearest(parent, "color", night),
            nearest(parent, "background-color", night),
            float(nearest(parent, "font-size", {}).removesuffix("px")),
        )


def nearest(tag: Tag | None, name: str, night: dict[str, dict[str, str]]) -> str:
    """Return what *tag* or the closest thing around it says of *name*."""
    while tag is not None:
        said = declarations(str(tag.get("style") or ""))
        for one in tag.get("class") or []:
            said |= night.get(one, {})
        if name in said:
            return said[name]
        tag = tag.parent
    raise AssertionError(f"nothing sets {name}")


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours like `#1f6f5c` (WCAG 2.2, relative luminance)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(share * c for share, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
