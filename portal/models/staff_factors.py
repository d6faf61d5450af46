"""The second factors of staff: who has which, and taking all of them away."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import exists, or_, select

from portal.db import db, now
from portal.models.account import Account
from portal.models.staff import Staff
from portal.models.staff_half_sign_in import StaffHalfSignIn
from portal.models.staff_passkey import StaffPasskey
from portal.models.staff_recovery_code import StaffRecoveryCode
from portal.models.staff_role import StaffRole
from portal.models.staff_totp import StaffTotp


class Factors(NamedTuple):
    """Which second factors somebody has."""

    passkey: bool
    codes: bool

    @property
    def any(self) -> bool:
        return self.passkey or self.codes


class Asking(NamedTuple):
    """An account that asks its staff for a second factor, and from when on."""

    name: str
    since: datetime

    @property
    def is_due(self) -> bool:
        return self.since <= now()


_HAS_PASSKEY = exists().where(StaffPasskey.staff_id == Staff.id)
_HAS_CODES = exists().where(StaffTotp.staff_id == Staff.id, StaffTotp.confirmed_at.is_not(None))


def of_staff(staff_id: int) -> Factors:
    row = db.session.execute(select(_HAS_PASSKEY, _HAS_CODES).where(Staff.id == staff_id)).first()
    return Factors(bool(row[0]), bool(row[1])) if row else Factors(False, False)


def of_account(account_id: int) -> dict[int, Factors]:
    """Return what each of the account's people has."""
    rows = db.session.execute(
        select(Staff.id, _HAS_PASSKEY, _HAS_CODES)
        .join(StaffRole, StaffRole.staff_id == Staff.id)
        .where(StaffRole.account_id == account_id)
    )
    return {row[0]: Factors(bool(row[1]), bool(row[2])) for row in rows}


def asking(staff_id: int) -> list[Asking]:
    """Return the accounts of this person that ask for a second factor, the earliest first."""
    rows = db.session.scalars(
        select(Account)
        .join(StaffRole, StaffRole.account_id == Account.id)
        .where(StaffRole.staff_id == staff_id)
    )
    found = [Asking(one.name, one.second_factor_from) for one in rows if one.second_factor_from]
    return sorted(found, key=lambda one: one.since)


def has_any(staff_id: int) -> bool:
    query = select(Staff.id).where(Staff.id == staff_id, or_(_HAS_PASSKEY, _HAS_CODES))
    return db.session.scalar(query) is not None


def remove_all(staff_id: int) -> bool:
    """Take every second factor away, recovery codes and half-done sign-ins too; tell whether
    there was one."""
    had_codes = StaffTotp.remove(staff_id)
    had_passkey = StaffPasskey.remove_all(staff_id) > 0
    StaffRecoveryCode.remove_all(staff_id)
    StaffHalfSignIn.end_all(staff_id)
    return had_codes or had_passkey
