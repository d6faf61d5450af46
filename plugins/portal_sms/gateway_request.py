"""The request to a gateway, made from the account's templates."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from portal.channel import Operator, SendRequest, Settings
from portal_sms.alphabet import is_gsm
from portal_sms.operator import limits
from portal_sms.wire import Call
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


def call_for(request: SendRequest, text: str, settings: Settings, operator: Operator) -> Call:
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
    hosts, may_reach = limits().hosts, operator.may_reach
    return Call(method, url, headers, body, hosts=hosts, may_reach=may_reach)


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
