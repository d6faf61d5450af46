"""A contact can have an address of any kind that a channel writes to."""

from __future__ import annotations

import pytest
from flask import Flask

from portal.db import db
from portal.models.account import Account
from portal.models.channel_setting import ChannelSetting
from portal.models.contact import Contact
from tests.cast import Client, Staff, World

TELEGRAM = "tgram://123456789:AAabcdefghijklmnopqrstuvwxyz0123456/987654321/"


def addresses(app: Flask, email: str) -> dict[str, str]:
    with app.app_context():
        return db.session.scalars(db.select(Contact.addresses).filter_by(email=email)).one()


def sets_messengers_up(app: Flask) -> None:
    with app.app_context():
        acme = Account.by_slug("acme")
        assert acme
        ChannelSetting.find_or_add(acme.id, "apprise").keep({"services": "tgram"})
        db.session.commit()


def test_nobody_is_asked_for_what_no_channel_of_the_account_uses(ada: Staff, bea: Staff) -> None:
    sets_messengers_up(ada.world.app)
    ada.at("contacts/new").sees("Messenger address")
    bea.at("contacts/new").does_not_see("Messenger address")


def test_a_messenger_address_is_kept_changed_and_removed(
    world: World, ada: Staff, carl: Client
) -> None:
    sets_messengers_up(world.app)
    page = ada.at("contacts/new")
    page.presses(
        "Add contact", email=carl.email, name=carl.name, address_apprise=TELEGRAM
    ).is_status(200)
    assert addresses(world.app, carl.email) == {"apprise": TELEGRAM}
    edit = ada.at("contacts/").follows(carl.name).follows("Edit")
    assert edit.field("address_apprise") == TELEGRAM
    edit.presses("Save", phone="+44 20 7946 0018")
    assert addresses(world.app, carl.email) == {"apprise": TELEGRAM}
    edit.presses("Save", address_apprise="")
    assert addresses(world.app, carl.email) == {}


@pytest.mark.parametrize("typed", ["carl on Telegram", "file:///etc/passwd"])
def test_an_address_that_no_messenger_knows_is_refused_where_it_was_typed(
    world: World, ada: Staff, carl: Client, typed: str
) -> None:
    sets_messengers_up(world.app)
    page = ada.at("contacts/new").presses(
        "Add contact", email=carl.email, name=carl.name, address_apprise=typed
    )
    assert page.is_status(422).field("address_apprise") == typed
    with world.app.app_context():
        assert db.session.scalars(db.select(Contact)).all() == []
