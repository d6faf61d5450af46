"""Acme with a second channel, Pigeon, whose behaviour the tests decide, and who may report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from portal.channel import Channel
from portal.db import db
from portal.flows.open_account import open_account
from portal.flows.staff_access import add_staff
from portal.models.account import Account
from portal.models.channel_setting import ChannelSetting
from portal.models.delivery import Delivery
from portal.models.event import Event
from portal.models.portal_access import PortalAccess
from portal.models.staff_role import Role
from tests.cast import Client, Staff, Worker, World
from tests.postman import Postman

PIGEON = '''
"""Pigeon: takes messages to telephone numbers, and reports what became of them."""

import json

import wtforms
from wtforms.fields.choices import SelectChoice

from portal.channel import (
    Caps, Channel, ForgedError, PermanentError, Receipt, Sent, SettingsForm, TemporaryError,
)
from portal.hookspecs import hookimpl


class PigeonForm(SettingsForm):
    loft = wtforms.StringField("Loft", [wtforms.validators.Length(max=20)],
                               description="Where the birds live.",
                               render_kw={"data-group": "The birds"})
    word = wtforms.PasswordField("Secret word", [wtforms.validators.DataRequired("Say the word.")],
                                 widget=wtforms.widgets.PasswordInput(hide_value=False),
                                 render_kw={"data-group": "The birds"})
    birds = wtforms.IntegerField("Birds", [wtforms.validators.Optional()], default=3)
    colour = wtforms.SelectField("Colour", choices=[SelectChoice("grey", "Grey"),
                                                     SelectChoice("white", "White")])
    rests = wtforms.BooleanField("Rests on Sundays")
    song = wtforms.TextAreaField("Song")


class Pigeon(Channel):
    id, name = "pigeon", "Pigeon"
    caps = Caps(address="phone", receipts=True, idempotent=False, timeout=5)
    SettingsForm = PigeonForm
    breaks = ""

    def is_ready(self, settings):
        return bool(settings.get("word"))

    def check(self, settings):
        if settings["word"] != "coo":
            raise PermanentError("The loft does not know this word.", reply="403 who are you")

    def normalise_address(self, address, settings):
        return address

    def send(self, request, settings):
        self.sent = [*getattr(self, "sent", []), request]
        if "fails" in settings.get("loft", ""):
            raise PermanentError("The bird came back.", reply="550 no roof", cause="no_mailbox")
        return Sent(provider_id=f"bird-{request.key}", reply="took off")

    def parse_receipt(self, request, settings):
        if self.breaks:
            raise RuntimeError(self.breaks)
        if request.headers.get("x-word", request.query.get("word")) != settings.get("word"):
            raise ForgedError
        if request.method == "GET":
            return [Receipt(status=request.query["status"], key=request.key)]
        told = json.loads(request.body)
        return [Receipt(**one) for one in told]


@hookimpl
def portal_channels(operator):
    return [Pigeon()]
'''
CARLS_PHONE = "+442079460018"


class Acme:
    """Acme's installation, seen from behind."""

    def __init__(self, world: World) -> None:
        self.world, self.app = world, world.app

    @property
    def pigeon(self) -> Any:
        found: Channel = self.app.extensions["portal_plugins"].channels["pigeon"]
        return found

    def deliveries(self) -> list[Delivery]:
        with self.app.app_context():
            return list(db.session.scalars(db.select(Delivery).order_by(Delivery.id)))

    def last(self) -> Delivery:
        return self.deliveries()[-1]

    def change(self, delivery_id: int, **values: Any) -> None:
        with self.app.app_context():
            db.session.execute(
                db.update(Delivery).where(Delivery.id == delivery_id).values(**values)
            )
            db.session.commit()

    def account(self) -> Account:
        with self.app.app_context():
            found = Account.by_slug("acme")
            assert found
            return found

    def choose(self, **choices: Any) -> None:
        with self.app.app_context():
            found = Account.by_slug("acme")
            assert found
            found.choices = {**found.choices, **choices}
            db.session.commit()

    def setting(self, channel: str = "pigeon") -> ChannelSetting:
        with self.app.app_context():
            found = ChannelSetting.find(self.account().id, channel)
            assert found
            return found

    def stored(self, channel: str = "pigeon") -> dict[str, Any]:
        with self.app.app_context():
            return self.setting(channel).values()

    def events(self, kind: str) -> list[Event]:
        with self.app.app_context():
            query = db.select(Event).where(Event.kind == kind).order_by(Event.id)
            return list(db.session.scalars(query))

    def access(self, contact_id: int) -> PortalAccess:
        with self.app.app_context():
            found = PortalAccess.of(contact_id)
            assert found
            return found


@pytest.fixture
def world(make_app: Callable[..., Flask], tmp_path: Path, postman: Postman) -> World:
    """Acme and Birch, on an installation with a plugin of the operator's own."""
    (tmp_path / "plugins").mkdir(mode=0o755)
    (tmp_path / "plugins" / "pigeon.py").write_text(PIGEON)
    app = make_app()
    with app.app_context():
        open_account("Acme", slug="acme", owner_email="ada@acme.example", owner_name="Ada Byron")
        open_account("Birch", slug="birch", owner_email="bea@birch.example", owner_name="Bea Bell")
        add_staff("sol@acme.example", "acme", Role.SUPPORT, "Sol Sand")
    return World(app, postman, Worker(app))


@pytest.fixture
def acme(world: World) -> Acme:
    return Acme(world)


@pytest.fixture
def keeps_pigeons(ada: Staff, acme: Acme) -> Acme:
    """Ada has set Pigeon up, and it comes after e-mail."""
    ada.at("channels/pigeon").presses("Save", **{"set-word": "coo"}).sees("Saved.")
    return acme


@pytest.fixture
def carl_has_a_phone(ada: Staff, carl: Client) -> Client:
    page = ada.at("contacts/new")
    page.presses("Add contact", name="Carl Carter", email=carl.email, phone=CARLS_PHONE)
    return carl
