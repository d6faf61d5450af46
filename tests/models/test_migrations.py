"""Migrations: on a populated database, up and down, on both kinds, and all or nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import time_machine
from flask import Flask
from sqlalchemy import Engine, inspect, text

from portal import config, schema
from portal.db import Base, db, now, put
from portal.flows.seal_history import seal
from portal.models.account import Account
from portal.models.account_domain import AccountDomain
from portal.models.brand_image import BrandImage
from portal.models.channel_setting import ChannelSetting
from portal.models.channel_trial import ChannelTrial
from portal.models.client_view import ClientView
from portal.models.contact import Contact
from portal.models.contact_tag import ContactTag
from portal.models.delivery import Delivery
from portal.models.message_words import MessageWords
from portal.models.pace import Pace
from portal.models.plugin_cursor import PluginCursor
from portal.models.plugin_fault import PluginFault
from portal.models.reminder import Reminder
from portal.models.run import Run
from portal.models.run_piece import RunPiece
from portal.models.run_row import RunRow
from portal.models.saved_view import SavedView
from portal.models.staff_challenge import StaffChallenge
from portal.models.staff_half_sign_in import StaffHalfSignIn
from portal.models.staff_invitation import StaffInvitation
from portal.models.staff_passkey import StaffPasskey
from portal.models.staff_recovery_code import StaffRecoveryCode
from portal.models.staff_session import StaffSession
from portal.models.staff_task import StaffTask
from portal.models.staff_totp import StaffTotp
from portal.models.tag import Tag
from portal.models.worker_sign import WorkerSign
from portal.wording import OwnWords
from tests.cast import Client, Staff

TRIGGERS = {
    "sqlite": {
        "client_session_added",
        "portal_access_added",
        "portal_access_changed",
        "portal_access_removed",
        "portal_access_listed",
        "portal_access_relisted",
        "portal_access_unlisted",
        "portal_access_reminded",
        "contact_found",
        "contact_found_anew",
        "contact_found_no_more",
        "contact_renamed",
    },
    "postgresql": {
        "client_session_added",
        "portal_access_tally",
        "portal_access_listed",
        "portal_access_reminded",
        "contact_renamed",
    },
}
NEXT = '''
"""{words}"""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None


def rebuild() -> str:
    return "always" if op.get_bind().dialect.name == "sqlite" else "never"


def upgrade() -> None:
    {up}


def downgrade() -> None:
    {down}
'''


def populate(ada: Staff, carl: Client) -> None:
    """Give every table rows, as people do."""
    ada.invites(carl.email)
    carl.signs_in()
    carl.another_browser().opens(carl.letter().link).sees("already used", "read out this code")
    carl.another_browser().opens("/p/acme/").presses("Email me", email=carl.email)
    ada.generates_link(carl.email)
    with ada.world.app.app_context():
        fill_the_rest()


def fill_the_rest() -> None:
    """What no page asks for by itself: pauses, tasks, plugins' failures."""
    delivery = db.session.scalars(db.select(Delivery)).first()
    assert delivery is not None
    ChannelSetting.find_or_add(delivery.account_id, "email").keep({"password": "hunter2"})
    ChannelTrial.ask(delivery.account_id, "email", "check", by=1)
    Pace.take_turn("a domain", timedelta(seconds=1))
    StaffTask.open(delivery, "The mailbox does not exist.")
    WorkerSign.beat(uuid4(), started_at=now(), version="1", processes=2)
    db.session.add(PluginCursor(name="watcher", event_id=7))
    ContactTag.put_on(Tag.find_or_add(delivery.account_id, "VIP").id, [delivery.contact_id])
    account = db.session.get_one(Account, delivery.account_id)
    MessageWords.write(account, "invite", "short", "en", OwnWords("Come in: {{link}}"), 1)
    BrandImage.put_up(delivery.account_id, "logo", b"a picture")
    StaffInvitation.issue(account.id, "nia@acme.example", "support", name="", by=1)
    StaffTotp.begin(1)
    StaffRecoveryCode.replace(1, ["0" * 16])
    StaffHalfSignIn.begin(1, "password")
    StaffChallenge.issue("sign-in", "a browser", None)
    put(StaffPasskey(staff_id=1, credential_id=b"id", public_key=b"key", name="My phone"))
    AccountDomain.ask(account.id, "clients.acme.example")
    SavedView.add(delivery.account_id, "Not in yet", {"status": "invited"})
    put(run := Run(account_id=delivery.account_id, what="add", source="file"))
    RunPiece.add(run.id, 0, b"E-mail")
    db.session.add(RunRow(run_id=run.id, line=2, verdict="new", email="nora@new.example"))
    contact, session = db.session.get(Contact, delivery.contact_id), db.session.get(StaffSession, 1)
    assert contact
    assert session
    Reminder.refuse(contact.id, contact.account_id)
    ClientView.open(contact, session.id, b"v" * 32)
    db.session.commit()
    with db.engine.begin() as connection:
        PluginFault.report(
            connection, plugin="relay", hook="send", words="It fell.", traceback="", account_id=None
        )

    with time_machine.travel(now() + timedelta(seconds=3)):
        assert seal()


def rows(engine: Engine) -> dict[str, list[str]]:
    with engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(table.select())))
            for table in Base.metadata.sorted_tables
        }


