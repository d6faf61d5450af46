"""What is asked of every page: axe-core finds nothing, and nothing lies beyond a narrow screen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Page

WIDTHS = (1280, 360)
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
NARROWEST = 320
LETTER_RULES = {"landmark-one-main": {"enabled": False}, "region": {"enabled": False}}
COLOUR_RULES = ("color-contrast", "link-in-text-block")
IS_ARABIC = "document.dir === 'rtl'"
# What a card cuts off at its edge is beyond the edge, too; what can be scrolled to is not.
BEYOND = """() => {
  const edge = document.documentElement.clientWidth;
  const isWithin = (part) => {
    for (let box = part; box && box !== document.body; box = box.parentElement) {
      const style = getComputedStyle(box);
      if (["auto", "scroll"].includes(style.overflowX) || style.clipPath !== "none") return true;
    }
    return !part.checkVisibility({visibilityProperty: true, opacityProperty: true});
  };
  return [...document.querySelectorAll("body *")]
    .filter((part) => {
      const {left, right, width} = part.getBoundingClientRect();
      return width > 1 && (right > edge + 0.5 || left < -0.5) && !isWithin(part);
    })
    .map((part) => part.outerHTML.slice(0, 120));
}"""


def violations(
    page: Page,
    *,
    is_letter: bool = False,
    schemes: Sequence[Scheme] = SCHEMES,
    widths: Sequence[int] = WIDTHS,
) -> list[str]:
    """Return what axe-core objects to, in light and dark, on a phone and on a desk.

    A letter is no page: the mail program around it has the landmarks. Dark changes colours and
    nothing else, so that there the rules about colours are enough; and at the second width these
    are asked about what appears there, or looks different.
    """
    if page.evaluate("typeof axe") == "undefined":
        # a script element would be refused by the page's own rules
        page.evaluate(source("axe.min.js"))
    return [
        f"{scheme} {width}: {words}"
        for scheme in schemes
        for width in widths
        for words in _violations(
            page, scheme, width, is_letter=is_letter, is_first=width == widths[0]
        )
    ]


def overflow(page: Page) -> list[str]:
    """Return what reaches beyond the narrowest screen."""
    sees(page, "light", NARROWEST)
    found: list[str] = page.evaluate(BEYOND)
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        found.append("the page scrolls sideways")
    return found


def sees(page: Page, scheme: Scheme, width: int) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 740 if width < 600 else 860})


def _violations(
    page: Page, scheme: Scheme, width: int, *, is_letter: bool, is_first: bool
) -> list[str]:
    sees(page, scheme, width)
    is_dark = scheme == "dark"
    asked = {
        "rules": LETTER_RULES if is_letter else {},
        "colours": COLOUR_RULES,
        "isDark": is_dark,
        "isFirst": is_first,
    }
    found: dict[str, Any] = page.evaluate(source("look.js"), asked)
    if is_first or not is_dark:
        # Of Arabic letters axe measures no contrast: their colours are those of the others.
        least = (-1 if page.evaluate(IS_ARABIC) else 0) if is_dark else 5
        assert found["passed"] > least, "axe has looked at nothing"
    words: list[str] = found["violations"]
    return words


@cache
def source(name: str) -> str:
    """Return a script that stands beside this file."""
    return Path(__file__).with_name(name).read_text()
