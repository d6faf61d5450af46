"""Twilio: messages through its API."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from portal.channel import (
    AuthenticationError,
    ChannelError,
    Finding,
    Operator,
    PermanentError,
    SendRequest,
    Sent,
    Settings,
    TemporaryError,
)
from portal_sms.operator import limits
from portal_sms.replies import error_for, one_line, reply_of, retry_after, without_secrets
from portal_sms.twilio_codes import CODES
from portal_sms.wire import Answer, Call, answer_to


def is_ready(settings: Settings) -> bool:
    return all(settings.get(name) for name in ("twilio_sid", "twilio_token", "twilio_from"))


def send(
    request: SendRequest, text: str, settings: Settings, deadline: float, _operator: Operator
) -> Sent:
    """Create a message (POST …/Messages.json). Raises a ChannelError when Twilio will not."""
    sender = str(settings["twilio_from"])
    fields = {"To": request.to, "Body": text}
    fields["MessagingServiceSid" if sender.startswith("MG") else "From"] = sender
    if _can_be_called(request.receipt_url):
        fields["StatusCallback"] = request.receipt_url
    answer = answer_to(_call("POST", "/Messages.json", settings, fields), deadline)
    told = _told(answer)
    if answer.status not in (200, 201):
        raise _refusal(answer, told, request, settings)
    words = f"{answer.status} {told.get('status', '')}"
    reply = without_secrets(words, request, [str(settings["twilio_token"])])
    return Sent(provider_id=str(told.get("sid") or "")[:200], reply=one_line(reply))


def check(settings: Settings, deadline: float, _operator: Operator) -> list[Finding]:
    """Ask Twilio for the account. Raises a ChannelError when it does not show it."""
    answer = answer_to(_call("GET", ".json", settings), deadline)
    told = _told(answer)
    if answer.status != 200:
        raise _refusal(answer, told, None, settings)
    if told.get("status") not in (None, "active"):
        raise AuthenticationError("Twilio has suspended the account.", cause="sign_in")
    findings = [Finding("good", "Twilio accepts the account SID and the auth token.")]
    if told.get("type") == "Trial":
        detail = "It writes only to numbers that were verified at Twilio."
        findings.append(Finding("note", "This is a trial account.", detail))
    return findings


def _call(
    method: str, path: str, settings: Settings, fields: Mapping[str, str] | None = None
) -> Call:
    base = limits().twilio_url
    return Call(
        method,
        f"{base}/2010-04-01/Accounts/{quote(str(settings['twilio_sid']), safe='')}{path}",
        {
            "Authorization": f"Basic {_pair(settings)}",
            "Content-Type": "application/x-www-form-urlencoded",
        },
        urlencode(fields).encode() if fields else b"",
        hosts=frozenset({urlsplit(base).hostname or ""}),
    )


def _pair(settings: Settings) -> str:
    pair = f"{settings['twilio_sid']}:{settings['twilio_token']}"
    return base64.b64encode(pair.encode()).decode()


def _told(answer: Answer) -> dict[str, Any]:
    try:
        told = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _refusal(
    answer: Answer, told: Mapping[str, Any], request: SendRequest | None, settings: Settings
) -> ChannelError:
    """Return the error of Twilio's code where it has one that we know, else of the HTTP status."""
    secrets = [str(settings["twilio_token"]), _pair(settings)]
    code = told.get("code")
    if "message" in told:
        reply = one_line(without_secrets(f"{code} {told['message']}", request, secrets))
    else:
        reply = reply_of(answer, request, secrets)
    meaning = CODES.get(code) if isinstance(code, int) else None
    if meaning is None:
        return error_for(answer, "Twilio", reply)
    if meaning.level == "settings":
        return AuthenticationError(meaning.reason, reply=reply, cause=meaning.cause)
    if meaning.level == "temporary":
        wait = retry_after(answer)
        return TemporaryError(meaning.reason, reply=reply, cause=meaning.cause, retry_after=wait)
    return PermanentError(meaning.reason, reply=reply, cause=meaning.cause)


def _can_be_called(url: str) -> bool:
    """Tell whether Twilio would take *url*: it refuses messages with an address of this machine."""
    host = urlsplit(url).hostname or ""
    return "." in host and not host.startswith("127.")
