"""A running portal with two accounts, and people at browsers of their own whose every complaint
is kept: script errors, refused resources, requests to elsewhere."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, WebError

from portal import kept_mail, tokens
from tests import commands
from tests.live import Portico
from tests.postman import CODE, LINK
from tests.servers import free_port

T = TypeVar("T")
PATIENCE = 15
A_WHILE_AGO = 3_600_000_000
"""Microseconds, as the database counts them."""

PAPERS = '''
"""Two areas for the clients of Birch: one to read, one that is broken; and a broken page."""

from flask import Blueprint

from portal.channel import Section
from portal.hookspecs import hookimpl


def papers(asked):
    return "<p>None yet.</p>"


def broken(asked):
    raise RuntimeError("the shelf fell down")


@hookimpl
def portal_sections(account_slug):
    if account_slug != "birch":
        return ()
    return (
        Section("papers", "Papers", "What we have agreed", "file", papers),
        Section("invoices", "Invoices", "What is open and what is paid", "folder", broken),
    )


@hookimpl
def portal_blueprint(place):
    pages = Blueprint("papers", __name__)
    pages.add_url_rule("/broken", "broken", lambda: broken(None))
    return pages if place == "public" else None
'''
ADA, BEA, SOL = "ada@acme.example", "bea@birch.example", "sol@acme.example"


class House:
    """An installation: Acme with its demo contacts and, if wanted, Birch: new, with sections."""

    def __init__(self, portico: Portico, chromium: Browser) -> None:
        self.portico, self.chromium = portico, chromium
        self.visitors: list[Visitor] = []
        self.urls: list[str] = []
        self.staff_links = {ADA: portico.line("Owner sign-in")}
        self._cookies: dict[str, Any] = {}
        self._networks = count(1)

    @classmethod
    def open(cls, home: Path, chromium: Browser, **settings: str) -> House:
        (home / "plugins").mkdir(parents=True)
        (home / "plugins" / "papers.py").write_text(PAPERS)
        port = settings.pop("PORT", "") or str(free_port())
        settings = {
            "PORT": port,
            "PORTAL_URL": f"http://localhost:{port}",
            "PORTAL_TRUSTED_PROXIES": "1",
            "PORTAL_LIMIT_LINKS_PER_IP": "8",
            **settings,
        }
        return cls(Portico.start(home, **settings), chromium)

    def gets_birch(self) -> House:
        made = self.tells("account", "create", "Birch", "--owner", BEA)
        self.staff_links[BEA] = made.split()[-1]
        return self

    @property
    def url(self) -> str:
        """By a name: browsers keep no passkeys for numbers."""
        return f"http://localhost:{self.portico.port}"

    def tells(self, *words: str) -> str:
        """Run the `portal` command and return what it prints."""
        done = commands.run(self.portico.home, *words, PORTAL_URL=self.url)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def visitor(self, **settings: Any) -> Visitor:
        """Someone new, in a browser and a network of their own."""
        number = next(self._networks)
        context = {
            "base_url": self.url,
            "extra_http_headers": {"X-Forwarded-For": f"10.0.{number // 250}.{number % 250 + 1}"},
            "reduced_motion": "reduce",
            **settings,
        }
        self.visitors.append(Visitor(self, self.chromium.new_context(**context)))
        return self.visitors[-1]

    def staff(self, email: str = ADA, slug: str = "acme", **settings: Any) -> Desk:
        """The owner of Acme or Birch in a signed-in browser: their link works once, so the
        cookies of the first go into the next."""
        if email not in self._cookies:
            visitor = self.visitor()
            visitor.opens(self.staff_links[email]).get_by_role("button", name="Sign in").click()
            visitor.page.get_by_role("button", name="Sign in").wait_for(state="detached")
            self._cookies[email] = visitor.context.storage_state()
        return Desk(self.visitor(storage_state=self._cookies[email], **settings), slug)

    def letter_to(self, email: str, subject: str = "") -> EmailMessage:
        """Return the newest message to *email*, as soon as it is there."""
        return eventually(lambda: self._letter_to(email, subject), f"a message to {email}")

    def link_to(self, email: str, subject: str = "") -> str:
        return LINK.findall(text_of(self.letter_to(email, subject)))[0]

    def code_to(self, email: str) -> str:
        found = CODE.search(text_of(self.letter_to(email, "Sign in")))
        assert found
        return found[1]

    def lets_expire(self, link: str) -> None:
        """Let the time of *link* pass."""
        digest = tokens.token_digest_of(link.rsplit("/", 1)[1])
        with sqlite3.connect(self.portico.home / "portal.db", timeout=10) as database:
            changed = database.execute(
                "UPDATE magic_link SET expires_at = created_at - ? WHERE token_digest = ?",
                (A_WHILE_AGO, digest),
            )
        assert changed.rowcount == 1
        database.close()

    def pauses(self, slug: str, channel: str, words: str) -> None:
        """Let the account's *channel* be paused, as when its provider does not accept us."""
        later = time.time_ns() // 1000 + A_WHILE_AGO
        with sqlite3.connect(self.portico.home / "portal.db", timeout=10) as database:
            changed = database.execute(
                "UPDATE channel_setting SET paused_why = 'sign_in', paused_until = ?,"
                " last_error = ?, last_error_at = ? WHERE channel = ? AND account_id ="
                " (SELECT id FROM account WHERE slug = ?)",
                (later, words, later - A_WHILE_AGO, channel, slug),
            )
        assert changed.rowcount == 1
        database.close()

    def all_leave(self) -> list[str]:
        """Close every browser; return what they had to complain about."""
        complaints = [words for visitor in self.visitors for words in visitor.leaves()]
        self.visitors.clear()
        return complaints

    def _letter_to(self, email: str, subject: str) -> EmailMessage | None:
        folder = self.portico.home / "mailbox"
        for summary in kept_mail.newest(folder):
            if email in summary.to and subject in summary.subject:
                return letter_of(folder, summary.id)
        return None


