"""The bare address of the installation, which nobody was given but many type."""

from __future__ import annotations

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from portal.models.account import Account
from portal.web.redirects import see_other

bp = Blueprint("front", __name__)


@bp.get("/")
def page() -> ResponseReturnValue:
    """Go to the portal when there is just one, else to where staff sign in."""
    slug = Account.only_slug()
    return see_other(url_for("portal.front", slug=slug) if slug else url_for("staff.sign_in"))
