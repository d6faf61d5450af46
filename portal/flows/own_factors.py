"""A staff member's own second factors: set up, named, removed; and proving that it is them."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy.exc import IntegrityError

from portal import passkeys, passwords, recovery_codes, totp
from portal.db import atomic, db
from portal.errors import FactorError, PasskeyError
from portal.languages import _
from portal.models import staff_event, staff_factors, staff_tries
from portal.models.staff import Staff
from portal.models.staff_challenge import StaffChallenge
from portal.models.staff_half_sign_in import StaffHalfSignIn
from portal.models.staff_passkey import LONGEST_NAME, MOST, PasskeyKey, StaffPasskey
from portal.models.staff_recovery_code import StaffRecoveryCode
from portal.models.staff_session import StaffSession
from portal.models.staff_totp import StaffTotp

ADD, CONFIRM = "add", "confirm"
"""What a passkey is asked for."""


@atomic
def ask_for_new_passkey(staff: Staff, browser_secret: str) -> dict[str, object]:
    """Return what a browser needs to make a passkey. Raises FactorError when there are many."""
    known = _known(staff.id)
    if len(known) >= MOST:
        raise FactorError(_("You have many passkeys already. Remove one that you do not use."))
    return passkeys.to_make(
        _handle(staff),
        email=staff.email,
        called=staff.called,
        challenge=StaffChallenge.issue(ADD, browser_secret, staff.id),
        known=known,
    )


def add_passkey(
    staff: Staff, text: str, browser_secret: str, *, name: str, request_id: str = ""
) -> None:
    """Keep a passkey that a browser has just made. Raises PasskeyError."""
    answer = passkeys.read(text)
    _take_challenge(ADD, staff, browser_secret, answer.challenge)
    made = passkeys.made(answer)
    try:
        _keep(staff, made, name[:LONGEST_NAME], request_id)
    except IntegrityError as error:  # somebody has it already
        raise PasskeyError from error


@atomic
def rename_passkey(staff: Staff, passkey_id: int, name: str, *, request_id: str = "") -> bool:
    """Give one of this person's own another name; tell whether it was theirs."""
    renamed = StaffPasskey.rename(staff.id, passkey_id, name[:LONGEST_NAME])
    if renamed:
        staff_event.record("passkey_renamed", staff.id, request_id=request_id, passkey=name)
    return renamed


@atomic
def remove_passkey(staff: Staff, passkey_id: int, *, session_id: int, request_id: str = "") -> bool:
    """Remove one of this person's own, and end their other browsers; tell whether it was theirs."""
    name = StaffPasskey.remove(staff.id, passkey_id)
    if name is None:
        return False
    _end_elsewhere(staff, "passkey_removed", session_id, request_id, passkey=name)
    return True


@atomic
def begin_codes(staff: Staff) -> None:
    """Make a secret for an app. It is in force once a code of it was typed."""
    StaffTotp.begin(staff.id)


@atomic
def confirm_codes(staff: Staff, typed: str, *, session_id: int, request_id: str = "") -> bool:
    """Put the secret in force that was shown, if *typed* is a code of it. Where it takes another
    one's place, this person's other browsers are signed out.

    Tries are not counted: who may type has the secret before them.
    """
    had_codes = staff_factors.of_staff(staff.id).codes
    if not StaffTotp.confirm(staff.id, totp.read(typed)):
        return False
    if had_codes:
        _end_elsewhere(staff, "codes_switched_on", session_id, request_id)
    else:
        staff_event.record("codes_switched_on", staff.id, request_id=request_id)
    return True


@atomic
def stop_codes(staff: Staff, *, session_id: int, request_id: str = "") -> None:
    """Forget the app's secret, and end this person's other browsers."""
    if StaffTotp.remove(staff.id):
        _end_elsewhere(staff, "codes_switched_off", session_id, request_id)


@atomic
def new_recovery_codes(staff: Staff, *, request_id: str = "") -> list[str]:
    """Return ten codes, which are nowhere else; earlier ones work no more. Raises FactorError for
    somebody who has nothing that they would stand in for."""
    if not staff_factors.has_any(staff.id):
        raise FactorError(_("Add a passkey or set up one-time codes first."))
    codes = recovery_codes.new()
    StaffRecoveryCode.replace(staff.id, codes)
    staff_event.record("recovery_codes_made", staff.id, request_id=request_id)
    return codes


