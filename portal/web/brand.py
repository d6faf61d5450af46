"""The account's accent as a style sheet, in shades that can be read on light and on dark."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request

from portal.models.client_session import ClientSession
from portal.web.headers import A_YEAR

bp = Blueprint("brand", __name__)

_LIGHT_PAGE, _DARK_PAGE = (255, 255, 255), (24, 26, 27)
_READABLE = 4.5
"""WCAG 2.2, 1.4.3: the contrast of text against its background."""

Colour = tuple[int, int, int]


@bp.get("/p/<slug>/brand.css")
def css(slug: str) -> Response:
    visit = ClientSession.visit(slug, None)
    if visit is None:
        abort(404)
    response = Response(style_sheet(visit.accent), mimetype="text/css")
    if request.args.get("v") == visit.accent[1:]:
        response.headers["Cache-Control"] = A_YEAR
    return response


def style_sheet(accent: str) -> str:
    """Return custom properties for *accent* (#rrggbb), moved until they can be read."""
    light = _readable(_parse(accent), _LIGHT_PAGE)
    dark = _readable(_parse(accent), _DARK_PAGE)
    return (
        f":root{{--accent:{_hex(light)};--on-accent:{_on(light)}}}"
        "@media (prefers-color-scheme:dark)"
        f"{{:root{{--accent:{_hex(dark)};--on-accent:{_on(dark)}}}}}"
    )


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio of WCAG 2.2, from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _readable(colour: Colour, page: Colour) -> Colour:
    goal = 0 if sum(page) > 382 else 255
    for step in range(21):
        mixed = tuple(round(part + (goal - part) * step / 20) for part in colour)
        if contrast((mixed[0], mixed[1], mixed[2]), page) >= _READABLE:
            return mixed[0], mixed[1], mixed[2]
    return goal, goal, goal


def _on(colour: Colour) -> str:
    return "#fff" if contrast(colour, (255, 255, 255)) >= _READABLE else "#111"


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