def triggers(engine: Engine) -> set[str]:
    query = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
    }[engine.dialect.name]
    with engine.connect() as connection:
        return set(connection.scalars(text(query)))


def orphans(engine: Engine) -> list[object]:
    """PostgreSQL checks at each statement; SQLite is asked."""
    if engine.dialect.name == "postgresql":
        return []
    with engine.connect() as connection:
        found: list[object] = list(connection.execute(text("PRAGMA foreign_key_check")))
    return found


def head() -> str:
    found = schema.ScriptDirectory.from_config(schema._config()).get_current_head()
    assert found
    return found


@pytest.fixture
def engine(app: Flask) -> Engine:
    with app.app_context():
        return db.engine


@pytest.fixture
def checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """A checkout of its own, to which a test adds migrations."""
    root = tmp_path / "checkout"
    shutil.copytree(config.bundled("migrations"), root / "migrations")
    (root / "templates").symlink_to(config.bundled("templates"))
    monkeypatch.setattr(config, "PACKAGE", root / "portal")

    def add(revision: str, *, up: str, down: str = "pass", words: str = "Try something.") -> None:
        made = NEXT.format(revision=revision, before=head(), up=up, down=down, words=words)
        (root / "migrations" / "versions" / f"{revision}_try.py").write_text(made)

    return add


def test_the_models_are_what_the_migrations_make(engine: Engine) -> None:
    assert schema.differences(engine) == []
    assert schema.is_current(engine)
    assert triggers(engine) == TRIGGERS[engine.dialect.name]


def test_a_populated_database_goes_down_and_up_again(
    engine: Engine, ada: Staff, carl: Client
) -> None:
    populate(ada, carl)
    assert orphans(engine) == []
    assert [name for name, found in rows(engine).items() if not found] == []
    schema.move(engine, "base")
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    assert triggers(engine) == set()
    assert not schema.is_current(engine)
    schema.move(engine)
    assert schema.differences(engine) == []
    assert triggers(engine) == TRIGGERS[engine.dialect.name]
    assert not any(rows(engine).values())


def test_taking_the_channels_back_keeps_people_links_and_messages(
    engine: Engine, ada: Staff, carl: Client
) -> None:
    populate(ada, carl)
    kept = ("account", "magic_link", "portal_access", "client_session")
    before = rows(engine)
    schema.move(engine, "0001")
    schema.move(engine)
    after = rows(engine)
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    for name in ("staff", "delivery", "contact"):
        assert len(after[name]) == len(before[name])
    assert len(after["event"]) == len(before["event"]), "without their proofs"
    assert orphans(engine) == []


def test_moving_to_where_it_is_changes_nothing(engine: Engine, ada: Staff, carl: Client) -> None:
    populate(ada, carl)
    before = rows(engine)
    schema.move(engine)
    schema.move(engine, "head")
    assert rows(engine) == before


def test_rebuilding_a_parent_table_keeps_its_children(
    engine: Engine, ada: Staff, carl: Client, checkout: Callable[..., None]
) -> None:
    """SQLite rebuilds a table to change it, and would empty what refers to it."""
    populate(ada, carl)
    before = rows(engine)
    checkout(
        "0098",
        up='with op.batch_alter_table("contact", recreate=rebuild()) as table:\n'
        '        table.add_column(sa.Column("colour", sa.String(9), server_default="none"))',
        down='with op.batch_alter_table("contact", recreate=rebuild()) as table:\n'
        '        table.drop_column("colour")',
    )
    was = before_head(engine)
    schema.move(engine)
    assert "colour" in {column["name"] for column in inspect(engine).get_columns("contact")}
    assert rows(engine) == before
    assert orphans(engine) == []
    schema.move(engine, was)
    assert rows(engine) == before
    assert foreign_keys_hold(engine)


def test_a_migration_that_fails_leaves_the_old_schema(
    engine: Engine, ada: Staff, carl: Client, checkout: Callable[..., None]
) -> None:
    populate(ada, carl)
    before, was = rows(engine), before_head(engine)
    checkout(
        "0099",
        up='op.create_table("half", sa.Column("id", sa.Integer(), primary_key=True))\n'
        '    op.execute("DELETE FROM event")\n'
        '    raise RuntimeError("the power went")',
    )
    with pytest.raises(RuntimeError, match="the power went"):
        schema.move(engine)
    assert "half" not in inspect(engine).get_table_names()
    assert rows(engine) == before
    assert before_head(engine) == was
    assert foreign_keys_hold(engine)


def test_a_migration_that_would_leave_orphans_is_taken_back(
    engine: Engine, ada: Staff, carl: Client, checkout: Callable[..., None]
) -> None:
    populate(ada, carl)
    before = rows(engine)
    checkout("0097", up='op.execute("DELETE FROM staff")')
    if engine.dialect.name == "sqlite":
        with pytest.raises(RuntimeError, match="orphans"):
            schema.move(engine)
        assert rows(engine) == before
    else:
        schema.move(engine)
        assert not rows(engine)["staff_role"], "PostgreSQL cascades as the keys say"


def before_head(engine: Engine) -> str:
    with engine.connect() as connection:
        return str(connection.scalar(text("SELECT version_num FROM alembic_version")))


def foreign_keys_hold(engine: Engine) -> bool:
    if engine.dialect.name == "postgresql":
        return True
    with engine.connect() as connection:
        return connection.scalar(text("PRAGMA foreign_keys")) == 1
