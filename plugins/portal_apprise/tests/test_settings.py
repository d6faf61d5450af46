"""The settings page's form, the check, and what the library costs those who do not use it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from wtforms import Form

from portal.channel import Operator, Settings
from portal_apprise import portal_channels
from portal_apprise.channel import Messenger
from portal_apprise.form import USUAL, MessengerForm


class Typed(dict[str, Any]):
    """What a browser posts."""

    def getlist(self, name: str) -> list[Any]:
        return [self[name]]


def errors(services: str) -> list[str]:
    form: Form = MessengerForm(Typed(services=services))
    form.validate()
    return list(form.errors.get("services", []))


def test_the_usual_messengers_are_proposed_and_all_can_be_used() -> None:
    assert MessengerForm().services.data == USUAL
    assert errors(USUAL) == []
    report = Messenger().check(Settings({"services": USUAL}))
    assert [finding.level for finding in report.findings] == ["good"]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Name at least one service."),
        (" , ", "Name at least one service."),
        ("tgram sl-ck", "sl-ck"),
        ("tgram syslog://, dbus", "never used, to protect the portal itself: dbus, syslog"),
    ],
)
def test_what_cannot_be_is_said(typed: str, words: str) -> None:
    (found,) = errors(typed)
    assert words in found


def test_check_names_services_that_the_library_lacks() -> None:
    (finding,) = Messenger().check(Settings({"services": "tgram telegrammm"})).findings
    assert finding.level == "note"
    assert "telegrammm" in finding.detail
    (finding,) = Messenger().check(Settings({"services": "telegrammm"})).findings
    assert finding.level == "bad"


def test_it_is_not_ready_before_an_account_wants_it() -> None:
    assert not Messenger().is_ready(Settings())
    assert Messenger().is_ready(Settings({"services": USUAL}))


IMPORTED = """
import sys
from portal.channel import Operator, Settings
from portal_apprise import portal_channels
(channel,) = portal_channels(operator=Operator())
channel.is_ready(Settings({"services": "tgram"})), channel.SettingsForm()
print(sorted({"apprise", "requests"} & set(sys.modules)))
channel.check(Settings({"services": "tgram"}))
print(sorted({"apprise", "requests"} & set(sys.modules)))
"""


def test_the_library_is_imported_by_those_who_use_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["[]", "['apprise', 'requests']"]


def test_without_the_library_there_is_no_channel_and_a_hint(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    monkeypatch.setattr("portal_apprise.find_spec", lambda name: None)
    assert portal_channels(operator=Operator()) == []
    assert "pip install 'portico-portal[apprise]'" in caplog.text
