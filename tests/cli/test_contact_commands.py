"""Contacts from a shell: a file in, with or without invitations, and everyone out."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Command, complains

CSV = "Name,E-mail,Tags\n=1+1,ann@new.example,VIP\nBob,bob@gmial.com,\nCid,cid@new.example,\nx,y,\n"


@pytest.fixture
def acme(portal: Command, tmp_path: Path) -> Command:
    portal("migrate")
    portal("account", "create", "Acme", "--owner", "ada@acme.example")
    (tmp_path / "list.csv").write_text(CSV)
    return portal


def test_a_file_is_looked_at_imported_invited_and_exported(
    acme: Command, home: Path, tmp_path: Path
) -> None:
    path, of_acme = str(tmp_path / "list.csv"), ("--account", "acme")
    dry = json.loads(acme("contacts", "import", path, *of_acme, "--dry-run").stdout)
    assert dry["verdicts"] == {"new": 2, "typo": 1, "invalid": 1}
    assert (dry["run"], dry["done"], dry["dry_run"]) == (None, 0, True)
    added = json.loads(acme("contacts", "import", path, *of_acme, "--json").stdout)
    assert (added["status"], added["done"], added["left_out"]) == ("done", 2, 2)
    invited = json.loads(acme("contacts", "import", path, *of_acme, "--invite").stdout)
    assert invited["verdicts"] == {"known": 2, "typo": 1, "invalid": 1}
    assert invited["done"] == 2
    with closing(sqlite3.connect(home / "portal.db")) as rows_of:
        assert rows_of.execute("SELECT count(*) FROM delivery").fetchone() == (2,)
    again = json.loads(acme("contacts", "import", path, *of_acme, "--invite").stdout)
    assert (again["run"], again["done"]) == (None, 0), "nobody is left to invite"
    out = acme("contacts", "export", *of_acme)
    rows = list(csv.DictReader(io.StringIO(out.stdout.removeprefix("\ufeff"))))
    assert [(row["Name"], row["E-mail"], row["Status"]) for row in rows] == [
        ("'=1+1", "ann@new.example", "invited"),
        ("Cid", "cid@new.example", "invited"),
    ]
    acme("contacts", "export", str(tmp_path / "out.csv"), *of_acme)
    back = acme("contacts", "import", str(tmp_path / "out.csv"), *of_acme, "--dry-run").stdout
    assert json.loads(back)["verdicts"] == {"invited": 2}


def test_what_cannot_be_imported_is_told_in_one_line(acme: Command, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    complains(
        acme("contacts", "import", str(tmp_path / "empty.csv"), "--account", "acme"),
        "The file is empty",
    )
    path = str(tmp_path / "list.csv")
    complains(acme("contacts", "import", path, "--account", "birch"), "There is no account birch")
    complains(acme("contacts", "export", "--account", "birch"), "There is no account birch")
