"""Hold contacts whole: nobody writes about them until the transaction at hand has ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import delete, select

from portal.db import DatabaseAway, db, execute
from portal.errors import GoneError
from portal.languages import _
from portal.models.account import Account
from portal.models.contact import Contact
from portal.models.delivery import Delivery
from portal.models.magic_link import MagicLink
from portal.models.portal_access import PortalAccess
from portal.models.sign_in_request import SignInRequest

P = ParamSpec("P")
R = TypeVar("R")

TRIES = 5
_DEADLOCK = "40P01"
"""PostgreSQL's word for two who wait for each other: one of them is told to begin anew."""


def hold(account: Account, known_as: dict[int, str]) -> list[Contact]:
    """Keep everybody else from the contacts until this transaction ends; return them by their ids.

    *known_as* says for each id whose page the person saw, by the normalised address. Raises
    GoneError when one of them is somebody else by now, or nobody.
    """
    ids, norms = [*known_as], [*known_as.values()]
    # In the order in which workers take them: a message, its link, the access, the contact. The
    # requests come first, since a worker that answers one goes on to all of these.
    of_account = SignInRequest.account_id == account.id
    execute(delete(SignInRequest).where(of_account, SignInRequest.email_norm.in_(norms)))
    for row_id, of in _HELD:
        _lock(select(row_id).where(of.in_(ids)).order_by(row_id))
    query = select(Contact).where(Contact.account_id == account.id, Contact.id.in_(ids))
    found = _lock(query.order_by(Contact.id).execution_options(populate_existing=True))
    if {contact.id: contact.email_norm for contact in found} != known_as:
        raise GoneError(
            _("Somebody changed, merged or deleted this contact meanwhile. Look again.")
        )
    return list(found)


def once_more(flow: Callable[P, R]) -> Callable[P, R]:
    """Begin *flow* anew when the database ended it in favour of another one."""

    @wraps(flow)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for _try in range(TRIES - 1):
            try:
                return flow(*args, **kwargs)
            except DatabaseAway as error:
                if getattr(error.orig, "sqlstate", "") != _DEADLOCK:
                    raise
        return flow(*args, **kwargs)

    return run


def _lock(query: Any) -> Sequence[Any]:
    found: Sequence[Any] = db.session.scalars(query.with_for_update()).all()
    return found


_HELD: tuple[tuple[Any, Any], ...] = (
    (Delivery.id, Delivery.contact_id),
    (MagicLink.id, MagicLink.contact_id),
    (PortalAccess.contact_id, PortalAccess.contact_id),
)
