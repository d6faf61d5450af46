"""Passwords of staff: long enough, not everybody's, and kept as argon2id alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type
from hypothesis import given
from hypothesis import strategies as st

from portal import passwords
from portal.config import PACKAGE
from portal.db import db
from portal.models import Staff as StaffRow
from tests.cast import Staff, World

GOOD = "seven quiet otters"
DEAR, NOBODY = passwords._hasher, passwords._NOBODY
"""As they are before the tests begin, which make both cheap."""
COMMON = [
    "password1234",
    "Password2026!",
    "P@ssw0rd2026",
    "passwordpassword",
    "PasswordPassword1!",
    "welcome12345",
    "Welcome2026!!",
    "Summer2026!!",
    "!!!sunshine!!!",
    "iloveyou1234",
    "letmeinletmein",
    "adminadmin12",
    "admin-password",
    "Qwertz123456",
    "qwertyuiop12",
    "qwertyuiopasdfghjkl",
    "1qaz2wsx3edc",
    "1q2w3e4r5t6y",
    "123qweasdzxc",
    "123456789012",
    "abcdefghijkl",
    "zyxwvutsrqpo",
    "aaaaaaaaaaaa",
    "121212121212",
    "abcabcabcabc",
    "            ",
    "correcthorsebatterystaple",
    "Correct Horse Battery Staple",
    "thisismypassword",
    "dragonmonkey",
    "clientportal1",
    "motdepasse2026",
]
UNCOMMON = [
    GOOD,
    "seven-quiet-otters-1",
    "kestrel harbour ledger",
    "Tr4verse!glacier",
    "x7#Kp2!vQ9&mZ4",
    "483920175664918",
    "summer83920174658293",
    "пароль моей кошки",
    "合言葉は山と川と海と空です",
    "🦦🦦 seven otters",
    "my dog is not called rex",
    "dragon monkey shadow sunshine",
]


def refused(password: str, **who: str) -> str:
    try:
        passwords.check(password, **who)
    except passwords.PasswordError as error:
        return str(error)
    return ""


def test_length_is_between_twelve_and_two_hundred_and_fifty_six() -> None:
    assert refused(GOOD[:11]) == "Use at least 12 characters. A few words in a row are fine."
    assert refused(GOOD[:12]) == ""
    long = (GOOD + " and one ") * 20
    assert refused(long[:256]) == ""
    assert refused(long[:257]) == "Use at most 256 characters."


@pytest.mark.parametrize("password", COMMON)
def test_what_everybody_tries_first_is_refused(password: str) -> None:
    assert refused(password) == "Too many people use this one. Choose something less common."


@pytest.mark.parametrize("password", UNCOMMON)
def test_a_few_words_and_a_managers_choice_are_fine(password: str) -> None:
    assert refused(password, email="ada@acme.example", name="Ada Byron") == ""


@pytest.mark.parametrize(
    "password",
    ["Ada Byron 1815", "ada@acme.example", "adabyron-1815-12", "ADA.BYRON.1234", "byron.ada.byron"],
)
def test_ones_own_name_and_address_are_refused(password: str) -> None:
    answer = refused(password, email="ada@acme.example", name="Ada Byron")
    assert answer == "Leave your own name and address out of it."


@given(st.text(min_size=12, max_size=60))
def test_any_password_is_taken_or_refused_in_a_sentence(password: str) -> None:
    answer = refused(password, email="ada@acme.example", name="Ada")
    assert answer == "" or answer.endswith(".")


def test_the_list_is_words_that_the_check_can_meet() -> None:
    lines = (PACKAGE / "common_passwords.txt").read_text().splitlines()
    assert len(lines) > 300
    assert lines == sorted(set(lines))
    assert all(line.isalpha() and line == line.lower() for line in lines)


@pytest.fixture
def dear(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash at the price that is paid outside of tests."""
    monkeypatch.setattr(passwords, "_hasher", DEAR)
    monkeypatch.setattr(passwords, "_NOBODY", NOBODY)


@pytest.mark.usefixtures("dear")
def test_a_hash_is_argon2id_and_needs_its_password() -> None:
    stored = passwords.hash_of(GOOD)
    parameters = extract_parameters(stored)
    assert parameters.type is Type.ID
    assert (parameters.memory_cost, parameters.time_cost) >= (65536, 3)
    assert passwords.verify(stored, GOOD)
    assert not passwords.verify(stored, GOOD + " ")
    assert not passwords.verify(stored, GOOD.upper())
    assert passwords.hash_of(GOOD) != stored, "each has its own salt"
    assert len(stored) <= 200
    assert not passwords.is_outdated(stored)


@pytest.mark.usefixtures("dear")
def test_nobodys_hash_costs_as_much_and_fits_no_password() -> None:
    assert not passwords.is_outdated(NOBODY)
    for nothing in ("", "x", "$argon2id$broken"):
        assert not passwords.verify(nothing, GOOD)
        assert not passwords.verify(nothing, "")


def test_staff_choose_a_password_and_sign_in_with_it(ada: Staff) -> None:
    page = ada.opens("/admin/password").presses("Save password", password=GOOD)
    page.sees("Your new password is set")
    again = ada.another_browser().opens("/admin/")
    field = again.soup.find(id="password")
    assert field
    assert field.get("autocomplete") == "current-password"
    assert "onpaste" not in str(field)
    again.presses("Sign in", email=ada.email, password=GOOD).sees("Client Portal")
    other = ada.another_browser().opens("/admin/")
    other.presses("Sign in", email=ada.email, password="seven noisy otters").sees("did not work")


def test_a_common_choice_is_said_at_its_field(ada: Staff) -> None:
    page = ada.opens("/admin/password").presses("Save password", password="Password2026!")
    page.sees("Too many people use this one").does_not_see("is set")


@pytest.mark.usefixtures("dear")
def test_an_old_hash_is_renewed_at_the_next_sign_in(ada: Staff, world: World) -> None:
    with world.app.app_context():
        staff = StaffRow.by_email(ada.email)
        assert staff
        staff.password_hash = PasswordHasher(time_cost=1, memory_cost=8192).hash(GOOD)
        db.session.commit()
        old = staff.password_hash
    ada.another_browser().opens("/admin/").presses("Sign in", email=ada.email, password=GOOD)
    with world.app.app_context():
        staff = StaffRow.by_email(ada.email)
        db.session.rollback()
        assert staff
        assert staff.password_hash != old
        assert not passwords.is_outdated(staff.password_hash)
        assert passwords.verify(staff.password_hash, GOOD)


def test_an_old_password_opens_nothing_that_outlives_it(
    ada: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada.opens("/admin/password").presses("Save password", password=GOOD)
    verify = passwords.verify

    def change() -> None:
        page = ada.opens("/admin/password")
        page.presses("Save password", current=GOOD, password=f"{GOOD} again").sees("is set")

    def verify_and_be_late(password_hash: str, password: str) -> bool:
        monkeypatch.setattr(passwords, "verify", verify)
        with ThreadPoolExecutor(1) as meanwhile:
            meanwhile.submit(change).result()
        return verify(password_hash, password)

    thief = ada.another_browser().opens("/admin/")
    monkeypatch.setattr(passwords, "verify", verify_and_be_late)
    thief.presses("Sign in", email=ada.email, password=GOOD).sees("That did not work")
    ada.opens("/admin/accounts").is_at("/admin/accounts")


def test_the_list_goes_with_the_package() -> None:
    assert Path(passwords.__file__).with_name("common_passwords.txt").stat().st_size > 2000
