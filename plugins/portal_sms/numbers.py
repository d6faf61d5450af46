"""Telephone numbers in E.164, and the countries that an account writes to."""

from __future__ import annotations

import re
from functools import cache

import phonenumbers
from babel import Locale

from portal.channel import PermanentError, Settings

NO_COUNTRY = "No country is set for text messages. Choose one in the settings of SMS."
PREMIUM = (phonenumbers.PhoneNumberType.PREMIUM_RATE, phonenumbers.PhoneNumberType.SHARED_COST)


def normalised(typed: str, settings: Settings) -> str:
    """Return *typed* in E.164 (ITU-T), read as the account's country writes its numbers.

    Raises PermanentError when it is no number, costs extra, or lies in a country that the account
    does not write to.
    """
    number = _parsed(typed, country_of(settings))
    region = phonenumbers.region_code_for_number(number)
    if region is None or not phonenumbers.is_valid_number(number):
        raise PermanentError("This telephone number does not exist.", cause="bad_address")
    allowed = allowed_countries(settings)
    if not allowed:
        raise PermanentError(NO_COUNTRY, cause="not_allowed")
    if region not in allowed:
        reason = f"Text messages to {country_name(region)} are not allowed by the settings of SMS."
        raise PermanentError(reason, cause="not_allowed")
    if phonenumbers.number_type(number) in PREMIUM:
        raise PermanentError("Premium-rate numbers are not written to.", cause="not_allowed")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def country_of(settings: Settings) -> str:
    """Return the ISO 3166 code of the country that numbers without a country code are from."""
    return str(settings.get("country") or settings.account.country).upper()


def allowed_countries(settings: Settings) -> frozenset[str]:
    """Return the countries that may be written to: those listed, or the account's own alone."""
    listed = countries_in(str(settings.get("countries") or ""))
    own = country_of(settings)
    return frozenset(listed) or frozenset({own} if own else ())


def countries_in(text: str) -> list[str]:
    return re.findall(r"[^\s,;]+", text.upper())


def is_country(code: str) -> bool:
    return code in phonenumbers.SUPPORTED_REGIONS


@cache
def country_name(code: str) -> str:
    return str(Locale("en").territories.get(code, code))


@cache
def countries() -> tuple[tuple[str, str], ...]:
    """Return (code, name) of every country that has telephone numbers, by name."""
    named = ((code, country_name(code)) for code in phonenumbers.SUPPORTED_REGIONS)
    return tuple(sorted(named, key=lambda one: one[1]))


def _parsed(typed: str, country: str) -> phonenumbers.PhoneNumber:
    try:
        return phonenumbers.parse(typed, country or None)
    except phonenumbers.NumberParseException:
        reason = "This is not a telephone number. Write it with + and its country code."
        raise PermanentError(reason, cause="bad_address") from None
