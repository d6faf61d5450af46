"""The fixed cast, and their browsers: Ada and Sol of Acme, Bea of Birch, Carl, and Mallory."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup, Tag
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import worker as workers
from portal.flows.staff_access import make_staff_link
from tests.leaks import SEEN, refuse_on_page
from tests.postman import Letter, Postman

PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1"
)
LAPTOP = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/150.0.0.0 Safari/537.36"
)
AS_BROWSERS_DO = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-GB,en;q=0.9",
}
SEE_OTHER, REPEAT = 303, 307


class Worker:
    """Does what is due, in this process and without the queue."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def drains(self) -> int:
        with self.app.app_context():
            return workers.drain()


class World(NamedTuple):
    """What people act in."""

    app: Flask
    postman: Postman
    worker: Worker


class Page:
    """A page as a browser without scripts has it: words, forms, buttons."""

    def __init__(self, browser: Browser, response: TestResponse, url: str) -> None:
        self.browser, self.response, self.url = browser, response, url
        self.status = response.status_code

    @cached_property
    def soup(self) -> BeautifulSoup:
        return BeautifulSoup(self.response.get_data().decode(errors="replace"), "html.parser")

    @cached_property
    def words(self) -> str:
        return " ".join(self.soup.get_text(" ").split())

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def title(self) -> str:
        return self.soup.title.get_text() if self.soup.title else ""

    def sees(self, *words: str) -> Page:
        for one in words:
            assert one in self.words, f"{one!r} is not in: {self.words[:1500]}"
        return self

    def does_not_see(self, *words: str) -> Page:
        for one in words:
            assert one not in self.words, f"{one!r} is in: {self.words[:1500]}"
        return self

    def is_at(self, path: str) -> Page:
        assert self.path == path, f"at {self.path}, not at {path}: {self.words[:500]}"
        return self

    def is_status(self, status: int) -> Page:
        assert self.status == status, f"{self.status}: {self.words[:500]}"
        return self

    def field(self, name: str) -> str:
        found = self.soup.find(attrs={"name": name}) or self.soup.find(id=name)
        assert isinstance(found, Tag), f"no field {name}"
        return str(found.get("value") or "")

    def follows(self, words: str) -> Page:
        """Follow the link with these words."""
        for link in self.soup.find_all("a"):
            if words in " ".join(link.get_text(" ").split()):
                return self.browser.opens(urljoin(self.url, str(link["href"])))
        raise AssertionError(f"no link {words!r} on {self.url}: {self.words[:800]}")

    def presses(self, words: str, **typed: Any) -> Page:
        """Fill *typed* into the form of the button with these words, and press it."""
        method, action, data = self._filled(words, typed)
        if method == "get":
            return self.browser.opens(action, query=data)
        return self.browser.posts(action, data)

    def sends(self, words: str, **typed: Any) -> TestResponse:
        """Press the button as `presses` does, and look no further than the answer."""
        method, action, data = self._filled(words, typed)
        return self.browser.asks(method.upper(), action, data=data)

    def _filled(self, words: str, typed: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
        """Return the method, address and data of the form of the button with these words."""
        button, form = self._button(words)
        data = self._data(form)
        if button.get("name"):
            data[str(button["name"])] = str(button.get("value", ""))
        data.update({name: value for name, value in typed.items() if value is not None})
        action = urljoin(self.url, str(button.get("formaction") or form.get("action") or ""))
        return str(form.get("method", "get")).lower(), action, data

    def _button(self, words: str) -> tuple[Tag, Tag]:
        for button in self.soup.find_all("button"):
            found = " ".join(button.get_text(" ").split())
            form = button.find_parent("form")
            if isinstance(form, Tag) and (found == words or found.startswith(words)):
                return button, form
        raise AssertionError(f"no button {words!r} on {self.url}: {self.words[:800]}")

    @staticmethod
    def _data(form: Tag) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for field in form.find_all(["input", "textarea", "select"]):
            name, kind = field.get("name"), field.get("type", "text")
            if not name or (kind in ("checkbox", "radio") and not field.has_attr("checked")):
                continue
            if field.name == "select":
                chosen = field.find("option", selected=True) or field.find("option")
                value = str(chosen.get("value", "")) if isinstance(chosen, Tag) else ""
            else:
                value = (
                    field.get_text() if field.name == "textarea" else str(field.get("value", ""))
                )
            if name in data and kind in ("checkbox", "hidden"):
                data[name] = [*([data[name]] if isinstance(data[name], str) else data[name]), value]
            else:
                data[str(name)] = value
        return data


class Browser:
    """One browser with its own cookies. It follows redirects, as browsers do."""

    def __init__(self, app: Flask, user_agent: str = LAPTOP, address: str = "198.51.100.7") -> None:
        self.http: FlaskClient = app.test_client()
        self.base = app.config["PORTAL_SETTINGS"].url
        self.headers = {"User-Agent": user_agent, **AS_BROWSERS_DO}
        self.address = address

    def opens(self, url: str, query: dict[str, Any] | None = None) -> Page:
        return self._go("GET", url, query_string=query)

    def posts(self, url: str, data: dict[str, Any]) -> Page:
        return self._go("POST", url, data=data)

    def asks(self, method: str, url: str, **kwargs: Any) -> TestResponse:
        """Make one request and follow nothing."""
        path = urljoin(self.base, url)
        headers = {**self.headers, **kwargs.pop("headers", {})}
        SEEN.in_address(path)
        SEEN.in_form(kwargs.get("data"))
        response = self.http.open(
            path,
            method=method,
            headers=headers,
            environ_base={"REMOTE_ADDR": self.address},
            **kwargs,
        )
        SEEN.in_cookies(response.headers.get_all("Set-Cookie"))
        if not response.request.path.startswith("/static/"):
            body = response.get_data().decode(errors="replace")
            refuse_on_page(response.request.path, method, response.headers.items(), body)
            response.request.environ["wsgi.input"].close()  # of a large form it is a file
        return response

    def _go(self, method: str, url: str, **kwargs: Any) -> Page:
        url = urljoin(self.base, url)
        for _hop in range(6):
            response = self.asks(method, url, **kwargs)
            if response.status_code not in (302, SEE_OTHER, REPEAT):
                return Page(self, response, url)
            url = urljoin(url, response.headers["Location"])
            if response.status_code != REPEAT:
                method, kwargs = "GET", {}
        raise AssertionError(f"too many redirects, last to {url}")


class Stranger:
    """Anyone with a browser."""

    user_agent = LAPTOP

    def __init__(self, world: World) -> None:
        self.world = world
        self.browser = self.another_browser()

    def another_browser(
        self, user_agent: str | None = None, address: str = "198.51.100.7"
    ) -> Browser:
        return Browser(self.world.app, user_agent or self.user_agent, address)

    def opens(self, url: str) -> Page:
        return self.browser.opens(url)


class Staff(Stranger):
    """A person of an account, who does what the help articles say."""

    def __init__(self, world: World, email: str, slug: str) -> None:
        super().__init__(world)
        self.email, self.slug = email, slug

    def signs_in(self) -> Staff:
        with self.world.app.app_context():
            token = make_staff_link(self.email)
        link = self.opens(f"/admin/in/{token}")
        answer = link.sends("Sign in")
        assert answer.location == "/admin/", link.words
        return self

    def at(self, path: str = "") -> Page:
        return self.opens(f"/admin/{self.slug}/{path}")

    def invites(self, email: str, **typed: str) -> Page:
        return self.at("invitations/new").presses("Send Invite", who=email, **typed)

    def sends_login_email(self, *emails: str) -> Page:
        ids = [str(self.id_of(email)) for email in emails]
        return self.at("login-emails/new").presses("Send", contact_ids=ids)

    def generates_link(self, email: str, **typed: str) -> str:
        page = self.at("magic-links/new").presses("Generate Magic Link", who=email, **typed)
        return page.sees("Works once").field("magic-link")

    def adds(self, name: str, email: str) -> Page:
        return self.at("contacts/new").presses("Add contact", name=name, email=email)

    def page_of(self, email: str) -> Page:
        return self.at(f"contacts/{self.id_of(email)}")

    def id_of(self, email: str) -> int:
        found = self.browser.opens(f"/admin/{self.slug}/contacts/", query={"q": email})
        for link in found.soup.select("ul.people a"):
            if email in link.get_text(" "):
                return int(re.findall(r"\d+", str(link["href"]))[-1])
        raise AssertionError(f"no contact {email}")


class Client(Stranger):
    """A client, who never learnt a password and reads mail on a phone."""

    user_agent = PHONE

    def __init__(self, world: World, email: str, slug: str, name: str = "") -> None:
        super().__init__(world)
        self.email, self.slug, self.name = email, slug, name

    def letters(self) -> list[Letter]:
        self.world.worker.drains()
        return self.world.postman.letters_to(self.email)

    def letter(self) -> Letter:
        self.world.worker.drains()
        return self.world.postman.last_to(self.email)

    def asks_for_link(self, email: str | None = None) -> Page:
        return self.opens(f"/p/{self.slug}/").presses(
            "Email me a sign-in link", email=email or self.email
        )

    def signs_in(self) -> Page:
        """Press the button of the newest letter."""
        return self.opens(self.letter().link).presses("Sign in")

    def home(self) -> Page:
        return self.opens(f"/p/{self.slug}/")
