"""The other commands: accounts, staff, settings, migrate, and what web and worker insist on."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Command, complains

COMMANDS = (
    ["--help"],
    ["run", "--help"],
    ["web", "--help"],
    ["worker", "--help"],
    ["migrate", "--help"],
    ["account", "create", "--help"],
    ["account", "set", "--help"],
    ["staff", "add", "--help"],
    ["staff", "link", "--help"],
    ["settings", "--help"],
)
LINK = re.compile(r"http://127\.0\.0\.1:8000/admin/in/[\w-]{43}")


@pytest.fixture
def migrated(portal: Command) -> Command:
    assert portal("migrate").stdout == "The database is up to date.\n"
    return portal


def test_every_command_says_what_it_is_for(portal: Command, home: Path) -> None:
    for words in COMMANDS:
        done = portal(*words)
        assert (done.returncode, done.stderr) == (0, ""), words
        assert len(done.stdout.splitlines()) > 3, words
    for verb in ("run", "web", "worker", "migrate", "account", "staff", "settings"):
        assert re.search(rf"^  {verb}\s+[A-Z]\w+", portal("--help").stdout, re.MULTILINE)
    assert not home.exists(), "asking for help makes nothing"


def test_an_account_is_opened_and_its_owner_let_in(migrated: Command) -> None:
    made = migrated("account", "create", "Birch & Sons", "--owner", "bea@birch.example")
    assert made.returncode == 0, made.stderr
    portal_url, owner = made.stdout.splitlines()
    assert portal_url == "Client Portal URL: http://127.0.0.1:8000/p/birch-sons"
    assert LINK.search(owner)
    first, second = (migrated("staff", "link", "bea@birch.example").stdout for _ in range(2))
    assert LINK.fullmatch(first.strip())
    assert first != second


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["account", "create", "Birch", "--owner", "bea"], "e-mail"),
        (["account", "create", "Birch", "--owner", "b@b.example", "--slug", "B!"], "A slug is"),
        (["account", "create", "Staff", "--owner", "b@b.example"], "reserved"),
        (
            ["account", "create", "Birch", "--owner", "b@b.example", "--time-zone", "Mars/North"],
            "There is no time zone Mars/North",
        ),
        (["account", "set", "birch", "name", "Birch"], "no account with the slug birch"),
        (["staff", "link", "mallory@mallory.example"], "Nobody on the staff"),
        (["staff", "add", "bea@birch.example", "--account", "birch"], "no account with the slug"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else "",
)
def test_a_mistake_is_named_in_one_line(
    migrated: Command, words: list[str], complaint: str
) -> None:
    complains(migrated(*words), complaint)


def test_a_slug_is_given_once_and_choices_are_checked(migrated: Command) -> None:
    opened = ("account", "create", "Birch", "--owner", "bea@birch.example")
    assert migrated(*opened).returncode == 0
    complains(migrated(*opened), "The slug birch is taken")
    assert migrated("account", "set", "birch", "life-self", "300").returncode == 0
    assert migrated("account", "set", "birch", "time-zone", "Europe/London").returncode == 0
    complains(migrated("account", "set", "birch", "life-self", "5"), "60 to 3600 seconds")
    complains(migrated("account", "set", "birch", "time-zone", "Mars"), "time-zone cannot be")
    complains(migrated("account", "set", "birch", "colour", "red"), "colour cannot be")
    added = migrated("staff", "add", "sol@birch.example", "--account", "birch")
    assert LINK.fullmatch(added.stdout.strip())


def test_settings_are_listed_without_their_secrets(portal: Command) -> None:
    password = "open-sesame"
    done = portal(
        "settings",
        PORTAL_DATABASE_URL=f"postgresql://portal:{password}@db.example/portal",
        PORTAL_QUEUE_URL=f"postgresql://db.example/queue?user=portal&password={password}",
        PORTAL_LIMIT_STORAGE_URL=f"redis://:{password}@redis.example/1",
        PORTAL_SMTP_URL=f"smtp://ada:{password}%40@mail.example.com:587",
        PORTAL_SECRET_KEYS=password * 3,
        PORTAL_WORKERS="3",
    )
    assert done.returncode == 0, done.stderr
    assert password not in done.stdout + done.stderr
    rows = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert "postgresql://…@db.example/portal" in rows["PORTAL_DATABASE_URL"]
    assert "@mail.example.com:587" in rows["PORTAL_SMTP_URL"]
    assert rows["PORTAL_SECRET_KEYS"].endswith("(1 set)  [environment]")
    assert rows["PORTAL_WORKERS"].endswith("3  [environment]")
    assert rows["PORTAL_LEASE"].endswith("60  [default]")
    assert rows["PORT"].endswith("8000  [default]")


@pytest.mark.parametrize(
    "words",
    [
        ["web"],
        ["worker"],
        ["account", "create", "Birch", "--owner", "bea@birch.example"],
        ["account", "set", "birch", "name", "Birch"],
        ["staff", "add", "bea@birch.example", "--account", "birch"],
        ["staff", "link", "bea@birch.example"],
    ],
    ids=" ".join,
)
def test_an_outdated_database_is_said_to_be_so(portal: Command, words: list[str]) -> None:
    complains(portal(*words), "The database is not up to date. Run `portal migrate`.")


def test_migrating_twice_changes_nothing(migrated: Command, home: Path) -> None:
    migrated("account", "create", "Birch", "--owner", "bea@birch.example")
    before = _schema(home)
    assert migrated("migrate").returncode == 0
    assert _schema(home) == before
    assert migrated("staff", "link", "bea@birch.example").returncode == 0


def test_a_database_of_a_later_version_is_left_alone(migrated: Command, home: Path) -> None:
    with closing(sqlite3.connect(home / "portal.db")) as file, file:
        file.execute("UPDATE alembic_version SET version_num = '9999'")
    complains(migrated("migrate"), "another version of Portico")
    complains(migrated("web"), "not up to date")


def test_two_first_starts_at_once_share_one_key(home: Path) -> None:
    """A key made by one and overwritten by the other would break the links in between."""
    code = (
        "import os, sys, pathlib, portal.config as c\n"
        "home = pathlib.Path(sys.argv[1])\n"
        "keys = []\n"
        "for n in range(40):\n"
        "    found = c.prepare_home(c.load(home=home / str(n)))\n"
        "    keys.append(found.secret_keys[0])\n"
        "print(*keys)\n"
    )
    racers = [
        subprocess.Popen([sys.executable, "-c", code, str(home)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    answers = {racer.communicate(timeout=30)[0] for racer in racers}
    assert [racer.returncode for racer in racers] == [0, 0, 0]
    assert len(answers) == 1
    assert len(answers.pop().split()) == 40


def _schema(home: Path) -> list[str]:
    with closing(sqlite3.connect(home / "portal.db")) as file:
        return list(file.iterdump())
