"""Ada and Sol with a password, in browsers that can be asked for a passkey."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from portal import passwords, totp
from portal.db import db, now
from portal.flows.staff_access import make_staff_link
from portal.models import Staff, StaffTotp
from tests.cast import Browser, Page, World
from tests.links.fixtures import clock
from tests.second_factor.authenticator import Authenticator

__all__ = ["clock"]
URL = "http://localhost:8000"
ADA, SOL, BEA = "ada@acme.example", "sol@acme.example", "bea@birch.example"
PASSWORD = "seven green bottles on a wall"
SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""For what no statement decides."""
HASH = passwords.hash_of(PASSWORD)


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """Browsers keep passkeys for names alone, not for 127.0.0.1."""
    return make_app(url=URL)


@pytest.fixture
def password(world: World) -> str:
    """Ada has chosen one."""
    with world.app.app_context():
        person(ADA).password_hash = HASH
        db.session.commit()
    return PASSWORD


class Person:
    """Somebody of the staff at a browser, with an app for codes and a device for passkeys."""

    def __init__(self, world: World, email: str = ADA, address: str = "198.51.100.7") -> None:
        self.world, self.email = world, email
        self.browser = Browser(world.app, address=address)
        self.device = Authenticator(URL)
        self.secret = b""

    @property
    def staff_id(self) -> int:
        with self.world.app.app_context():
            return person(self.email).id

    def opens(self, path: str) -> Page:
        return self.browser.opens(f"/admin/{path}")

    def types_password(self, password: str = PASSWORD) -> Page:
        return self.opens("").presses("Sign in", email=self.email, password=password)

    def presses_link(self, *, skips_second: bool = False) -> Page:
        """Take the first step by a link of the server: quicker than the hash of a password."""
        with self.world.app.app_context():
            token = make_staff_link(self.email, skips_second=skips_second)
        return self.browser.opens(f"/admin/in/{token}").presses("Sign in")

    def is_in(self) -> bool:
        return self.opens("accounts").path == "/admin/accounts"

    def sets_up_codes(self) -> Page:
        page = self.opens("_sign-in/").presses("Set up")
        with self.world.app.app_context():
            self.secret = StaffTotp.pending_of(self.staff_id) or b""
            db.session.rollback()
        assert totp.in_text(self.secret) in page.words
        return page.presses("Switch on", code=self.code())

    def makes_recovery_codes(self) -> list[str]:
        page = self.opens("_sign-in/recovery").presses("Make ten codes")
        return page.soup.select_one("#recovery-codes").get_text().split()  # type: ignore[union-attr]

    def code(self, steps: int = 0) -> str:
        return totp.code_at(self.secret, totp.step_at(now()) + steps)

    def asks(self, purpose: str, **form: str) -> Any:
        """Ask for what the browser needs for a passkey; return the answer's JSON."""
        return self._posts("ask", purpose, **form).get_json()

    def answers(self, purpose: str, credential: str, **form: str) -> Any:
        return self._posts("answer", purpose, credential=credential, **form)

    def adds_passkey(self, name: str = "My phone") -> Any:
        return self.answers("add", self.device.makes(self.asks("add")), name=name)

    def uses_passkey(self, purpose: str = "sign-in", **cheats: Any) -> Any:
        return self.answers(purpose, self.device.signs(self.asks(purpose), **cheats))

    def signs_out(self) -> None:
        self.opens("accounts").presses("Sign out")

    def _posts(self, what: str, purpose: str, **form: str) -> Any:
        token = self.opens("accounts").field("csrf_token")
        data = {"csrf_token": token, "purpose": purpose, **form}
        return self.browser.asks("POST", f"/admin/_passkeys/{what}", data=data)


@pytest.fixture
def ada(world: World) -> Person:  # type: ignore[override]
    """Ada, signed in."""
    found = Person(world)
    found.presses_link().sees("Client Portal")
    return found


def person(email: str) -> Staff:
    found = Staff.by_email(email)
    assert found
    return found
