"""The support code on a page that a client sees when something went wrong."""

from __future__ import annotations

from flask import g, request

from portal import support_codes
from portal.db import now
from portal.flows.support import fall
from portal.models.client_session import Visit
from portal.models.support_code import OnPage
from portal.web import sessions
from portal.web.browser import number_of

BUSY = 503
_CLIENTS = ("/p/", "/l/")


def code_for(page: str, given: str) -> str:
    """Return the code *given* as it is shown, or, when there is none, one that says by itself
    which *page* in which browser."""
    blind = given or support_codes.blind(page, number_of(sessions.browser_family()), now())
    return support_codes.shown(blind)


def code_of_error(status: int) -> str:
    """Return the code for an error page, or '' where no client comes."""
    if not request.path.startswith(_CLIENTS):
        return ""
    return code_for(str(status), _of_signed_in(status))


def _of_signed_in(status: int) -> str:
    """A database that does not answer is not asked to write as well. What staff see in a view is
    not the client's story."""
    visit: Visit | None = g.get("visit")
    if visit is None or visit.contact_id is None or visit.is_view or status == BUSY:
        return ""
    browser = sessions.browser_family()
    on = OnPage(visit.account_id, str(status), browser, visit.contact_id)
    return fall(on, g.get("request_id", ""))
