"""`portal outbox` and `portal reseal`, as an operator types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from portal.db import db
from portal.models import sealed_settings
from portal.models.channel_setting import ChannelSetting
from tests.cast import Staff, World
from tests.cli.conftest import Command, complains, home, portal
from tests.models.acme import account_at, opened

__all__ = ["home", "portal"]  # fixtures of the command's own tests

OLD, NEW = "o" * 32, "n" * 32


def where(app: Flask) -> dict[str, str]:
    found = app.config["PORTAL_SETTINGS"]
    return {"PORTAL_HOME": str(found.home), "PORTAL_DATABASE_URL": found.database_url}


def test_the_outbox_is_shown_to_people_and_programs(
    world: World, ada: Staff, portal: Command, beat: Callable[..., None]
) -> None:
    ada.invites("carl@carter.example")
    ada.invites("dana@carter.example")
    world.worker.drains()
    ada.invites("erin@carter.example")
    beat(world.app)
    told: dict[str, Any] = json.loads(portal("outbox", "--json", **where(world.app)).stdout)
    assert told["depth"] == {"queued": 1, "sending": 0}
    assert told["sent_in_minutes"] == {"1": 2, "5": 2, "60": 2}
    assert told["failures_of_24_hours"] == told["paused"] == []
    assert [seen["processes"] for seen in told["workers"]] == [2]
    lines = portal("outbox", **where(world.app)).stdout.splitlines()
    assert lines[0] == "Owed          1 queued, 0 sending"
    assert lines[2] == "Sent          2 in 1 min, 2 in 5 min, 2 in 60 min"
    assert "2 processes, version 0.1.0" in lines[-1]


def test_the_outbox_of_one_account_is_its_own(
    world: World, ada: Staff, bea: Staff, portal: Command
) -> None:
    ada.invites("carl@carter.example")
    bea.invites("dan@dale.example")
    bea.invites("eve@dale.example")
    asked = ("outbox", "--json", "--account", "birch")
    assert json.loads(portal(*asked, **where(world.app)).stdout)["depth"]["queued"] == 2
    complains(portal("outbox", "--account", "cedar", **where(world.app)), "no account cedar")


def test_an_outbox_without_tables_is_named(portal: Command) -> None:
    complains(portal("outbox"), "portal migrate")


@pytest.mark.parametrize("verb", ["outbox", "doctor", "reseal"])
def test_each_command_explains_itself(portal: Command, verb: str) -> None:
    done = portal(verb, "--help")
    assert done.returncode == 0
    assert len(done.stdout.split()) > 10


def test_settings_are_sealed_anew_before_the_old_key_goes(
    make_app: Callable[..., Flask], portal: Command
) -> None:
    app = make_app(secret_keys=OLD)
    opened(app)
    _keeps(app, "email", {"smtp_password": "hunter2hunter2"})
    given = {**where(app), "PORTAL_SECRET_KEYS": f"{NEW},{OLD}"}
    assert "portal reseal" in portal("doctor", **given).stdout
    assert portal("reseal", **given).stdout == "1 sealed with the newest key.\n"
    assert portal("reseal", **given).stdout == "0 sealed with the newest key.\n"
    given["PORTAL_SECRET_KEYS"] = NEW
    assert "The newest key opens all of them." in portal("doctor", **given).stdout
    with make_app(secret_keys=NEW).app_context():
        found = ChannelSetting.find(account_at("acme").id, "email")
        assert found
        assert found.values() == {"smtp_password": "hunter2hunter2"}
        db.session.rollback()


def test_settings_that_no_key_opens_are_left_and_named(
    make_app: Callable[..., Flask], portal: Command
) -> None:
    app = make_app(secret_keys=OLD)
    opened(app)
    _keeps(app, "email", {"smtp_password": "hunter2hunter2"})
    given = {**where(app), "PORTAL_SECRET_KEYS": NEW}
    assert portal("reseal", **given).stdout == "0 sealed with the newest key.\n"
    assert "No key opens 1 sealed setting." in portal("doctor", **given).stdout
    with app.app_context():
        assert sealed_settings.state() == (1, 0, 0), "the old key opens it as before"


def test_settings_saved_meanwhile_stay_as_they_were_saved(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(secret_keys=OLD)
    opened(app)
    _keeps(app, "email", {"smtp_password": "before"})
    both = make_app(secret_keys=f"{NEW},{OLD}")
    seal = sealed_settings.seal

    def sealing(purpose: str, content: bytes) -> bytes:
        monkeypatch.setattr(sealed_settings, "seal", seal)
        _keeps(both, "email", {"smtp_password": "after"})
        return seal(purpose, content)

    monkeypatch.setattr(sealed_settings, "seal", sealing)
    with both.app_context():
        assert sealed_settings.reseal() == 0
        found = ChannelSetting.find(account_at("acme").id, "email")
        assert found
        assert found.values() == {"smtp_password": "after"}
        db.session.rollback()


def _keeps(app: Flask, channel: str, values: dict[str, str]) -> None:
    with app.app_context():
        ChannelSetting.find_or_add(account_at("acme").id, channel).keep(values)
        db.session.commit()
