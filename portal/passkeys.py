"""Passkeys as WebAuthn has them: what browsers are asked for, and whether their answer is good.

The library that checks answers is imported when the first one comes: most processes never need it.
"""

from __future__ import annotations

import ipaddress
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from portal.config import settings
from portal.errors import PasskeyError

ALGORITHMS = (-8, -7, -257)
"""COSE numbers: EdDSA, ES256, RS256."""
TRANSPORTS = frozenset({"ble", "hybrid", "internal", "nfc", "smart-card", "usb"})
LONGEST_ID = 1023
"""Bytes of a passkey's own name (WebAuthn 3, 7.1)."""
PATIENCE_MS = 5 * 60 * 1000
_NAME = "Portico"


class Known(NamedTuple):
    """A passkey that somebody has already, as a browser is told of it."""

    credential_id: bytes
    transports: Sequence[str]


class Made(NamedTuple):
    """A passkey that a browser has just made."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: list[str]
    is_backed_up: bool


class Answer(NamedTuple):
    """What a browser says a passkey has signed, before anything of it was checked."""

    text: str
    credential_id: bytes
    challenge: bytes
    handle: bytes


class Used(NamedTuple):
    """What a good answer says of its passkey."""

    sign_count: int
    is_backed_up: bool


def are_possible() -> bool:
    """Tell whether browsers keep passkeys for this portal: they do for names alone (WebAuthn 3,
    5.1.3), not for addresses of machines."""
    try:
        ipaddress.ip_address(settings().hostname)
    except ValueError:
        return True
    return False


def to_make(
    handle: bytes, *, email: str, called: str, challenge: bytes, known: Iterable[Known]
) -> dict[str, Any]:
    """Return what a browser needs to make a passkey: one that finds its person by itself."""
    return {
        "rp": {"id": settings().hostname, "name": _NAME},
        "user": {"id": _text(handle), "name": email, "displayName": called},
        "challenge": _text(challenge),
        "pubKeyCredParams": [{"type": "public-key", "alg": number} for number in ALGORITHMS],
        "timeout": PATIENCE_MS,
        "attestation": "none",
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "excludeCredentials": _listed(known),
    }


def to_use(challenge: bytes, known: Iterable[Known] = ()) -> dict[str, Any]:
    """Return what a browser needs to sign with a passkey: one of *known*, or any it has for us."""
    return {
        "rpId": settings().hostname,
        "challenge": _text(challenge),
        "timeout": PATIENCE_MS,
        "userVerification": "required",
        "allowCredentials": _listed(known),
    }


def read(text: str) -> Answer:
    """Return what *text* says it is. Raises PasskeyError when it is not even that."""
    try:
        found = json.loads(text)
        response = found["response"]
        client = json.loads(_bytes(response["clientDataJSON"]))
        handle = _bytes(response.get("userHandle") or "")
        return Answer(text, _bytes(found["id"]), _bytes(client["challenge"]), handle)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise PasskeyError from error


def made(answer: Answer) -> Made:
    """Check a passkey that was just made. Raises PasskeyError."""
    import webauthn

    checked: Any = _checked(webauthn.verify_registration_response, answer)
    told = json.loads(answer.text)["response"].get("transports")
    transports = [one for one in TRANSPORTS if one in told] if isinstance(told, list) else []
    if len(checked.credential_id) > LONGEST_ID:
        raise PasskeyError
    return Made(
        checked.credential_id,
        checked.credential_public_key,
        checked.sign_count,
        sorted(transports),
        checked.credential_backed_up,
    )


def used(answer: Answer, public_key: bytes) -> Used:
    """Check what a passkey has signed. Raises PasskeyError.

    The count is left to the caller: one that goes back is written down, which the library, that
    would refuse it, gives no chance to.
    """
    import webauthn

    checked: Any = _checked(
        webauthn.verify_authentication_response,
        answer,
        credential_public_key=public_key,
        credential_current_sign_count=0,
    )
    return Used(checked.new_sign_count, checked.credential_backed_up)


def _checked(check: Any, answer: Answer, **more: Any) -> Any:
    try:
        return check(
            credential=answer.text,
            expected_challenge=answer.challenge,
            expected_rp_id=settings().hostname,
            expected_origin=_origin(settings().url),
            require_user_verification=True,
            **more,
        )
    except Exception as error:
        # A stranger's bytes go through three parsers: whatever they stumble over, it is no passkey.
        raise PasskeyError from error


def _origin(url: str) -> str:
    """Return scheme, host and port as browsers write them: without the usual port."""
    parts = urlsplit(url)
    is_usual = parts.port in (None, {"http": 80, "https": 443}[parts.scheme])
    return f"{parts.scheme}://{parts.hostname}" + ("" if is_usual else f":{parts.port}")


def _listed(known: Iterable[Known]) -> list[dict[str, Any]]:
    return [
        {"type": "public-key", "id": _text(one.credential_id), "transports": list(one.transports)}
        for one in known
    ]


def _text(value: bytes) -> str:
    return urlsafe_b64encode(value).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