def confirm_by_password(staff: Staff, password: str, session_id: int) -> bool:
    """Tell whether this is the person's password; if so, they may change factors for a while."""
    may = _may_try(staff)
    return may and passwords.verify(staff.password_hash, password) and _confirm(staff, session_id)


def confirm_by_code(staff: Staff, typed: str, session_id: int) -> bool:
    return _may_try(staff) and _use_code(staff, typed, session_id)


@atomic
def ask_to_confirm(staff: Staff, browser_secret: str) -> dict[str, object]:
    """Return what a browser needs to prove, by a passkey, who is at it."""
    challenge = StaffChallenge.issue(CONFIRM, browser_secret, staff.id)
    return passkeys.to_use(challenge, _known(staff.id))


def confirm_by_passkey(
    staff: Staff, text: str, browser_secret: str, session_id: int, *, request_id: str = ""
) -> None:
    """Raises PasskeyError when it is no passkey of this person."""
    answer = passkeys.read(text)
    _take_challenge(CONFIRM, staff, browser_secret, answer.challenge)
    key = StaffPasskey.key_of(answer.credential_id)
    if key is None or key.staff_id != staff.id:
        raise PasskeyError
    used = passkeys.used(answer, key.public_key)
    _note_and_confirm(key, used, session_id, request_id)


@atomic
def _keep(staff: Staff, made: passkeys.Made, name: str, request_id: str) -> None:
    db.session.add(
        StaffPasskey(
            staff_id=staff.id,
            credential_id=made.credential_id,
            public_key=made.public_key,
            sign_count=made.sign_count,
            transports=made.transports,
            is_backed_up=made.is_backed_up,
            name=name,
        )
    )
    db.session.flush()
    staff_event.record("passkey_added", staff.id, request_id=request_id, passkey=name)


@atomic
def _use_code(staff: Staff, typed: str, session_id: int) -> bool:
    if not StaffTotp.use(staff.id, totp.read(typed)):
        return False
    staff_tries.forgive(CONFIRM, staff.id)
    StaffSession.confirm(session_id)
    return True


@atomic
def _confirm(staff: Staff, session_id: int) -> bool:
    staff_tries.forgive(CONFIRM, staff.id)
    StaffSession.confirm(session_id)
    return True


@atomic
def _note_and_confirm(
    key: PasskeyKey, used: passkeys.Used, session_id: int, request_id: str
) -> None:
    if not StaffPasskey.note_use(key, **used._asdict(), request_id=request_id):
        raise PasskeyError
    StaffSession.confirm(session_id)


@atomic
def _take_challenge(purpose: str, staff: Staff, browser_secret: str, challenge: bytes) -> None:
    """Use the challenge up whatever comes of it: no answer is looked at twice."""
    if not StaffChallenge.take(purpose, browser_secret, staff.id, challenge):
        raise PasskeyError


@atomic
def _may_try(staff: Staff) -> bool:
    return staff_tries.may_try(CONFIRM, staff.id)


def _known(staff_id: int) -> list[passkeys.Known]:
    mine = StaffPasskey.of_staff(staff_id)
    return [passkeys.Known(one.credential_id, one.transports) for one in mine]


def _handle(staff: Staff) -> bytes:
    """Return what this person's passkeys know them by; the first one gives it to them."""
    return Staff.keep_handle(staff.id, secrets.token_bytes(32))


def _end_elsewhere(
    staff: Staff, kind: str, session_id: int, request_id: str, **detail: Any
) -> None:
    """Sign this person's other browsers out and write down why. With the last factor the recovery
    codes go, too: there is nothing they would stand in for."""
    if not staff_factors.has_any(staff.id):
        StaffRecoveryCode.remove_all(staff.id)
    StaffHalfSignIn.end_all(staff.id)
    ended = StaffSession.end_others(staff.id, session_id)
    staff_event.record(kind, staff.id, request_id=request_id, sessions_ended=ended, **detail)
