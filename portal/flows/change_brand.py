"""Change brand: how the account shows itself to its clients."""

from __future__ import annotations

import re
from typing import Any, NamedTuple
from urllib.parse import quote

from portal.db import atomic
from portal.errors import AddressError
from portal.images import Picture, redraw
from portal.models import account_choices
from portal.models.account import Account
from portal.models.address import normalise_email
from portal.models.brand_image import ICON, LOGO, BrandImage
from portal.models.event import Event
from portal.models.staff import Staff

FRAMES = {LOGO: (480, 160), ICON: (96, 96)}
"""Pixels that a picture is drawn within: twice what a page shows, for fine screens."""


class Brand(NamedTuple):
    """What staff type of the brand. *accent* is #rrggbb."""

    name: str
    accent: str
    support: str = ""
    footer: str = ""


@atomic
def change_brand(account: Account, brand: Brand, *, by: Staff, request_id: str = "") -> bool:
    """Let pages and messages show *brand* from now on. Tell whether anything changed."""
    held = account_choices.locked(account.id)
    before = Brand(
        held.name, held.accent, held.brand.get("support", ""), held.brand.get("footer", "")
    )
    changes = {
        name: [was, value]
        for name, was, value in zip(Brand._fields, before, brand, strict=True)
        if was != value
    }
    if not changes:
        return False
    held.name, held.accent = brand.name, brand.accent
    held.brand = {
        **held.brand,
        "support": brand.support,
        "support_url": _url_of(brand.support),
        "footer": brand.footer,
    }
    _record(account, by, request_id, {"changes": changes})
    return True


def hang_picture(
    account: Account, what: str, data: bytes, *, by: Staff, request_id: str = ""
) -> None:
    """Show the picture in the file *data* as the account's `logo` or `icon`.

    It is drawn before the transaction begins: a large one takes a while. Raises PictureError.
    """
    _hang(account, what, redraw(data, *FRAMES[what], is_square=what == ICON), by, request_id)


@atomic
def take_picture_down(account: Account, what: str, *, by: Staff, request_id: str = "") -> None:
    held = account_choices.locked(account.id)
    if what not in held.brand:
        return
    BrandImage.take_down(account.id, what)
    held.brand = {name: value for name, value in held.brand.items() if name != what}
    _record(account, by, request_id, {"changed": [what], "removed": True})


@atomic
def _hang(account: Account, what: str, picture: Picture, by: Staff, request_id: str) -> None:
    held = account_choices.locked(account.id)
    digest = BrandImage.put_up(account.id, what, picture.body)
    shown = {"digest": digest, "width": picture.width, "height": picture.height}
    held.brand = {**held.brand, what: shown}
    _record(account, by, request_id, {"changed": [what]})


def _url_of(support: str) -> str:
    """Return where a press on *support* leads, or nothing for plain words."""
    if re.fullmatch(r"https://[^\s\"<>]+", support):
        return support
    if re.fullmatch(r"\+?[0-9][0-9 ()./-]{4,}", support):
        return "tel:" + "".join(sign for sign in support if sign in "+0123456789")
    try:
        normalise_email(support)
    except AddressError:
        return ""
    return f"mailto:{quote(support, safe='@.+-_')}"


def _record(account: Account, by: Staff, request_id: str, detail: dict[str, Any]) -> None:
    Event.record(
        "account_changed", account_id=account.id, by=by, request_id=request_id, detail=detail
    )
