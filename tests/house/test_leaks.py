"""The search for leaked secrets finds what is planted, and every kind of secret is known to it."""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

from flask import Flask

from portal import tokens
from portal.db import db
from portal.flows.staff_sign_in import choose_password
from portal.models import Event, Staff
from portal.models.account import Account
from tests import leaks
from tests.cast import Client, World
from tests.cast import Staff as StaffPerson
from tests.leaks import SEEN

PASSWORD = "seven quiet otters"


def found(what: Callable[[], None]) -> bool:
    try:
        what()
    except AssertionError:
        return True
    return False


def test_every_secret_that_passes_the_cast_is_known(
    ada: StaffPerson, carl: Client, world: World
) -> None:
    ada.invites(carl.email)
    letter = carl.letter()
    carl.signs_in()
    carl.browser = carl.another_browser()
    carl.asks_for_link()
    code = carl.letter().code.replace(" ", "")
    with world.app.app_context():
        known = Staff.by_email(ada.email)
        assert known
        choose_password(known, PASSWORD, session_id=0)
    ada.another_browser().opens("/admin/").presses("Sign in", email=ada.email, password=PASSWORD)
    jar = {
        cookie.key: cookie.value for cookie in carl.browser.http._cookies.values()
    }  # what the browser holds now
    assert letter.link.rpartition("/")[2][:22] in SEEN.words
    assert code in SEEN.codes
    assert PASSWORD in SEEN.passwords
    assert any(name.startswith("portal_flow_") for name in jar)
    assert len(SEEN.words) >= 8, "staff link, staff cookie, link, its nonce, session, flow …"


def test_a_planted_token_is_found_in_a_row(app: Flask, database: str, world: World) -> None:
    secret = tokens.new_secret()
    SEEN.words.add(secret)
    SEEN.codes.add("48219035")
    assert not found(lambda: leaks.refuse_in_tables(database))
    for planted in (
        secret,
        secret.encode().hex(),
        b64encode(secret.encode()).decode(),
        "4821 9035",
    ):
        with app.app_context():
            account = Account.by_slug("acme")
            assert account
            Event.record("added", account_id=account.id, detail={"reason": f"to {planted}!"})
            db.session.commit()
        assert found(lambda: leaks.refuse_in_tables(database)), planted
        with app.app_context():
            db.session.execute(db.delete(Event))
            db.session.commit()
    SEEN.forget()


def test_a_planted_cookie_is_found_as_bytes(app: Flask, database: str, world: World) -> None:
    secret = tokens.new_secret()
    SEEN.words.add(secret)
    with app.app_context():
        db.session.execute(
            db.text("INSERT INTO rate_count (key, count, ends_at) SELECT :key, 1, created_at"
                    " FROM account LIMIT 1"), {"key": secret.encode()},
        )  # fmt: skip
        db.session.commit()
    assert found(lambda: leaks.refuse_in_tables(database))
    SEEN.forget()


def test_a_planted_token_is_found_in_a_file_and_in_the_log(tmp_path: Path) -> None:
    secret = tokens.new_secret()
    SEEN.words.add(secret)
    (tmp_path / "queue.db-wal").write_bytes(b"\0\1" + secret.encode() + b"\0")
    assert found(lambda: leaks.refuse_in_files(tmp_path))
    with leaks.kept_log() as lines:
        try:
            raise ValueError(f"no answer for {secret}")
        except ValueError:
            logging.getLogger("portal.somewhere").exception("It failed.")
    assert found(lambda: leaks.refuse("The log", "\n".join(lines)))
    assert found(lambda: leaks.refuse_on_page("/p/acme/", "GET", [], f"<a href='/l/{secret}'>"))
    assert found(lambda: leaks.refuse_on_page("/", "GET", [("Location", f"/x?{secret}")], ""))
    SEEN.forget()
    (tmp_path / "queue.db-wal").unlink()
