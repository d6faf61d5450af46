"""What a gateway reports later: where its callback holds the id and the status, and who sent it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from typing import Any, Literal

from portal.channel import Cause, ForgedError, Receipt, ReceiptRequest, Settings
from portal_sms.replies import one_line

Status = Literal["delivered", "bounced", "failed"]
WORDS: dict[Status, str] = {
    "delivered": "gateway_delivered",
    "bounced": "gateway_bounced",
    "failed": "gateway_failed",
}
REASONS: dict[Status, tuple[str, Cause]] = {
    "delivered": ("", ""),
    "bounced": ("The number does not exist or cannot receive text messages.", "no_mailbox"),
    "failed": ("The gateway could not deliver the message.", ""),
}


def receipts(request: ReceiptRequest, settings: Settings) -> Iterator[Receipt]:
    """Yield what a callback says, or nothing when its status is one on the way.

    Raises ForgedError, and ValueError when the callback names no status or no message.
    """
    verify(request, settings)
    said = value_of(request, str(settings.get("gateway_status_field") or ""))
    provider_id = value_of(request, str(settings.get("gateway_id_field") or ""))[:200]
    if not said:
        raise ValueError("The callback holds no status.")
    if not request.key and not provider_id:
        raise ValueError("The callback names no message.")
    status = meaning_of(said, settings)
    if status:
        reason, cause = REASONS[status]
        yield Receipt(
            status, request.key, provider_id, reason=reason, reply=one_line(said), cause=cause
        )


def meaning_of(said: str, settings: Settings) -> Status | None:
    """Return what the gateway's word *said* means, or None for one that is not listed."""
    for status, field in WORDS.items():
        if said.casefold() in words_in(str(settings.get(field) or "")):
            return status
    return None


def words_in(text: str) -> list[str]:
    return [word.strip().casefold() for word in re.split(r"[,\n]", text) if word.strip()]


def value_of(request: ReceiptRequest, name: str) -> str:
    """Return the field *name* of the address, the form or the JSON body; `data.id` for an inner
    one of JSON; '' for none."""
    if not name:
        return ""
    for fields in (request.query, request.form):
        if name in fields:
            return fields[name].strip()
    found = _json(request.body)
    for step in name.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return str(found).strip() if isinstance(found, str | int) else ""


def verify(request: ReceiptRequest, settings: Settings) -> None:
    """Check the proof that the settings ask for. Raises ForgedError.

    Without one the address itself is the proof: it holds a secret that only the gateway was told.
    """
    kind = str(settings.get("gateway_proof") or "address")
    if kind == "address":
        return
    given = request.headers.get(str(settings.get("gateway_proof_header") or "").lower(), "")
    secret = str(settings.get("gateway_proof_secret") or "").encode()
    if not secret or not given:
        raise ForgedError("The callback is not signed.")
    if kind == "header":
        is_right = hmac.compare_digest(given.encode(), secret)
    else:
        is_right = hmac.compare_digest(
            _digest(given), hmac.digest(secret, request.body, hashlib.sha256)
        )
    if not is_right:
        raise ForgedError("The callback's proof is wrong.")


def _digest(given: str) -> bytes:
    """Return the digest written in *given*: in hexadecimal or base64, perhaps after `sha256=`."""
    text = given.strip().removeprefix("sha256=")
    try:
        return bytes.fromhex(text) if len(text) == 64 else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
