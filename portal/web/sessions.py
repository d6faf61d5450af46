"""Who is signed in: one cookie for each portal and one for staff, read by Flask-Login."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask, Request, Response, abort, g, request
from flask_login import LoginManager, UserMixin

from portal import scanners
from portal.config import settings
from portal.db import now
from portal.flows.sign_in import SignedIn
from portal.models import staff_session
from portal.models.client_session import ClientSession, Visit
from portal.models.client_view import Viewing
from portal.models.staff import Staff
from portal.models.staff_session import AtWork, StaffSession
from portal.notes import note
from portal.web import cookies
from portal.web.browser import family

STAFF_COOKIE = "staff"
_ADMIN = "/admin"


class SignedInClient(UserMixin):  # type: ignore[misc]
    """A client in one portal, for Flask-Login."""

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self.id = f"client-{visit.contact_id}"


class SignedInStaff(UserMixin):  # type: ignore[misc]
    """A staff member, for Flask-Login."""

    def __init__(self, at_work: AtWork) -> None:
        self.at_work = at_work
        self.id = f"staff-{at_work.staff.id}"

    @property
    def staff(self) -> Staff:
        return self.at_work.staff


def init_app(app: Flask) -> None:
    manager = LoginManager()
    manager.session_protection = None
    manager.init_app(app, add_context_processor=False)
    manager.request_loader(load)


def load(request: Request) -> SignedInClient | SignedInStaff | None:
    """Return who this request is from: staff under /admin, else a client of the portal."""
    if request.path.startswith(_ADMIN):
        at_work = _at_work()
        return SignedInStaff(at_work) if at_work else None
    visit: Visit | None = g.get("visit")
    return SignedInClient(visit) if visit and visit.session_id else None


def enter(slug: str) -> Visit:
    """Find the portal at *slug* and who is signed in to it, or whose view staff have of it.

    Answers 404 when there is none.
    """
    viewing: Viewing | None = g.get("viewing")
    if viewing and viewing.visit.slug == slug:
        visit: Visit | None = viewing.visit
    else:
        visit = ClientSession.visit(slug, cookies.digest_of(slug))
    if visit is None:
        abort(404)
    g.visit = visit
    return visit


def note_visit(response: Response) -> Response:
    """Note, at most once an hour in a portal that does not ask for more, that a browser is in use.

    The page itself only reads; this is a transaction of its own beside it, and a failure of it
    must not cost anybody their page.
    """
    visit: Visit | None = g.get("visit")
    if (
        visit
        and visit.session_id
        and visit.contact_id
        and visit.last_seen_at
        and visit.last_seen_at < now() - visit.touch_every
        and request.method == "GET"
    ):
        note(ClientSession.touch, (visit.session_id, visit.contact_id))
    return response


def note_work(response: Response) -> Response:
    """Note, at most every five minutes, that a staff browser is in use. Polling does not count."""
    at_work: AtWork | None = g.get("at_work")
    if (
        at_work
        and request.method == "GET"
        and not g.get("is_poll")
        and at_work.last_seen_at < now() - staff_session.TOUCH_EVERY
    ):
        note(StaffSession.touch, at_work.session_id)
    return response


def give_client(response: Response, signed_in: SignedIn) -> Response:
    cookies.write(response, signed_in.slug, signed_in.secret, signed_in.life)
    return response


def give_staff(response: Response, secret: str) -> Response:
    cookies.write(response, STAFF_COOKIE, secret, timedelta(seconds=settings().staff_session))
    return response


def browser_family() -> str:
    return family(request.headers.get("User-Agent", ""))


def network() -> str:
    """Return about where the request comes from, as the timeline keeps it."""
    return scanners.near(request.remote_addr or "")


def signs(*, keeps_cookies: bool) -> list[str]:
    """Return by what the request looks like one of a program."""
    headers = request.headers
    return scanners.signs_of(
        scanners.Request(
            method=request.method,
            user_agent=headers.get("User-Agent", ""),
            accept=headers.get("Accept", ""),
            languages=headers.get("Accept-Language", ""),
            purpose=headers.get("Sec-Purpose", headers.get("Purpose", "")).lower(),
            address=request.remote_addr or "",
            keeps_cookies=keeps_cookies,
            names_its_fetch="Sec-Fetch-Mode" in headers or not settings().is_https,
        )
    )


def _at_work() -> AtWork | None:
    if "at_work" not in g:
        digest = cookies.digest_of(STAFF_COOKIE)
        g.at_work = StaffSession.at_work(digest, g.get("slug", "")) if digest else None
    found: AtWork | None = g.at_work
    return found
