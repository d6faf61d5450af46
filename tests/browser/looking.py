"""What is asked of every page: axe-core finds nothing, and nothing lies beyond a narrow screen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Page

AXE = Path(__file__).with_name("axe.min.js")
WIDTHS = (1280, 360)
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
NARROWEST = 320
LETTER_RULES = {"landmark-one-main": {"enabled": False}, "region": {"enabled": False}}
COLOUR_RULES = ("color-contrast", "link-in-text-block")
# A framed message is looked at by itself: nothing may run inside its frame, not even axe.
RUN_AXE = """async ([rules, only]) => {
  document.getAnimations().forEach((animation) => animation.finish());
  const found = await axe.run(document, {
    iframes: false, preload: false, resultTypes: ["violations"], rules,
    ...(only.length ? {runOnly: {type: "rule", values: only}} : {}),
  });
  return {
    passed: found.passes.length,
    violations: found.violations.flatMap((rule) => rule.nodes.map(
      (node) => `${rule.id}: ${node.target} ${node.failureSummary}`)),
  };
}"""
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
    nothing else, so that there the rules about colours are enough.
    """
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(axe())  # a script element would be refused by the page's own rules
    return [
        f"{scheme} {width}: {words}"
        for scheme in schemes
        for width in widths
        for words in _violations(page, scheme, width, is_letter=is_letter)
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


def _violations(page: Page, scheme: Scheme, width: int, *, is_letter: bool) -> list[str]:
    sees(page, scheme, width)
    rules = LETTER_RULES if is_letter else {}
    only = () if scheme == "light" else COLOUR_RULES
    found: dict[str, Any] = page.evaluate(RUN_AXE, [rules, only])
    # Of Arabic letters axe measures no contrast: their colours are those of the others.
    has_looked = found["passed"] > (0 if only else 5) or (only and page.evaluate(IS_ARABIC))
    assert has_looked, "axe has looked at nothing"
    words: list[str] = found["violations"]
    return words


@cache
def axe() -> str:
    return AXE.read_text()
