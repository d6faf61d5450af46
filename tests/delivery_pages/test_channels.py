"""The channels' pages: settings that keep their secrets, an order, trials, a plugin that fails."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import wtforms
from bs4 import Tag
from werkzeug.datastructures import MultiDict

from portal.channel import Settings, SettingsForm
from portal.db import db, now
from portal.models.channel_setting import ChannelSetting
from portal.models.channel_trial import ChannelTrial
from portal.web.admin import channel_form
from tests.cast import Client, Page, Staff
from tests.delivery_pages.conftest import Acme

WORD = "a word that nobody guesses"
TYPED = {"set-loft": "Roof", "set-word": WORD, "set-birds": "7", "set-colour": "white",
         "set-song": "Coo,\ncoo.", "set-rests": "y"}  # fmt: skip


def pigeon(ada: Staff) -> Page:
    return ada.at("channels/pigeon")


def test_settings_are_kept_and_their_secret_is_never_shown(acme: Acme, ada: Staff) -> None:
    page = pigeon(ada).sees("The birds", "Where the birds live.", "Not set up")
    page = page.presses("Save", **TYPED).sees("Saved.", "Ready", "One is stored.")
    assert (page.field("set-loft"), page.field("set-birds")) == ("Roof", "7")
    assert WORD not in str(page.soup)
    stored = acme.stored()
    assert stored.pop("song").split() == ["Coo,", "coo."]
    assert stored == {"loft": "Roof", "word": WORD, "birds": 7, "colour": "white", "rests": True}
    with acme.app.app_context():
        assert WORD.encode() not in (acme.setting().sealed or b"")
    assert WORD not in str(ada.at("channels/").soup)


def test_a_blank_secret_is_kept_and_can_be_removed(acme: Acme, ada: Staff) -> None:
    pigeon(ada).presses("Save", **TYPED)
    pigeon(ada).presses("Save", **{"set-loft": "Attic", "set-word": ""}).sees("Saved.")
    assert (acme.stored()["loft"], acme.stored()["word"]) == ("Attic", WORD)
    page = pigeon(ada).presses("Save", **{"remove-word": "1"}).is_status(422)
    page.sees("Not saved yet", "Say the word.")
    assert acme.stored()["word"] == WORD
    pigeon(ada).presses("Save", **{"set-word": "new word"})
    assert acme.stored()["word"] == "new word"


def test_a_kept_secret_is_never_sent_to_a_new_server(acme: Acme, ada: Staff) -> None:
    """Who may change the server need not know its password."""
    server = {"set-smtp_host": "mail.acme.example", "set-smtp_user": "acme"}
    mailbox = {"set-bounce_host": "imap.acme.example", "set-bounce_user": "acme"}
    page = ada.at("channels/email")
    page = page.presses("Save", **server, **mailbox,
                        **{"set-smtp_password": WORD, "set-bounce_password": WORD})  # fmt: skip
    page.sees("Saved.")
    again = "Type it again: what you changed decides where it is sent."
    elsewhere = ({"set-smtp_host": "mail.mallory.example"}, {"set-smtp_port": "2525"},
                 {"set-bounce_host": "imap.mallory.example"}, {"set-smtp_host": ""})  # fmt: skip
    for changed in elsewhere:
        page = ada.at("channels/email").presses("Save", **changed).is_status(422)
        page.sees(again)
        assert WORD not in str(page.soup)
    moved = {"set-smtp_host": "mail.mallory.example"}
    ada.at("channels/email").presses("Save", **moved, **{"set-smtp_password": "x"}).sees("Saved.")
    ada.at("channels/email").presses("Save", **{"set-from_name": "Acme"}).sees("Saved.")
    page = ada.at("channels/email")
    page.presses("Save", **{"set-bounce_host": "", "set-bounce_user": "",
                            "remove-bounce_password": "1"}).sees("Saved.")  # fmt: skip


def test_a_gateways_secret_follows_neither_its_address_nor_its_body(acme: Acme, ada: Staff) -> None:
    typed = {"set-provider": "gateway", "set-gateway_url": "https://sms.example/?to={to}&t={text}",
             "set-gateway_secret": WORD, "set-gateway_headers": "A: {secret}\r\nB: 1"}  # fmt: skip
    ada.at("channels/sms").presses("Save", **typed).sees("Saved.")
    elsewhere = ({"set-gateway_url": "https://mallory.example/?to={to}&t={text}"},
                 {"set-gateway_headers": "A: 1"}, {"set-gateway_body": "t={secret}"})  # fmt: skip
    for changed in elsewhere:
        page = ada.at("channels/sms").presses("Save", **changed).is_status(422)
        page.sees("Type it again")
    ada.at("channels/sms").presses("Save", **{"set-hourly_cap": "7"}).sees("Saved.")


@pytest.mark.parametrize(("where", "asks"), [("url", True), ("the_host", True), ("loft", False)])
def test_a_plugin_that_says_nothing_of_its_secret_is_asked_by_its_names(
    where: str, asks: bool, acme: Acme
) -> None:
    fields = {where: wtforms.StringField(), "word": wtforms.PasswordField()}
    acme.pigeon.SettingsForm = type("Form", (SettingsForm,), fields)
    with acme.app.app_context():
        typed = MultiDict({f"set-{where}": "there", "set-word": ""})
        read = channel_form.read(acme.pigeon, Settings({where: "here", "word": WORD}), typed, 1)
    assert read is not None
    assert read.is_valid is not asks
    assert read.values == (None if asks else {where: "there", "word": WORD})


def test_what_is_wrong_stands_at_its_field_and_nothing_is_saved(acme: Acme, ada: Staff) -> None:
    typed = {**TYPED, "set-loft": "x" * 21, "rate": "0", "receipt_wait": "-1"}
    page = pigeon(ada).presses("Save", **typed).is_status(422)
    page.sees("Field cannot be longer than 20 characters.", "Type a number from 1 to 60,000")
    field = page.soup.find(id="set-loft")
    assert isinstance(field, Tag)
    assert field["aria-invalid"] == "true"
    assert set(str(field["aria-describedby"]).split()) == {"set-loft-hint", "set-loft-error"}
    assert WORD not in str(page.soup)
    assert acme.events("channel_changed") == []


def test_pace_and_wait_are_kept_in_their_own_units(acme: Acme, ada: Staff) -> None:
    pigeon(ada).presses("Save", **TYPED, rate="30", receipt_wait="5")
    assert (acme.setting().rate, acme.setting().receipt_wait) == (30, 300)
    page = pigeon(ada)
    assert (page.field("rate"), page.field("receipt_wait")) == ("30", "5")
    page.presses("Save", rate="", receipt_wait="")
    assert (acme.setting().rate, acme.setting().receipt_wait) == (None, 0)


def test_a_channel_that_becomes_ready_joins_at_the_end_and_stays_off_once_turned_off(
    keeps_pigeons: Acme, ada: Staff
) -> None:
    for kind in ("invite", "login", "self"):
        assert keeps_pigeons.account().chosen_channels(kind) == ["email", "pigeon"]
    act(ada, "invite", "pigeon", "off")
    pigeon(ada).presses("Save", **{"set-loft": "Attic"})
    assert keeps_pigeons.account().chosen_channels("invite") == ["email"]


def test_the_order_can_be_moved_and_the_last_channel_stays_on(
    keeps_pigeons: Acme, ada: Staff, carl_has_a_phone: Client
) -> None:
    act(ada, "invite", "pigeon", "up")
    assert keeps_pigeons.account().chosen_channels("invite") == ["pigeon", "email"]
    assert keeps_pigeons.account().chosen_channels("login") == ["email", "pigeon"]
    ada.invites(carl_has_a_phone.email)
    assert keeps_pigeons.last().channel == "pigeon"
    act(ada, "invite", "pigeon", "off")
    act(ada, "invite", "email", "off").sees("One channel at least must stay on")
    assert keeps_pigeons.account().chosen_channels("invite") == ["email"]
    act(ada, "invite", "nothing", "on").sees("Nothing was changed.")
    act(ada, "invite", "clipboard", "on").sees("Nothing was changed.")
    page = act(ada, "invite", "pigeon", "on")
    words = [str(one.get("aria-label")) for one in page.soup.select("#order-invite .square")]
    assert words == ["Move E-mail down", "Move Pigeon up"]


def act(ada: Staff, kind: str, channel: str, deed: str) -> Page:
    token = ada.at().field("csrf_token")
    data = {"kind": kind, "channel": channel, "deed": deed, "csrf_token": token}
    return ada.browser.posts("/admin/acme/channels/-/order", data)


def test_a_check_is_done_by_a_worker_and_its_result_is_shown(acme: Acme, ada: Staff) -> None:
    page = pigeon(ada).presses("Save", **{"set-word": "wrong"}).presses("Check")
    (part,) = page.sees("Running").soup.select("#trials")
    assert "every 1s" in str(part["hx-trigger"])
    acme.world.worker.drains()
    page = ada.opens(str(part["hx-get"]))
    page.sees("Failed", "The loft does not know this word.", "403 who are you")
    assert "every 1s" not in str(page.soup)
    pigeon(ada).presses("Save", **{"set-word": "coo"}).presses("Check")
    acme.world.worker.drains()
    pigeon(ada).sees("Passed")


def test_a_test_goes_to_whom_it_is_to_and_not_too_often(keeps_pigeons: Acme, ada: Staff) -> None:
    pigeon(ada).presses("Send a test to me").is_status(422).sees("Type where the test is to go.")
    pigeon(ada).presses("Send a test to me", to="+442079460018")
    keeps_pigeons.world.worker.drains()
    pigeon(ada).sees("Passed", "to +442079460018")
    (request,) = keeps_pigeons.pigeon.sent
    assert request.to == "+442079460018"
    assert ada.at("channels/email").field("to") == "ada@acme.example"
    for _more in range(10):
        page = pigeon(ada).presses("Check")
    page.sees("That was tried ten times in ten minutes.")
    with keeps_pigeons.app.app_context():
        query = db.select(db.func.count()).select_from(ChannelTrial)
        assert db.session.scalar(query) == 10


def test_a_paused_channel_says_so_and_goes_on_when_it_is_told_to(
    keeps_pigeons: Acme, ada: Staff, sol: Staff
) -> None:
    pauses(keeps_pigeons, "The loft does not know this word.")
    for place in ("", "deliveries/", "channels/", "channels/pigeon"):
        ada.at(place).sees(
            "Pigeon is paused.",
            "Its settings, or its sign-in at the provider, are not accepted.",
            "Open settings",
        )
    page = sol.at("deliveries/").sees("Pigeon is paused.").does_not_see("Open settings")
    page.presses("Try now").sees("One message is tried now.")
    assert (keeps_pigeons.setting().paused_until or now()) <= now()
    pigeon(ada).presses("Save", **{"set-word": "coo"})
    ada.at("channels/").does_not_see("is paused")
    page = sol.at()
    data = {"channel": "pigeon", "csrf_token": page.field("csrf_token")}
    sol.browser.posts("/admin/acme/deliveries/try-now", data).sees("not paused any more")


def test_new_settings_release_what_waited_for_the_channel(
    keeps_pigeons: Acme, ada: Staff, carl: Client
) -> None:
    ada.invites(carl.email)
    delivery = keeps_pigeons.last()
    later = now() + timedelta(minutes=10)
    keeps_pigeons.change(delivery.id, channel="pigeon", held=True, due_at=later)
    ada.at("deliveries/").sees("Waiting")
    pauses(keeps_pigeons, "No.")
    pigeon(ada).presses("Save", **{"set-word": "coo"})
    assert not keeps_pigeons.last().held
    assert keeps_pigeons.last().due_at <= now()


def pauses(acme: Acme, words: str) -> None:
    with acme.app.app_context():
        found = ChannelSetting.find(acme.account().id, "pigeon")
        assert found
        found.fail("sign_in", words)
        db.session.commit()


def test_the_receipt_address_is_the_portals_own_and_can_be_changed(
    keeps_pigeons: Acme, ada: Staff
) -> None:
    before = keeps_pigeons.setting().receipt_key
    page = pigeon(ada)
    assert page.field("receipt-url") == f"http://127.0.0.1:8000/hooks/pigeon/{before}"
    page = page.presses("New address").sees("There is a new receipt address.")
    after = keeps_pigeons.setting().receipt_key
    assert after != before
    assert page.field("receipt-url").endswith(after)
    ada.at("channels/clipboard").does_not_see("Receipt address")


def test_every_change_is_told_without_its_values(keeps_pigeons: Acme, ada: Staff) -> None:
    pigeon(ada).presses("New address")
    told = [event.detail for event in keeps_pigeons.events("channel_changed")]
    assert [one["what"] for one in told] == ["settings", "receipt address"]
    assert "coo" not in str(told)
    ada.at().sees("Ada Byron changed Pigeon")


@pytest.mark.parametrize("where", ["__init__", "validate"])
def test_a_form_that_fails_is_told_in_words(
    keeps_pigeons: Acme, ada: Staff, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    form: Any = type(keeps_pigeons.pigeon).SettingsForm
    page = pigeon(ada)

    def breaks(*_args: Any, **_kwargs: Any) -> Any:
        raise RuntimeError("the form has flown away")

    monkeypatch.setattr(form, where, breaks)
    words = "The plugin of this channel failed"
    page.presses("Save", **TYPED).is_status(422).sees(words)
    if where == "__init__":
        pigeon(ada).sees(words)
    assert keeps_pigeons.stored()["word"] == "coo"
    ada.at("plugins/").sees("pigeon in SettingsForm", "the form has flown away")


def test_settings_whose_key_is_gone_can_be_typed_anew(keeps_pigeons: Acme, ada: Staff) -> None:
    with keeps_pigeons.app.app_context():
        db.session.execute(db.update(ChannelSetting).values(sealed=b"of another key"))
        db.session.commit()
    ada.at("channels/").sees("Cannot be read")
    page = pigeon(ada).sees("The stored settings cannot be read", "Cannot be read")
    page.presses("Save", **{"set-word": "coo"}).sees("Saved.", "Ready")


def test_support_does_not_see_channels_and_plugins(acme: Acme, sol: Staff, ada: Staff) -> None:
    nav = str(sol.at().soup.select_one("nav"))
    for_all = ["contacts", "adoption", "deliveries", "runs"]
    assert re.findall(r"/admin/acme/(\w+)/", nav) == for_all
    nav = str(ada.at().soup.select_one("nav"))
    for_owners = ["channels", "words", "brand", "domain", "team", "settings", "history", "plugins"]
    assert re.findall(r"/admin/acme/(\w+)/", nav) == [*for_all, *for_owners]
