"""The verdict on rows of a run: a few statements for a thousand of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import select

from portal.contact_files import Row
from portal.db import db
from portal.errors import AddressError
from portal.languages import mark
from portal.models.account import Account
from portal.models.address import cleaned_email, likely_meant, normalise_email, normalise_phone
from portal.models.contact import Contact
from portal.models.portal_access import Access
from portal.models.run_row import RunRow, State, Verdict

_BY_STANDING = {
    "": Verdict.KNOWN,
    str(Access.INVITED): Verdict.INVITED,
    str(Access.JOINED): Verdict.JOINED,
    str(Access.SUSPENDED): Verdict.SHUT_OUT,
    str(Access.REVOKED): Verdict.SHUT_OUT,
}


class _Known(NamedTuple):
    id: int
    standing: str
    undelivered: bool


def judged(account: Account, run_id: int, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return *rows* as they are stored, each with its verdict. One that repeats an earlier row
    of the run, or an earlier one of *rows*, is a duplicate."""
    found = [_row(account, run_id, row) for row in rows]
    norms = [one["email_norm"] for one in found if one["email_norm"]]
    seen = RunRow.norms_among(run_id, norms)
    known = _known(account, norms)
    for one in found:
        if one["verdict"] == Verdict.INVALID:
            continue
        norm = one["email_norm"]
        if norm in seen:
            one.update(
                verdict=Verdict.DUPLICATE, reason=mark("The address stands further up already.")
            )
        elif norm in known:
            one.update(verdict=_of_contact(known[norm]), contact_id=known[norm].id)
        else:
            one.update(_of_stranger(one["email"]))
        seen.add(norm)
    return found


def _row(account: Account, run_id: int, row: Row) -> dict[str, Any]:
    norm, fault = "", row.fault
    if not fault:
        norm, fault = _norm(row.email)
    phone, reason = _phone(account, row.phone)
    return {
        "run_id": run_id,
        "line": row.line,
        "email": cleaned_email(row.email) if norm else row.email,
        "email_norm": norm,
        "name": row.name,
        "phone": phone,
        "external_id": row.external_id,
        "tags": list(row.tags),
        "verdict": Verdict.INVALID if fault else Verdict.NEW,
        "reason": fault or reason,
        "suggestion": "",
        "state": State.WAITING,
        "error": "",
        "contact_id": None,
        "delivery_id": None,
    }


def _norm(email: str) -> tuple[str, str]:
    if not email:
        return "", mark("There is no e-mail address.")
    try:
        return normalise_email(email), ""
    except AddressError as error:
        return "", str(error)


def _phone(account: Account, typed: str) -> tuple[str, str]:
    """A number that cannot be used keeps nobody from being invited: it is left out."""
    if not typed:
        return "", ""
    try:
        return normalise_phone(typed, account.locale, account.info().country), ""
    except AddressError as error:
        return "", f"The phone number is left out. {error}"


def _known(account: Account, norms: Sequence[str]) -> dict[str, _Known]:
    query = select(Contact.email_norm, Contact.id, Contact.standing, Contact.undelivered).where(
        Contact.account_id == account.id, Contact.email_norm.in_(norms)
    )
    return {row[0]: _Known(*row[1:]) for row in db.session.execute(query)}


def _of_contact(known: _Known) -> Verdict:
    found = _BY_STANDING[known.standing]
    if known.undelivered and found != Verdict.SHUT_OUT:
        return Verdict.BOUNCED
    return found


def _of_stranger(email: str) -> dict[str, Any]:
    local, _, domain = email.rpartition("@")
    meant = _meant(domain)
    if not meant:
        return {"verdict": Verdict.NEW}
    suggestion = f"{local}@{meant}"
    if _norm(suggestion)[1]:
        return {"verdict": Verdict.NEW}
    return {
        "verdict": Verdict.TYPO,
        "suggestion": suggestion,
        "reason": f"Did they mean {suggestion}?",
    }


@lru_cache(maxsize=20_000)
def _meant(domain: str) -> str:
    """Return the domain that *domain* is probably a slip of; the same few come again and again."""
    found = likely_meant(f"x@{domain}")
    return found.rpartition("@")[2] if found else ""
