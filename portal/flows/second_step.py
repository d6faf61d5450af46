"""The second step of a staff sign-in, and signing in by a passkey, which is both steps at once."""

from __future__ import annotations

from typing import Any, NamedTuple

from portal import passkeys, recovery_codes, totp
from portal.db import atomic
from portal.errors import FactorError, PasskeyError
from portal.models import staff_entry, staff_event, staff_tries
from portal.models.staff_challenge import StaffChallenge
from portal.models.staff_entry import StaffEntry
from portal.models.staff_half_sign_in import Half, StaffHalfSignIn
from portal.models.staff_passkey import PasskeyKey, StaffPasskey
from portal.models.staff_recovery_code import StaffRecoveryCode
from portal.models.staff_totp import StaffTotp

ALONE, SECOND = "sign-in", "second"
"""What a passkey is asked for: to sign in with nothing else, or after a password or a link."""


class Where(NamedTuple):
    """In which browser, and in which request."""

    browser: str
    request_id: str = ""


@atomic
def ask_passkey(browser_secret: str, half_secret: str = "") -> dict[str, object] | None:
    """Return what a browser needs to sign in by a passkey; None when there is no first step any
    more that it would be the second of."""
    if not half_secret:
        return passkeys.to_use(StaffChallenge.issue(ALONE, browser_secret, None))
    half = StaffHalfSignIn.look(half_secret)
    if half is None:
        return None
    known = [
        passkeys.Known(one.credential_id, one.transports)
        for one in StaffPasskey.of_staff(half.staff_id)
    ]
    return passkeys.to_use(StaffChallenge.issue(SECOND, browser_secret, half.staff_id), known)


def by_code(half_secret: str, typed: str, where: Where) -> StaffEntry | None:
    """Return the session that a one-time code or a recovery code opens, or None.

    The try is counted, on disk, before anything is compared. What was wrong, or that there were too
    many tries, is not told.
    """
    half = StaffHalfSignIn.look(half_secret)
    if half is None or not _may_try(half.staff_id):
        return None
    try:
        return _enter_by_code(half, half_secret, typed, where)
    except FactorError:
        _note_failure(half.staff_id, "code", where)
        return None


def by_passkey(
    text: str, browser_secret: str, where: Where, *, half_secret: str = ""
) -> StaffEntry:
    """Return the session that the passkey opens. Raises PasskeyError."""
    answer = passkeys.read(text)
    half = StaffHalfSignIn.look(half_secret) if half_secret else None
    if half_secret and half is None:
        raise PasskeyError
    _take_challenge(answer.challenge, browser_secret, half)
    key = StaffPasskey.key_of(answer.credential_id)
    if key is None or (half is not None and key.staff_id != half.staff_id):
        raise PasskeyError
    try:
        used = _used(answer, key, needs_handle=half is None)
    except PasskeyError:
        _note_failure(key.staff_id, "passkey", where)
        raise
    return _enter_by_passkey(key, used, half, half_secret, where)


@atomic
def _may_try(staff_id: int) -> bool:
    return staff_tries.may_try(SECOND, staff_id)


@atomic
def _enter_by_code(half: Half, half_secret: str, typed: str, where: Where) -> StaffEntry:
    """Raises FactorError, and nothing is used up then."""
    staff_id, detail = half.staff_id, dict[str, Any]()
    if recovery_codes.read(typed):
        is_right = StaffRecoveryCode.use(staff_id, typed)
        left = StaffRecoveryCode.left(staff_id)
        detail = {"second": "recovery", "recovery_codes_left": left}
    else:
        is_right, detail = StaffTotp.use(staff_id, totp.read(typed)), {"second": "code"}
    if not is_right or not StaffHalfSignIn.end(half_secret):
        raise FactorError
    staff_tries.forgive(SECOND, staff_id)
    return staff_entry.enter(staff_id, via=half.via, **where._asdict(), **detail)


@atomic
def _take_challenge(challenge: bytes, browser_secret: str, half: Half | None) -> None:
    """Use the challenge up whatever comes of it: no answer is looked at twice."""
    purpose, staff_id = (SECOND, half.staff_id) if half else (ALONE, None)
    if not StaffChallenge.take(purpose, browser_secret, staff_id, challenge):
        raise PasskeyError


def _used(answer: passkeys.Answer, key: PasskeyKey, *, needs_handle: bool) -> passkeys.Used:
    """Check the answer. Where nothing else says who it is, the passkey must."""
    if (answer.handle or needs_handle) and answer.handle != key.handle:
        raise PasskeyError
    return passkeys.used(answer, key.public_key)


@atomic
def _enter_by_passkey(
    key: PasskeyKey, used: passkeys.Used, half: Half | None, half_secret: str, where: Where
) -> StaffEntry:
    if not StaffPasskey.note_use(key, **used._asdict(), request_id=where.request_id):
        raise PasskeyError  # it was removed a moment ago
    if half is None:
        return staff_entry.enter(key.staff_id, via="passkey", **where._asdict())
    if not StaffHalfSignIn.end(half_secret):
        raise PasskeyError
    staff_tries.forgive(SECOND, key.staff_id)
    return staff_entry.enter(key.staff_id, via=half.via, second="passkey", **where._asdict())


@atomic
def _note_failure(staff_id: int, second: str, where: Where) -> None:
    staff_event.record(
        "factor_failed",
        staff_id,
        request_id=where.request_id,
        browser=where.browser,
        second=second,
    )
