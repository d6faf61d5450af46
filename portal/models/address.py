"""Addresses: what makes two e-mail addresses the same one, and which ones look mistyped."""

from __future__ import annotations

import re
import unicodedata
from difflib import get_close_matches
from functools import lru_cache

import idna
import phonenumbers

from portal.errors import AddressError, PhoneError
from portal.languages import _

_COMMON_DOMAINS = (
    "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "yahoo.com",
    "icloud.com", "aol.com", "gmx.de", "gmx.net", "web.de", "t-online.de", "orange.fr",
    "proton.me", "protonmail.com", "hotmail.co.uk", "yahoo.co.uk", "btinternet.com",
)  # fmt: skip
_LIKE_A_SLIP = ("mail.com", "email.com", "ymail.com", "yahoo.com.au")
"""Providers whose names are one slip away from those above."""
_MISTYPED_ENDINGS = {
    "con": "com", "cmo": "com", "ocm": "com", "vom": "com", "comm": "com", "cim": "com",
    "xom": "com", "nte": "net", "ogr": "org", "orgg": "org",
}  # fmt: skip
_UNSEEN = "\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
"""Marks that nobody sees: they come along when an address is copied out of a page."""
_LOCAL_PART = re.compile(rf"[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f{_UNSEEN}]+")
_AROUND = re.compile(rf"^[\s{_UNSEEN}]+|[\s{_UNSEEN}]+$")
_SHARED_ENDINGS = frozenset({"ac", "co", "com", "edu", "gov", "net", "org"})
"""With a country after them: names below belong to different people, as in co.uk."""
_LONGEST_LOCAL_PART, _LONGEST_ADDRESS = 64, 254  # RFC 5321, 4.5.3.1 and RFC 3696 erratum 1690


def normalise_email(typed: str) -> str:
    """Return the key under which *typed* is one address: NFKC, trimmed, IDNA 2008 (UTS-46).

    Dots and plus-tags are kept. Raises AddressError with words for the field it was typed in.
    """
    address = _trimmed(typed)
    if address.count("@") != 1:
        raise AddressError(_("Enter one e-mail address, such as name@example.com."))
    local, domain = address.split("@")
    if not _LOCAL_PART.fullmatch(local) or local[0] == "." or local[-1] == "." or ".." in local:
        raise AddressError(_("The part before the @ is not one that mail can reach."))
    host, folded_local = _domain(domain), local.casefold()
    octets = max(len(local.encode()), len(folded_local.encode()))
    if octets > _LONGEST_LOCAL_PART or octets + len(host) >= _LONGEST_ADDRESS:
        raise AddressError(_("This address is too long for mail (254 characters at most)."))
    return f"{folded_local}@{host}"


def cleaned_email(typed: str) -> str:
    """Return *typed* as it is stored and written to: NFKC and trimmed, otherwise as typed."""
    normalise_email(typed)
    return _trimmed(typed)


def likely_meant(typed: str) -> str | None:
    """Return the address that *typed* is probably a slip of, or None. Never use it unasked."""
    local, _, domain = _trimmed(typed).rpartition("@")
    lowered = domain.lower()
    if not local or lowered in (*_COMMON_DOMAINS, *_LIKE_A_SLIP):
        return None
    close = get_close_matches(lowered, _COMMON_DOMAINS, n=1, cutoff=0.86)
    if close:
        return f"{local}@{close[0]}"
    head, _, ending = lowered.rpartition(".")
    if head and ending in _MISTYPED_ENDINGS:
        return f"{local}@{head}.{_MISTYPED_ENDINGS[ending]}"
    return None


def normalise_phone(typed: str, locale: str, country: str = "") -> str:
    """Return *typed* in E.164 (ITU-T), or '' for nothing. Raises AddressError.

    A number without its country code is one of *country* (ISO 3166), else of the locale's.
    """
    if not typed.strip():
        return ""
    region = country or locale.replace("_", "-").partition("-")[2].upper() or None
    try:
        number = phonenumbers.parse(typed, region)
    except phonenumbers.NumberParseException:
        raise PhoneError(
            _("Enter the number with its country code, such as +44 20 7946 0018.")
        ) from None
    if not phonenumbers.is_possible_number(number):
        raise PhoneError(_("This number is too long or too short for its country."))
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normalise_host(typed: str) -> str:
    """Return the host that *typed* names, in IDNA 2008 (UTS-46). Raises AddressError."""
    name = _trimmed(typed)
    if re.search(r"[/:@?#\s]", name):
        raise AddressError(
            _("Type the name alone, such as clients.example.com, without https:// and path.")
        )
    if re.fullmatch(r"[\d.]+", name):
        raise AddressError(_("This is the address of a machine. Type a name of your own."))
    try:
        host = idna.encode(name.rstrip("."), uts46=True, std3_rules=True).decode().lower()
    except idna.IDNAError:
        host = "0"
    labels = host.split(".")
    if labels[-1].isdigit():
        raise AddressError(_("This is not a domain name. Type one such as clients.example.com."))
    is_short = len(labels) == 2 and len(labels[1]) == 2
    if len(labels) == 1 or (is_short and labels[0] in _SHARED_ENDINGS):
        raise AddressError(_("Many share this ending. Type a name of your own below it."))
    return host


def masked(email: str) -> str:
    """Return c•••@example.com: enough for the owner to know it, too little for a stranger."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}•••@{domain}"


def masked_any(address: str) -> str:
    """Return an address of any kind as it may stand in a history for ever."""
    return f"{address[:1]}•••{address[-4:]}"


def folded(*words: str) -> str:
    """Return *words* without case and accents, for search and for sorting."""
    text = unicodedata.normalize("NFKD", " ".join(word for word in words if word)).casefold()
    return "".join(letter for letter in text if not unicodedata.combining(letter))


def _trimmed(typed: str) -> str:
    return _AROUND.sub("", unicodedata.normalize("NFKC", typed))


@lru_cache(maxsize=4096)
def _domain(typed: str) -> str:
    """What people share is checked once: it takes longer than all else that is done to a row."""
    try:
        host = idna.encode(typed.rstrip("."), uts46=True, std3_rules=True).decode()
    except idna.IDNAError:
        raise AddressError(_("The part after the @ is not a domain name.")) from None
    if "." not in host:
        raise AddressError(_("The part after the @ needs a dot, such as example.com."))
    if host.rpartition(".")[2].isdigit():
        raise AddressError(_("The part after the @ is not a domain name."))
    return host.lower()
