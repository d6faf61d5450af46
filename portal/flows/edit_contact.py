"""Add a contact, or correct one: a new address kills what was sent to the old one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from portal.db import atomic
from portal.errors import TakenError
from portal.models.account import Account
from portal.models.address import normalise_email, normalise_phone
from portal.models.contact import Contact
from portal.models.delivery import Delivery
from portal.models.event import Event
from portal.models.portal_access import PortalAccess
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
        raise TakenError(f"{known.called} already has this address.")
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
    moved = _apply(account, contact, details)
    if moved:
        PortalAccess.end_everything(contact.id)
        Delivery.cancel_pending(contact.id, "The contact's address was changed.")
    Event.record(
        "email_changed" if moved else "edited",
        account_id=account.id,
        contact_id=contact.id,
        by=by,
        request_id=request_id,
    )
    return moved


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
