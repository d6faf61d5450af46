"""Which address a channel writes to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flask import Flask

from portal.db import db
from portal.models.account import Account
from portal.models.account_choices import arrange, locked
from tests.cast import Client, Staff, Worker, World
from tests.postman import Postman

TEXTS = """
from pathlib import Path
from portal.channel import Caps, Channel, Sent
from portal.hookspecs import hookimpl


class Texts(Channel):
    id, name, caps = "texts", "Texts", Caps(address="phone", kinds=frozenset({"login"}))

    def normalise_address(self, address, settings):
        return address.replace("+", "00")

    def send(self, request, settings):
        Path(__file__).with_suffix(".log").write_text(request.to)
        return Sent()


@hookimpl
def portal_channels(operator):
    return [Texts()]
"""


def with_texts(
    make_app: Callable[..., Flask], tmp_path: Path, postman: Postman, **settings: str
) -> World:
    """Let login messages go by text first, then by e-mail."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "texts.py").write_text(TEXTS)
    app = make_app(**settings)
    with app.app_context():
        account = Account.by_slug("acme")
        assert account
        arrange(locked(account.id), "login", ["texts", "email"])
        db.session.commit()
    return World(app, postman, Worker(app))


def test_a_channel_for_phones_gets_the_number_as_its_provider_wants_it(
    world: World, make_app: Callable[..., Flask], tmp_path: Path, postman: Postman
) -> None:
    ada = Staff(with_texts(make_app, tmp_path, postman), "ada@acme.example", "acme").signs_in()
    ada.at("contacts/new").presses(
        "Add contact", name="Carl", email="carl@carter.example", phone="+44 20 7946 0018"
    )
    ada.sends_login_email("carl@carter.example")
    ada.world.worker.drains()
    assert (tmp_path / "plugins" / "texts.log").read_text() == "00442079460018"


def test_a_contact_without_a_number_is_written_to_by_the_next_channel(
    world: World, make_app: Callable[..., Flask], tmp_path: Path, postman: Postman, carl: Client
) -> None:
    ada = Staff(with_texts(make_app, tmp_path, postman), "ada@acme.example", "acme").signs_in()
    ada.adds("Carl", carl.email)
    ada.sends_login_email(carl.email)
    ada.world.worker.drains()
    assert len(carl.letters()) == 1


def test_without_another_channel_it_fails_at_once_and_says_why(
    world: World, make_app: Callable[..., Flask], tmp_path: Path, postman: Postman, carl: Client
) -> None:
    only_texts = with_texts(make_app, tmp_path, postman, plugins="texts")
    ada = Staff(only_texts, "ada@acme.example", "acme").signs_in()
    ada.adds("Carl", carl.email)
    ada.sends_login_email(carl.email)
    ada.world.worker.drains()
    ada.page_of(carl.email).sees("The contact has no phone number")
