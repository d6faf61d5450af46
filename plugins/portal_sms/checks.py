"""What can be wrong with what staff typed, in words that stand beside the field."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from wtforms import ValidationError

from portal_sms import gateway, gateway_request
from portal_sms.alphabet import MOST_SEGMENTS
from portal_sms.numbers import countries_in, is_country
from portal_sms.operator import limits
from portal_sms.words import SAMPLES, counted, unknown_in

SENDER = re.compile(r"\+[1-9]\d{6,14}|\d{3,8}|MG[0-9a-fA-F]{32}|(?=.*[A-Za-z])[\w &+-]{1,11}", re.A)


def twilio_sid(typed: str, *, is_used: bool) -> None:
    if (typed or is_used) and not re.fullmatch(r"AC[0-9a-fA-F]{32}", typed):
        raise ValidationError("An account SID is AC and 32 digits and letters from a to f.")


def sender(typed: str, *, is_used: bool) -> None:
    if (typed or is_used) and not SENDER.fullmatch(typed):
        raise ValidationError(
            "Write a number with + and country code, a name of at most 11 letters and digits, or a "
            "messaging service SID."
        )


def address(typed: str) -> None:
    """Check the template of a gateway's address. Where its host leads is looked at in each call."""
    try:
        parts = urlsplit(typed)
        port = parts.port
    except ValueError:
        raise ValidationError("This is no web address.") from None
    if not typed.isascii() or re.search(r"[\s\x00-\x20\x7f\"<>\\^`]", typed):
        raise ValidationError("Write %20 for a space, and escape letters beyond ASCII.")
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValidationError("The address must begin with https:// and the gateway's host.")
    if "{" in parts.netloc:
        raise ValidationError("The host itself can hold no placeholder.")
    if parts.username is not None or parts.password is not None:
        raise ValidationError(
            "Leave user and password out of the address. Write them into a header, with {secret}."
        )
    if parts.fragment:
        raise ValidationError("Leave out what begins with #: it is never sent.")
    _allowed_host(parts.scheme, parts.hostname)
    _known(typed, gateway_request.PLACEHOLDERS)


def is_complete(templates: str) -> None:
    """Check that the number and the message stand in the address or the body."""
    if "{text}" not in templates or not re.search(r"\{(to|digits)\}", templates):
        raise ValidationError(
            "Put {to} and {text} where they belong, into the address or the body."
        )


def headers(typed: str) -> None:
    _known(typed, gateway_request.PLACEHOLDERS)
    try:
        gateway_request.headers_in(typed)
    except ValueError as error:
        raise ValidationError(str(error)) from None


def body(kind: str, typed: str) -> None:
    if kind == "none":
        return
    if not typed:
        raise ValidationError("Write the body's template, or choose None above.")
    try:
        if kind == "form":
            gateway_request.pairs_in(typed)
            _known(typed, gateway_request.PLACEHOLDERS)
        else:
            gateway_request.each_string(json.loads(typed), _known_in_string)
    except json.JSONDecodeError as error:
        raise ValidationError(
            f"This is no JSON: {error.msg} in line {error.lineno}. Placeholders stand in quotes."
        ) from None
    except ValueError as error:
        raise ValidationError(str(error)) from None


def statuses(typed: str) -> None:
    try:
        gateway.statuses_in(typed or "200")
    except ValueError as error:
        raise ValidationError(str(error)) from None


def pattern(typed: str) -> None:
    try:
        re.compile(typed)
    except re.error as error:
        raise ValidationError(f"This is no regular expression: {error}.") from None


def country_codes(typed: str) -> None:
    for code in countries_in(typed):
        if not is_country(code):
            raise ValidationError(f"{code} is no country code. Write codes like GB, IE, FR.")


def template(typed: str, *, has_code: bool) -> None:
    """Check a message's template; none is fine."""
    known = {name: "" for name in SAMPLES if has_code or name != "code"}
    if not typed:
        return
    if "code" in unknown_in(typed, known):
        raise ValidationError("{code} is for sign-in messages: others have none.")
    _known(typed, known)
    if "{link}" not in typed:
        raise ValidationError("Put {link} where the link belongs.")
    if re.search(r"\S\{link\}|\{link\}\S", typed):
        raise ValidationError("Leave a space before and after {link}: phones cut links there.")
    length = counted(typed)
    if length.segments > MOST_SEGMENTS:
        raise ValidationError(f"At most {MOST_SEGMENTS} segments, please. This takes {length}.")


def _known(typed: str, known: Mapping[str, str]) -> None:
    unknown = unknown_in(typed, known)
    if unknown:
        names = ", ".join(f"{{{name}}}" for name in known)
        raise ValidationError(f"{{{unknown[0]}}} means nothing here. Known are {names}.")


def _known_in_string(text: str) -> str:
    _known(text, gateway_request.PLACEHOLDERS)
    return text


def _allowed_host(scheme: str, host: str) -> None:
    """Refuse at once what every call would refuse, as far as the address alone tells it."""
    hosts = limits().hosts
    if hosts is not None:
        if host not in hosts:
            raise ValidationError(f"The operator does not allow {host}.")
    elif scheme == "http" and not _is_loopback(host):
        raise ValidationError("Use https://: the message holds the link.")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
