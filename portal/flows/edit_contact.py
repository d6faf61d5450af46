"""Add a contact, or correct one: a new address kills what was sent to the old one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from portal.db import atomic
from portal.errors import TakenError
from portal.languages import _, mark
from portal.models.account import Account
from portal.models.address import normalise_email, normalise_phone
from portal.models.contact import Contact
from portal.models.delivery import Delivery
from portal.models.event import Event
from portal.models.portal_access import PortalAccess
from portal.models.reminder import Reminder
from portal.models.staff import Staff


class Details(NamedTuple):
    """What staff typed about a contact."""

    name: str
    email: str
    phone: str = ""
    locale: str = ""
    external_id: str = ""
    addresses: Mapping[str, str] = {}
    """By the kind of address that a channel writes to; kinds that are not named stay."""


@atomic
def add_contact(account: Account, details: Details, *, by: Staff, request_id: str = "") -> Contact:
    """Add someone to the address book; nothing is sent. Raises AddressError or TakenError."""
    known = Contact.by_email(account.id, normalise_email(details.email))
    if known is not None:
        raise TakenError(_("%(who)s already has this address.", who=known.called))
    contact = Contact.find_or_add(account, details.email, details.name)
    _apply(account, contact, details)
    Event.record(
        "added", account_id=account.id, contact_id=contact.id, by=by, request_id=request_id
    )
    return contact


@atomic
def edit_contact(
    account: Account, contact: Contact, details: Details, *, by: Staff, request_id: str = ""
) -> bool:
    """Take over *details*; return whether the address changed, which ends links, codes,
    sessions and queued messages. Raises AddressError or TakenError."""
    PortalAccess.hold(contact.id)
    before = _known(contact)
    moved = _apply(account, contact, details)
    if moved:
        PortalAccess.end_everything(contact.id)
        Reminder.forget(contact.id)
        Delivery.cancel_pending(contact.id, mark("The contact's address was changed."))
    Event.record(
        "email_changed" if moved else "edited",
        account_id=account.id,
        contact_id=contact.id,
        by=by,
        request_id=request_id,
        detail=_difference(before, _known(contact)),
    )
    return moved


def _known(contact: Contact) -> dict[str, Any]:
    """Return what staff can change. Other addresses may hold secrets: of them the kinds alone are
    written down."""
    shown = {name: getattr(contact, name) for name in _SHOWN}
    return {**shown, "addresses": dict(contact.addresses)}


def _difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    changes = {n: [before[n], after[n]] for n in _SHOWN if before[n] != after[n]}
    was, now_is = before["addresses"], after["addresses"]
    changed = sorted(kind for kind in {*was, *now_is} if was.get(kind) != now_is.get(kind))
    found = {"changes": changes, "changed": changed}
    return {name: value for name, value in found.items() if value}


_SHOWN = ("name", "email", "phone", "locale", "external_id")


def _apply(account: Account, contact: Contact, details: Details) -> bool:
    return contact.change(
        name=details.name,
        email=details.email,
        phone=normalise_phone(
            details.phone, details.locale or account.locale, account.info().country
        ),
        locale=details.locale,
        external_id=details.external_id,
        addresses=details.addresses,
    )
