"""Any HTTP gateway: a request made from a template, and what its answer means."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from portal.channel import (
    AmbiguousError,
    ChannelError,
    Finding,
    PermanentError,
    SendRequest,
    Sent,
    Settings,
    TemporaryError,
)
from portal_sms.alphabet import is_gsm
from portal_sms.operator import limits
from portal_sms.replies import SIGN_IN, error_for, reply_of
from portal_sms.wire import Answer, Call, answer_to, connected
from portal_sms.words import filled

PLACEHOLDERS = {
    "to": "the number with its +",
    "digits": "the number without its +",
    "text": "the message",
    "from": "the sender",
    "id": "our name for the message, the same at each attempt",
    "receipt_url": "where the gateway reports what became of the message",
    "secret": "the secret below",
    "coding": "0 when the message fits into GSM-7, 2 when it is UCS-2",
}
TYPES = {"form": "application/x-www-form-urlencoded", "json": "application/json"}
ACCEPTED = "200-299"
PERMANENT = "400, 404, 410, 422"
LOOKED_AT = 4000
"""Characters of an answer's body that the patterns see."""


def is_ready(settings: Settings) -> bool:
    return bool(settings.get("gateway_url"))


def send(request: SendRequest, text: str, settings: Settings, deadline: float) -> Sent:
    """Make the request of the settings. Raises a ChannelError unless it was accepted."""
    answer = answer_to(call_for(request, text, settings), deadline)
    reply = reply_of(answer, request, [str(settings.get("gateway_secret") or "")])
    found = _accepted(answer, settings)
    if found is None:
        raise _refusal(answer, settings, reply)
    return Sent(provider_id=_id_in(found), reply=reply)


def check(settings: Settings, deadline: float) -> list[Finding]:
    """Connect without asking for anything: a gateway cannot be tried without sending."""
    started = time.monotonic()
    connected(Call("GET", str(settings["gateway_url"]), hosts=limits().hosts), deadline).close()
    took = (time.monotonic() - started) * 1000
    detail = "A gateway cannot be tried without sending: send a test to yourself."
    return [Finding("good", f"The gateway answers ({took:.0f} ms)."), Finding("note", detail)]


def call_for(request: SendRequest, text: str, settings: Settings) -> Call:
    values = {
        "to": request.to,
        "digits": request.to.removeprefix("+"),
        "text": text,
        "from": str(settings.get("gateway_from") or ""),
        "id": request.key,
        "receipt_url": request.receipt_url,
        "secret": str(settings.get("gateway_secret") or ""),
        "coding": "0" if is_gsm(text) else "2",
    }
    headers = {
        name: filled(value, values)
        for name, value in headers_in(str(settings.get("gateway_headers") or "")).items()
    }
    kind = str(settings.get("gateway_body_kind") or "none")
    method = str(settings.get("gateway_method") or "GET")
    body = _body(kind, str(settings.get("gateway_body") or ""), values)
    if body:
        headers = {"Content-Type": TYPES[kind]} | headers
    quoted = {name: quote(value, safe="") for name, value in values.items()}
    url = filled(str(settings["gateway_url"]), quoted)
    return Call(method, url, headers, body, hosts=limits().hosts)


def headers_in(text: str) -> dict[str, str]:
    """Return the headers of *text*, one `Name: value` a line.

    Raises ValueError with words for staff.
    """
    headers = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, colon, value = line.partition(":")
        if not colon or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):  # RFC 9110, 5.6.2
            raise ValueError(f"Write each header as Name: value. This is none: {line[:40]}")
        if not line.isascii() or not line.isprintable():
            raise ValueError(f"The header {name} must be written in ASCII.")
        headers[name] = value.strip()
    return headers


def pairs_in(text: str) -> list[tuple[str, str]]:
    """Return the fields of a form body, one `name=value` a line. Raises ValueError."""
    pairs = []
    for line in filter(None, map(str.strip, text.splitlines())):
        name, equals, value = line.partition("=")
        if not equals or not name:
            raise ValueError(f"Write each field as name=value. This is none: {line[:40]}")
        pairs.append((name, value))
    return pairs


def statuses_in(text: str) -> list[range]:
    """Return the HTTP statuses of a list like `200, 202` or `200-299`. Raises ValueError."""
    ranges = []
    for word in re.split(r"[\s,]+", text.strip()):
        if not re.fullmatch(r"[1-5]\d\d(-[1-5]\d\d)?", word):
            raise ValueError("Write HTTP statuses like 200, 202 or 200-299.")
        first, _, last = word.partition("-")
        ranges.append(range(int(first), int(last or first) + 1))
    return ranges


def _body(kind: str, template: str, values: Mapping[str, str]) -> bytes:
    if kind == "form":
        pairs = [(name, filled(value, values)) for name, value in pairs_in(template)]
        return urlencode(pairs).encode()
    if kind == "json":
        return json.dumps(each_string(json.loads(template), lambda s: filled(s, values))).encode()
    return b""


def each_string(node: Any, change: Callable[[str], str]) -> Any:
    """Return *node* of a JSON document with every string changed, so that none needs escaping."""
    if isinstance(node, str):
        return change(node)
    if isinstance(node, list):
        return [each_string(one, change) for one in node]
    if isinstance(node, dict):
        return {name: each_string(one, change) for name, one in node.items()}
    return node


def _is_in(status: int, settings: Settings, field: str, default: str) -> bool:
    text = str(settings.get(field) or "").strip() or default
    return any(status in one for one in statuses_in(text))


def _matched(answer: Answer, settings: Settings, field: str) -> re.Match[str] | None:
    pattern = str(settings.get(field) or "")
    return re.search(pattern, answer.text[:LOOKED_AT]) if pattern else None


def _accepted(answer: Answer, settings: Settings) -> str | None:
    """Return the provider's id, or '' without one, or None when the message was not accepted."""
    if not _is_in(answer.status, settings, "gateway_accepted", ACCEPTED):
        return None
    if not settings.get("gateway_pattern"):
        return ""
    found = _matched(answer, settings, "gateway_pattern")
    if found is None:
        return None
    if "id" in found.re.groupindex:
        return found["id"] or ""
    return (found[1] or "") if found.re.groups else ""


def _id_in(found: str) -> str:
    return "".join(c for c in found if c.isprintable())[:200]


def _refusal(answer: Answer, settings: Settings, reply: str) -> ChannelError:
    if not answer.is_whole and _is_in(answer.status, settings, "gateway_accepted", ACCEPTED):
        reason = "The gateway's answer was cut off before it said that it took the message."
        return AmbiguousError(reason, reply=reply, cause="unreachable")
    refused = PermanentError("The gateway refused the message.", reply=reply, cause="refused")
    if _matched(answer, settings, "gateway_permanent_pattern"):
        return refused
    status = answer.status
    if _is_in(status, settings, "gateway_permanent", PERMANENT):
        return refused
    if 400 <= status <= 499 and status != 429 and status not in SIGN_IN:
        words = "The gateway did not take the message."
        return TemporaryError(words, reply=reply, cause="refused")
    return error_for(answer, "The gateway", reply)
