"""One-time codes and recovery codes: each works once, for a moment, and for its person alone."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from portal import recovery_codes, totp
from portal.db import db, now
from portal.models import StaffRecoveryCode, StaffTotp
from portal.models.staff_tries import TRIES_A_DAY
from tests.cast import World
from tests.links.fixtures import Clock
from tests.second_factor.conftest import PASSWORD, SOL, SQLITE, Person

VECTORS = (
    (59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"),
    (1234567890, "89005924"), (2000000000, "69279037"), (20000000000, "65353130"),
)  # fmt: skip
"""RFC 6238, appendix B, SHA-1."""
DESK = ("", "contacts/", "team/", "history/")


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    assert totp.code_at(b"12345678901234567890", seconds // totp.STEP, digits=8) == code


def test_a_code_is_good_for_a_step_more_on_each_side() -> None:
    secret, at = totp.new_secret(), now()
    here = totp.step_at(at)
    near = {
        n: totp.step_of(secret, totp.code_at(secret, here + n), at, after=None)
        for n in range(-3, 4)
    }
    assert [n for n, step in near.items() if step is not None] == [-1, 0, 1]
    assert totp.step_of(secret, totp.code_at(secret, here), at, after=here) is None
    assert totp.read("١٢٣ 456") == "123456"


def test_recovery_codes_are_read_as_people_write_them() -> None:
    code = recovery_codes.new()[0]
    assert len(recovery_codes.new()) == 10
    plain = recovery_codes.read(code)
    assert recovery_codes.read(f" {code.upper().replace('-', ' ').replace('0', 'O')} ") == plain
    assert recovery_codes.read(code[:-1]) == "" == recovery_codes.read("u" * 16)


def test_who_has_one_time_codes_gets_in_by_both_steps_alone(
    clock: Clock, world: World, ada: Person, password: str
) -> None:
    ada.sets_up_codes().sees("One-time codes are on").is_at("/admin/_sign-in/recovery")
    ada.opens("acme/team/").sees("One-time codes")
    elsewhere = Person(world, address="203.0.113.5")
    elsewhere.secret = ada.secret
    page = (
        elsewhere.types_password(password)
        .is_at("/admin/_second/")
        .sees("One more step", "Ada Byron")
    )
    for path in DESK:
        elsewhere.opens(f"acme/{path}").is_at("/admin/")
    for path in ("accounts", "password", "_sign-in/", "_sign-in/codes", "_sessions/", "_confirm/"):
        elsewhere.opens(path).is_at("/admin/")
    page.presses("Sign in", code=ada.code()).sees("That did not work")
    clock.passes(seconds=totp.STEP)
    page.presses("Sign in", code=f"{ada.code()[:3]} {ada.code()[3:]}").sees("Client Portal")
    again = Person(world, address="203.0.113.6")
    again.secret = ada.secret
    again.presses_link().presses("Sign in", code=ada.code()).sees("That did not work")
    history = ada.opens("acme/history/?what=sign-ins")
    history.sees(
        "A second factor of Ada Byron did not work", "With a one-time code as second factor"
    )


def test_a_recovery_code_works_once_and_says_how_many_are_left(world: World, ada: Person) -> None:
    ada.sets_up_codes()
    codes = ada.makes_recovery_codes()
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"[0-9a-z]{4}(-[0-9a-z]{4}){3}", code) for code in codes)
    lost = Person(world)
    page = lost.presses_link().presses("Sign in", code=codes[3].upper())
    page.sees("That recovery code is used up. 9 are left.", "Client Portal")
    Person(world).presses_link().presses("Sign in", code=codes[3]).sees("That did not work")
    lost.makes_recovery_codes()
    Person(world).presses_link().presses("Sign in", code=codes[4]).sees("That did not work")
    ada.opens("acme/history/").sees("9 recovery codes left", "made new recovery codes")


@SQLITE
def test_codes_of_one_person_are_nothing_to_another(world: World, ada: Person) -> None:
    ada.sets_up_codes()
    codes = ada.makes_recovery_codes()
    sol = Person(world, SOL)
    sol.presses_link().sees("Client Portal")
    sol.sets_up_codes()
    page = Person(world, SOL).presses_link()
    page.presses("Sign in", code=codes[0]).sees("That did not work")
    page.presses("Sign in", code=ada.code(1)).sees("That did not work")
    ids = (ada.staff_id, sol.staff_id)
    with world.app.app_context():
        mine, theirs = (db.session.get(StaffTotp, staff_id) for staff_id in ids)
        assert mine
        assert theirs
        theirs.sealed = mine.sealed
        db.session.commit()
        assert not StaffTotp.use(ids[1], ada.code(1)), "it is sealed for Ada alone"
        db.session.rollback()


@SQLITE
def test_five_wrong_codes_and_even_the_right_one_waits(
    clock: Clock, world: World, ada: Person
) -> None:
    ada.sets_up_codes()
    clock.passes(seconds=totp.STEP)
    said = set()
    for number in range(6):
        guesser = Person(world, address=f"203.0.113.{number}")
        page = guesser.presses_link().presses(
            "Sign in", code="000000" if number < 5 else ada.code()
        )
        said.add((page.status, page.words))
    assert len(said) == 1, "neither what was wrong nor that it was too often is told"
    clock.passes(minutes=15, seconds=1)
    Person(world).presses_link().presses("Sign in", code=ada.code()).sees("Client Portal")


@SQLITE
def test_after_thirty_wrong_codes_in_a_day_only_the_next_day_helps(
    clock: Clock, world: World, ada: Person
) -> None:
    ada.sets_up_codes()
    for number in range(TRIES_A_DAY):
        guesser = Person(world, address=f"203.0.113.{number}")
        guesser.presses_link().presses("Sign in", code="000000").sees("That did not work")
        clock.passes(minutes=15 if number % 5 == 4 else 0, seconds=1)
    Person(world).presses_link().presses("Sign in", code=ada.code()).sees("That did not work")
    clock.passes(hours=24)
    Person(world).presses_link().presses("Sign in", code=ada.code()).sees("Client Portal")


@SQLITE
def test_the_second_step_is_over_after_five_minutes(
    clock: Clock, world: World, ada: Person
) -> None:
    ada.sets_up_codes()
    late = Person(world)
    page = late.presses_link()
    clock.passes(minutes=5, seconds=1)
    page.presses("Sign in", code=ada.code()).is_at("/admin/").sees("more than five minutes")
    assert not late.is_in()


def test_of_several_who_type_one_code_at_once_one_gets_in(world: World, ada: Person) -> None:
    ada.sets_up_codes()
    codes = ada.makes_recovery_codes()
    people = [Person(world, address=f"203.0.113.{number}") for number in range(4)]
    pages = [one.presses_link() for one in people]
    for code in (codes[0], ada.code(1)):
        with ThreadPoolExecutor(len(pages)) as crowd:
            ended = [*crowd.map(lambda page, code=code: page.presses("Sign in", code=code), pages)]
        assert sum("Client Portal" in page.words for page in ended) == 1, code
        pages = [one.opens("_second/") for one in people if not one.is_in()]
        people = [one for one in people if not one.is_in()]
    with world.app.app_context():
        assert StaffRecoveryCode.left(ada.staff_id) == 9


@SQLITE
def test_switching_off_asks_again_and_ends_other_browsers(
    clock: Clock, world: World, ada: Person, password: str
) -> None:
    ada.sets_up_codes()
    ada.makes_recovery_codes()
    other = Person(world)
    other.secret = ada.secret
    clock.passes(seconds=totp.STEP)
    other.presses_link().presses("Sign in", code=ada.code())
    clock.passes(minutes=11)
    ada.opens("_sign-in/codes").is_at("/admin/_confirm/")
    ada.opens("_sign-in/recovery").presses("Make ten codes").is_at("/admin/_confirm/")
    page = ada.opens("_sign-in/").presses("Switch off").sees("Is it you?", "Then press once more")
    page.presses("Confirm", password="not her password").sees("That did not work")
    page.presses("Confirm with the code", code="12").sees("That did not work")
    page = page.presses("Confirm with the code", code=ada.code()).is_at("/admin/_sign-in/")
    assert other.is_in()
    page.presses("Switch off").sees("One-time codes are off")
    assert not other.is_in()
    Person(world).presses_link().sees("Client Portal")
    with world.app.app_context():
        assert StaffRecoveryCode.left(ada.staff_id) == 0
    ada.opens("acme/history/").sees("switched one-time codes on", "switched one-time codes off")


@SQLITE
def test_a_new_app_takes_the_old_ones_place_with_its_first_code(
    clock: Clock, world: World, ada: Person
) -> None:
    ada.sets_up_codes()
    old = ada.secret
    page = ada.opens("_sign-in/").presses("Set up another app")
    for _try in range(6):
        page.presses("Switch on", code="123456").sees("not the code of now")
    clock.passes(seconds=totp.STEP)
    here = totp.step_at(now())
    other = Person(world)
    other.presses_link().presses("Sign in", code=totp.code_at(old, here)).sees("Client")
    ada.sets_up_codes().sees("are on", "All other browsers are signed out")
    assert ada.is_in()
    assert not other.is_in(), "whoever has the old phone may be in there"
    page = Person(world).presses_link()
    page.presses("Sign in", code=totp.code_at(old, here + 1)).sees("That did not work")


@SQLITE
def test_a_password_is_no_way_round_the_proof(clock: Clock, world: World, ada: Person) -> None:
    ada.sets_up_codes()
    page = ada.opens("password")
    clock.passes(minutes=11)
    page.presses("Save password", password=PASSWORD).is_at("/admin/_confirm/")
    page = ada.opens("password").is_at("/admin/_confirm/")
    page = page.presses("Confirm with the code", code=ada.code()).is_at("/admin/password")
    page.presses("Save password", password=PASSWORD).sees("Your new password is set")
    for current in ["a guess"] * 5 + [PASSWORD]:
        page = ada.opens("password").presses(
            "Save password", current=current, password=f"{PASSWORD} again"
        )
        page.sees("That did not work", "wait a quarter of an hour")
    clock.passes(minutes=16)
    page = ada.opens("_sign-in/").presses("Switch off").is_at("/admin/_confirm/")
    page.presses("Confirm", password=PASSWORD).is_at("/admin/_sign-in/")
