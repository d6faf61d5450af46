"""`portal doctor`: each thing that can be wrong is found, named, and disturbs no other check."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from portal.db import db
from portal.models.account import Account
from portal.models.channel_setting import ChannelSetting
from tests.cast import Staff, World
from tests.cli.conftest import Command, complains, home, portal
from tests.observability.conftest import WELL
from tests.postman import Postman
from tests.servers import Postgres, Redis

__all__ = ["home", "portal"]  # fixtures of the command's own tests

Public = Callable[..., str]
Doctor = Callable[..., "Findings"]
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


class Findings:
    """What the doctor said as JSON."""

    def __init__(self, status: int, told: dict[str, Any]) -> None:
        self.status = status
        self.told = told
        assert told["ok"] is (status == 0)

    def of(self, check: str) -> list[tuple[str, str]]:
        """Return (level, words) of one check."""
        found = [one["findings"] for one in self.told["checks"] if one["title"] == check]
        assert len(found) == 1, (check, [one["title"] for one in self.told["checks"]])
        return [
            (one["level"], " ".join((one["title"], one["detail"], one["record"])).strip())
            for one in found[0]
        ]

    def bad(self) -> dict[str, str]:
        """Return what is bad, by check."""
        return {
            one["title"]: " ".join(f"{bad['detail']} {bad['record']}".strip() for bad in worst)
            for one in self.told["checks"]
            if (worst := [found for found in one["findings"] if found["level"] == "bad"])
        }


@pytest.fixture
def doctor(portal: Command, tmp_path: Path, postman: Postman) -> Doctor:
    """Examine the test's installation, with other settings if wanted."""

    def examine(app: Flask | None, *words: str, **environment: str) -> Findings:
        given = {"PORTAL_SMTP_URL": postman.url}
        if app is not None:
            found = app.config["PORTAL_SETTINGS"]
            given["PORTAL_HOME"] = str(found.home)
            given["PORTAL_DATABASE_URL"] = found.database_url
        tmp_path.chmod(0o700)
        done = portal("doctor", "--json", *words, **{**given, **environment})
        assert done.returncode in (0, 1), done.stderr
        return Findings(done.returncode, json.loads(done.stdout))

    return examine


def test_nothing_is_bad_where_everything_works(
    app: Flask, doctor: Doctor, public: Public, beat: Callable[..., None]
) -> None:
    beat(app)
    found = doctor(app, PORTAL_URL=public())
    assert found.bad() == {}
    assert found.status == 0
    assert found.of("Public URL")[0][0] == "good"
    assert ("good", "Tables They are those of this version.") in found.of("Database")


@only_sqlite
def test_a_terminal_shows_it_in_plain_lines(
    app: Flask, portal: Command, public: Public, tmp_path: Path
) -> None:
    done = portal("doctor", PORTAL_HOME=str(tmp_path), PORTAL_URL=public())
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert "Workers" in lines
    assert "  bad   Workers: None has been seen for 30 s, so nothing is sent. Start one:" in lines
    assert "          portal worker" in lines
    assert re.fullmatch(r"\d bad, \d to note\.", lines[-1])
    assert "\x1b" not in done.stdout, "no colours where nobody sees them"
    assert max(map(len, lines)) <= 100


@only_sqlite
def test_a_closed_port_is_found(app: Flask, doctor: Doctor) -> None:
    bad = doctor(app, PORTAL_URL="http://localhost:1").bad()
    assert "http://localhost:1 does not answer: connection refused." in bad["Public URL"]


@only_sqlite
def test_a_certificate_of_nobody_is_found(
    app: Flask, doctor: Doctor, public: Public, certificate: Callable[..., Path]
) -> None:
    url = public(certificate=certificate())
    bad = doctor(app, PORTAL_URL=url, PORTAL_TRUSTED_PROXIES="1").bad()
    assert bad["Public URL"].startswith("Browsers will refuse it: self-signed certificate")


@only_sqlite
def test_a_certificate_of_another_name_is_found(
    app: Flask,
    doctor: Doctor,
    public: Public,
    certificate: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = certificate("birch.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    bad = doctor(app, PORTAL_URL=public(certificate=path), PORTAL_TRUSTED_PROXIES="1").bad()
    assert "Hostname mismatch" in bad["Public URL"]


@only_sqlite
def test_the_end_of_a_certificate_is_told(
    app: Flask,
    doctor: Doctor,
    public: Public,
    certificate: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for days, level in ((90, "good"), (5, "note")):
        path = certificate(days=days)
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        url = public(certificate=path)
        found = doctor(app, PORTAL_URL=url, PORTAL_TRUSTED_PROXIES="1").of("Public URL")
        assert found[0][0] == level
        assert f"{days - 1} days" in found[0][1]
        assert found[1][0] == "good"


@only_sqlite
@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"/healthz": (301, {"Location": "https://www.acme.example/"}, b"")}, "redirects to https"),
        ({"/healthz": (200, {}, b"<h1>Welcome to nginx")}, "not as Portico does"),
        ({"/healthz": (502, {}, b"")}, "answers 502"),
        ({**WELL, "/admin/": (400, {}, b"")}, "refuses the Host that the proxy passes on"),
        ({**WELL, "/admin/": (503, {}, b"")}, "/admin/ answers 503"),
    ],
)
def test_a_proxy_that_goes_elsewhere_is_found(
    app: Flask, doctor: Doctor, public: Public, answers: Any, words: str
) -> None:
    assert words in doctor(app, PORTAL_URL=public(answers)).bad()["Public URL"]


