"""Find out whom a form means: a chosen contact, an address, or words to choose from."""

from __future__ import annotations

from typing import NamedTuple

from portal.errors import AddressError
from portal.languages import _
from portal.models.account import Account
from portal.models.address import likely_meant, normalise_email
from portal.models.contact import Contact
from portal.models.contact_list import suggest
from portal.models.contact_walk import ContactLine
from portal.web.forms import WhoForm


class Pick(NamedTuple):
    """Exactly one of the first two is set, unless the person must choose or type again."""

    contact: Contact | None = None
    email: str = ""
    choices: list[ContactLine] = []  # noqa: RUF012


def pick(account: Account, form: WhoForm) -> Pick:
    """Read `contact_id` and `who`; when neither will do, say so at the field.

    A choice made for other words than those typed now counts no longer.
    """
    typed = form.who.data or ""
    if form.chosen_id is not None:
        contact = Contact.find(account, form.chosen_id)
        if contact is not None and contact.matches(typed):
            return Pick(contact=contact)
    if "@" in typed:
        return _by_address(account, form, typed)
    choices = suggest(account, typed)
    if not typed:
        form.who.errors = [_("Type a name or an e-mail address.")]
    elif not choices:
        form.who.errors = [
            _("No contact matches “%(typed)s”. Type an e-mail address instead.", typed=typed)
        ]
    else:
        form.who.errors = [_("Choose one of the contacts below, or type an e-mail address.")]
    return Pick(choices=choices)


def typo(typed: str, form: WhoForm) -> tuple[str, str] | None:
    """Return (typed, suggestion) when *typed* looks like a slip nobody has answered for yet."""
    suggestion = None if form.keep_address.data else likely_meant(typed)
    return (typed, suggestion) if suggestion else None


def _by_address(account: Account, form: WhoForm, typed: str) -> Pick:
    try:
        contact = Contact.by_email(account.id, normalise_email(typed))
    except AddressError as error:
        form.who.errors = [str(error)]
        return Pick()
    return Pick(contact=contact) if contact else Pick(email=typed)
