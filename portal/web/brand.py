"""The account's brand for browsers: its accent in shades that can be read, logo and favicon."""

from __future__ import annotations

from typing import NamedTuple

from flask import Blueprint, Response, abort, request

from portal.models.brand_image import BrandImage
from portal.models.client_session import ClientSession
from portal.web.headers import A_YEAR

bp = Blueprint("brand", __name__)

_LIGHT_PAGE, _DARK_PAGE = (255, 255, 255), (24, 26, 27)
_WHITE, _BLACK = (255, 255, 255), (17, 17, 17)
_READABLE = 4.5
"""WCAG 2.2, 1.4.3: the contrast of text against its background."""

Colour = tuple[int, int, int]


class Shade(NamedTuple):
    """The accent on light or on dark pages, and how well it can be read there.

    Ratios are from 1 to 21. *on_page* is the colour's against the page, *on_button* that of the
    words *ink* on a button of the colour, *typed_ratio* what the colour as it was typed would have
    against the page.
    """

    colour: str
    page: str
    ink: str
    on_page: float
    on_button: float
    typed_ratio: float
    was_moved: bool


@bp.get("/p/<slug>/brand.css")
def css(slug: str) -> Response:
    visit = ClientSession.visit(slug, None)
    if visit is None:
        abort(404)
    response = Response(style_sheet(visit.accent), mimetype="text/css")
    if request.args.get("v") == visit.accent[1:]:
        response.headers["Cache-Control"] = A_YEAR
    return response


@bp.get("/p/<slug>/brand/<filename>")
def picture(slug: str, filename: str) -> Response:
    """Send a logo or favicon. Its address is its digest, so a new one has a new address."""
    body = BrandImage.body_of(slug, filename.removesuffix(".png"))
    if body is None:
        abort(404)
    return Response(body, mimetype="image/png", headers={"Cache-Control": A_YEAR})


def style_sheet(accent: str) -> str:
    """Return custom properties for *accent* (#rrggbb), moved until they can be read."""
    light, dark = shades(accent)
    return (
        f":root{{--accent:{light.colour};--on-accent:{light.ink}}}"
        "@media (prefers-color-scheme:dark)"
        f"{{:root{{--accent:{dark.colour};--on-accent:{dark.ink}}}}}"
    )


def shades(accent: str) -> tuple[Shade, Shade]:
    """Return *accent* as light pages and dark pages show it."""
    return _shade(_parse(accent), _LIGHT_PAGE), _shade(_parse(accent), _DARK_PAGE)


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio of WCAG 2.2, from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _shade(typed: Colour, page: Colour) -> Shade:
    colour = _readable(typed, page)
    ink = _WHITE if contrast(colour, _WHITE) >= _READABLE else _BLACK
    return Shade(
        colour=_hex(colour),
        page=_hex(page),
        ink=_hex(ink),
        on_page=contrast(colour, page),
        on_button=contrast(colour, ink),
        typed_ratio=contrast(typed, page),
        was_moved=colour != typed,
    )


def _readable(colour: Colour, page: Colour) -> Colour:
    goal = 0 if sum(page) > 382 else 255
    for step in range(21):
        mixed = tuple(round(part + (goal - part) * step / 20) for part in colour)
        if contrast((mixed[0], mixed[1], mixed[2]), page) >= _READABLE:
            return mixed[0], mixed[1], mixed[2]
    return goal, goal, goal


def _luminance(colour: Colour) -> float:
    parts = [part / 255 for part in colour]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parse(accent: str) -> Colour:
    return int(accent[1:3], 16), int(accent[3:5], 16), int(accent[5:7], 16)


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