class Finger(NamedTuple):
    """What a device with passkeys waits for: it is always there."""

    session: Any
    device: str

    def is_known(self, is_known: bool) -> None:
        way = {"authenticatorId": self.device, "isUserVerified": is_known}
        self.session.send("WebAuthn.setUserVerified", way)


class Visitor:
    """Someone with a browser."""

    def __init__(self, house: House, context: Any) -> None:
        self.house, self.context = house, context
        self.complaints: list[str] = []
        self.requests: list[Request] = []
        context.set_default_timeout(PATIENCE * 1000)
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)
        context.on("request", self._on_request)
        context.on("response", self._on_response)
        self.page: Page = context.new_page()

    def opens(self, url: str) -> Page:
        self.page.goto(url)
        return self.page

    def has_passkeys(self) -> Finger:
        """Give the browser a device that keeps passkeys, and a finger that is always there."""
        session = self.context.new_cdp_session(self.page)
        session.send("WebAuthn.enable")
        device = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        found = session.send("WebAuthn.addVirtualAuthenticator", {"options": device})
        return Finger(session, str(found["authenticatorId"]))

    def leaves(self) -> list[str]:
        self.context.close()
        return self.complaints

    def _on_console(self, message: ConsoleMessage) -> None:
        # The browser itself remarks on 404, 410 and 422, which are answers like any other here.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.complaints.append(f"{message.location.get('url')}: {message.text}")

    def _on_error(self, error: WebError) -> None:
        self.complaints.append(f"{error.page and error.page.url}: {error.error}")

    def _on_request(self, request: Request) -> None:
        self.requests.append(request)
        if not request.url.startswith(
            (self.house.url, *self.house.urls, "data:", "about:", "blob:")
        ):
            self.complaints.append(f"{request.url} is not ours")

    def _on_response(self, response: Response) -> None:
        is_part = response.request.resource_type in ("stylesheet", "script", "image", "font")
        if is_part and response.status >= 400:
            self.complaints.append(f"{response.url}: {response.status}")


class Desk:
    """Staff at their account's pages, who get things done without further ado."""

    def __init__(self, visitor: Visitor, slug: str) -> None:
        self.visitor, self.page = visitor, visitor.page
        self.base = f"/admin/{slug}/"

    def at(self, path: str = "") -> Page:
        return self.visitor.opens(self.base + path)

    def adds(self, name: str, email: str) -> Page:
        page = self.at("contacts/new")
        page.get_by_label("Name").fill(name)
        page.get_by_label("E-mail address").fill(email)
        page.get_by_role("button", name="Add contact").click()
        page.get_by_role("heading", name="Timeline").wait_for()
        return page

    def invites(self, email: str, name: str = "") -> Page:
        page = self.at("invitations/new")
        page.get_by_label("Contact or e-mail address").fill(email)
        page.get_by_label("Name").fill(name)
        page.get_by_role("button", name="Send Invite").click()
        page.get_by_text(f"Invitation to {email} is on its way").wait_for()
        return page

    def magic_link(self, email: str) -> str:
        page = self.at("magic-links/new")
        page.get_by_label("Contact or e-mail address").fill(email)
        page.get_by_role("button", name="Generate Magic Link").click()
        return page.get_by_label("Link", exact=True).input_value()

    def regenerates(self) -> str:
        self.page.get_by_role("button", name="Regenerate").click()
        self.page.wait_for_load_state()
        return self.page.get_by_label("Link", exact=True).input_value()

    def page_of(self, email: str) -> Page:
        page = self.at(f"contacts/?q={email.replace('+', '%2B')}")
        page.get_by_role("link", name=email).click()
        page.get_by_role("heading", name="Timeline").wait_for()
        return page


def eventually(look: Callable[[], T | None], what: str) -> T:
    """Return what *look* finds, as soon as it finds something."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come in {PATIENCE} s")


def letter_of(folder: Path, message_id: str) -> EmailMessage:
    """Return a message as the local mailbox keeps it."""
    raw = kept_mail.raw(folder, message_id)
    found = message_from_bytes(raw or b"", policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def text_of(letter: EmailMessage) -> str:
    part = letter.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def html_of(letter: EmailMessage) -> str:
    part = letter.get_body(("html",))
    assert part is not None
    return str(part.get_content())
