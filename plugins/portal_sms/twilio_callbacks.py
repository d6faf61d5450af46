"""Twilio's status callbacks: signed, and about one message each."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, urlsplit

from portal.channel import ForgedError, Receipt, ReceiptRequest, Settings
from portal_sms.replies import one_line
from portal_sms.twilio_codes import CODES, Meaning

ON_ITS_WAY = frozenset({"accepted", "scheduled", "queued", "sending", "sent"})
ARRIVED = frozenset({"delivered", "read"})
LOST = frozenset({"undelivered", "failed", "canceled"})


def receipts(request: ReceiptRequest, settings: Settings) -> Iterator[Receipt]:
    """Yield what a status callback says. Raises ForgedError unless Twilio signed it."""
    # Read from the body: an empty field is signed too.
    fields = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    verify(request, fields, str(settings.get("twilio_token") or ""))
    status = (fields.get("MessageStatus") or fields.get("SmsStatus") or "").lower()
    sid = fields.get("MessageSid") or fields.get("SmsSid") or ""
    if not sid:
        raise ValueError("The callback names no message.")
    if status in ARRIVED:
        yield Receipt("delivered", request.key, sid, reply=one_line(status))
    elif status in ON_ITS_WAY:
        yield Receipt("sent", request.key, sid, reply=one_line(status))
    elif status in LOST:
        yield _lost(request.key, sid, status, fields)
    else:
        raise ValueError("The callback's status is unknown.")


def verify(request: ReceiptRequest, fields: Mapping[str, str], token: str) -> None:
    """Check X-Twilio-Signature: HMAC-SHA1 with the auth token, over the exact URL and the form's
    names and values in the names' order (twilio.com/docs/usage/security).

    Twilio leaves the port of an https URL out. Raises ForgedError.
    """
    given = request.headers.get("x-twilio-signature", "").encode()
    form = "".join(name + fields[name] for name in sorted(fields))
    is_right = [
        hmac.compare_digest(signature(f"{url}{form}", token), given)
        for url in (request.url, _without_port(request.url))
    ]
    if not token or not any(is_right):
        raise ForgedError("The signature is not Twilio's.")


def signature(text: str, token: str) -> bytes:
    return base64.b64encode(hmac.digest(token.encode(), text.encode(), hashlib.sha1))


def _lost(key: str, sid: str, status: str, fields: Mapping[str, str]) -> Receipt:
    code = fields.get("ErrorCode", "")
    known = CODES.get(int(code)) if code.isascii() and code.isdigit() else None
    meaning = known or Meaning("", "The message did not arrive. Twilio does not say why.")
    return Receipt(
        "bounced" if meaning.bounced else "failed",
        key,
        sid,
        reason=meaning.reason,
        reply=one_line(f"{status} {code}"),
        cause=meaning.cause,
    )


def _without_port(url: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition(":")[0] if parts.port else parts.netloc
    return parts._replace(netloc=host).geturl()