@only_sqlite
@pytest.mark.parametrize(
    ("off", "level", "words"),
    [
        (0, "good", "agree"),
        (-15, "note", "15 s ahead of"),
        (120, "bad", "120 s behind"),
        (-86400, "bad", "86,400 s ahead of"),
    ],
)
def test_a_clock_that_is_off_is_found(
    app: Flask, doctor: Doctor, public: Public, off: float, level: str, words: str
) -> None:
    found = doctor(app, PORTAL_URL=public(clock=off)).of("Clock")
    assert [one[0] for one in found] == [level]
    number = re.sub(r"\b(1[456]|119|121|86,[34]\d\d)\b", words.split()[0], found[0][1])
    assert words in number


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_the_clock_of_the_database_server_is_compared(
    app: Flask, doctor: Doctor, public: Public
) -> None:
    found = doctor(app, PORTAL_URL=public()).of("Clock")
    assert [one[0] for one in found] == ["good", "good"]
    assert "the database server" in found[0][1]


@only_sqlite
def test_what_is_open_to_others_is_found(
    app: Flask, portal: Command, public: Public, tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "secret_keys").chmod(0o644)
    done = portal("doctor", "--json", PORTAL_HOME=str(tmp_path), PORTAL_URL=public())
    bad = Findings(done.returncode, json.loads(done.stdout)).bad()["Home"]
    assert f"chmod 700 {tmp_path}" in bad
    assert f"chmod 600 {tmp_path / 'secret_keys'}" in bad


@only_sqlite
def test_a_misspelt_setting_is_found(app: Flask, doctor: Doctor, public: Public) -> None:
    found = doctor(app, PORTAL_URL=public(), PORTAL_SMPT_URL="smtp://mail.acme.example")
    assert ("bad", "PORTAL_SMPT_URL There is no such setting. `portal settings` lists them.") in (
        found.of("Settings")
    )


def test_a_wrong_setting_is_all_that_can_be_said(doctor: Doctor) -> None:
    found = doctor(None, PORTAL_WORKERS="0", PORTAL_SECRET_KEYS="short")
    assert len(found.told["checks"]) == 1
    assert [level for level, _words in found.of("Settings")] == ["bad", "bad"]


@only_sqlite
@pytest.mark.parametrize(
    ("settings", "level"),
    [
        ({"PORTAL_URL": "https://localhost:1"}, "bad"),
        ({"PORTAL_URL": "https://localhost:1", "PORTAL_TRUSTED_PROXIES": "1"}, "good"),
        ({"PORTAL_URL": "http://localhost:1", "PORTAL_TRUSTED_PROXIES": "1"}, "note"),
        (
            {
                "PORTAL_URL": "https://localhost:1",
                "PORTAL_TRUSTED_PROXIES": "1",
                "PORTAL_HOST": "0.0.0.0",
            },
            "note",
        ),
    ],
)
def test_trusted_proxies_must_be_plausible(
    app: Flask, doctor: Doctor, settings: dict[str, str], level: str
) -> None:
    assert [one[0] for one in doctor(app, **settings).of("Proxies")] == [level]


def test_an_outbox_that_stands_still_is_found(
    world: World, ada: Staff, doctor: Doctor, public: Public
) -> None:
    ada.invites("carl@carter.example")
    with world.app.app_context():
        long_ago = db.text("UPDATE delivery SET due_at = due_at - :long")
        minutes = timedelta(minutes=7)
        is_sqlite = db.engine.dialect.name == "sqlite"
        db.session.execute(long_ago, {"long": 420_000_000 if is_sqlite else minutes})
        db.session.commit()
    found = doctor(world.app, PORTAL_URL=public())
    assert "A message has been due for 7 min." in found.bad()["Outbox"]
    assert "Workers" in found.bad()


@only_sqlite
def test_workers_of_two_versions_are_told(
    app: Flask, doctor: Doctor, public: Public, beat: Callable[..., None]
) -> None:
    beat(app)
    beat(app, version="0.0.9")
    found = doctor(app, PORTAL_URL=public()).of("Workers")
    assert found[0] == ("good", "Workers 2 workers with 4 processes in all.")
    assert found[1] == ("note", "Versions They are of versions 0.0.9, 0.1.0. Upgrade all.")


