"""Sign out: a client ends this browser, another one, or all of them."""

from __future__ import annotations

from portal.db import atomic
from portal.models.client_session import ClientSession, Visit
from portal.models.event import Event


@atomic
def sign_out(visit: Visit, session_id: int, *, request_id: str = "") -> bool:
    """End one of the client's own sessions; False when there is no such session of theirs."""
    if visit.contact_id is None:
        return False
    browser = ClientSession.end(visit.contact_id, session_id)
    if browser is None:
        return False
    _record(visit, request_id, {"browser": browser})
    return True


@atomic
def sign_out_everywhere(visit: Visit, *, request_id: str = "") -> None:
    if visit.contact_id is not None:
        ClientSession.end_all(visit.contact_id)
        _record(visit, request_id, {"everywhere": True})


def _record(visit: Visit, request_id: str, detail: dict[str, object]) -> None:
    Event.record(
        "signed_out",
        account_id=visit.account_id,
        contact_id=visit.contact_id,
        actor="client",
        request_id=request_id,
        detail=detail,
    )