@only_sqlite
def test_a_plugin_that_is_kept_out_is_found(
    app: Flask, doctor: Doctor, public: Public, tmp_path: Path
) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins").chmod(0o700)
    (tmp_path / "plugins" / "broken.py").write_text("raise RuntimeError('half a plugin')\n")
    assert "half a plugin" in doctor(app, PORTAL_URL=public()).bad()["Plugins"]


@only_sqlite
def test_a_mail_server_that_is_away_is_found(
    app: Flask, doctor: Doctor, public: Public, postman: Postman
) -> None:
    assert "Channel email" not in doctor(app, PORTAL_URL=public()).bad()
    away = doctor(app, PORTAL_URL=public(), PORTAL_SMTP_URL="smtp://127.0.0.1:1")
    assert "could not be reached" in away.bad()["Channel email"]


def test_an_accounts_own_mail_server_is_tried(world: World, doctor: Doctor, public: Public) -> None:
    """Birch has set a server that is away; the operator's works."""
    with world.app.app_context():
        birch = Account.by_slug("birch")
        assert birch
        setting = ChannelSetting.find_or_add(birch.id, "email")
        setting.keep({"smtp_host": "127.0.0.1", "smtp_port": 1, "smtp_password": "hunter2hunter2"})
        db.session.commit()
    url = public()
    assert "Channel email" not in doctor(world.app, PORTAL_URL=url).bad()
    found = doctor(world.app, "--account", "birch", PORTAL_URL=url)
    assert "could not be reached" in found.bad()["Channel email"]
    assert "hunter2" not in json.dumps(found.told)
    assert "Channel email" not in doctor(world.app, "--account", "acme", PORTAL_URL=url).bad()


@only_sqlite
def test_an_account_that_is_not_there_is_named(app: Flask, portal: Command, tmp_path: Path) -> None:
    done = portal("doctor", "--json", "--account", "cedar", PORTAL_HOME=str(tmp_path))
    complains(done, "There is no account cedar")


def test_a_database_that_is_away_disturbs_no_other_check(
    doctor: Doctor, public: Public, own_postgres: Postgres
) -> None:
    url = own_postgres.create("portal")
    with own_postgres.down():
        found = doctor(None, "--account", "acme", PORTAL_URL=public(), PORTAL_DATABASE_URL=url)
    assert {"Database", "Workers", "Outbox"} <= set(found.bad())
    assert found.bad()["Database"].endswith("Check PORTAL_DATABASE_URL.")
    assert found.bad()["Workers"] == found.bad()["Outbox"] == "The database does not answer."
    assert found.of("Public URL")[0][0] == found.of("Queue")[0][0] == "good"


@only_sqlite
@pytest.mark.parametrize("kind", ["postgresql", "redis"])
def test_a_queue_that_is_away_disturbs_no_other_check(
    app: Flask,
    doctor: Doctor,
    public: Public,
    beat: Callable[..., None],
    kind: str,
) -> None:
    beat(app)
    urls = {"postgresql": "postgresql://ada:secret@127.0.0.1:1/q", "redis": "redis://127.0.0.1:1/0"}
    found = doctor(app, PORTAL_URL=public(), PORTAL_QUEUE_URL=urls[kind])
    assert set(found.bad()) == {"Queue"}
    assert "Check PORTAL_QUEUE_URL." in found.bad()["Queue"]
    assert "ada:secret" not in json.dumps(found.told)


@only_sqlite
def test_what_hangs_is_given_up(
    app: Flask, doctor: Doctor, tarpit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.doctor.fetching.PATIENCE_SECONDS", 1.0)
    began = time.monotonic()
    found = doctor(app, PORTAL_URL=f"http://localhost:{tarpit}")
    assert "nothing came within 1 s" in found.bad()["Public URL"]
    assert time.monotonic() - began < 10


@only_sqlite
def test_the_doctor_changes_and_sends_nothing(
    world: World, doctor: Doctor, public: Public, tmp_path: Path
) -> None:
    def state() -> list[str]:
        with world.app.app_context():
            found = [
                repr(row)
                for table in db.metadata.sorted_tables
                for row in db.session.execute(table.select())
            ]
            db.session.rollback()
        return found

    before, files = state(), sorted(path.name for path in tmp_path.iterdir())
    doctor(world.app, "--account", "acme", PORTAL_URL=public())
    assert state() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == files
    assert world.postman.letters == []


def test_redis_as_the_queue_is_looked_at(
    doctor: Doctor, public: Public, redis_server: Redis
) -> None:
    found = doctor(None, PORTAL_URL=public(), PORTAL_QUEUE_URL=redis_server.url)
    assert found.of("Queue")[0][1].startswith("Reachable The queue answers")
    assert "portal migrate" in found.bad()["Database"]
