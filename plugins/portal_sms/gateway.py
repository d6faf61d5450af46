"""Any HTTP gateway: what its answer to a request means."""

from __future__ import annotations

import re
import time

from portal.channel import (
    AmbiguousError,
    ChannelError,
    Finding,
    Operator,
    PermanentError,
    SendRequest,
    Sent,
    Settings,
    TemporaryError,
)
from portal_sms.gateway_request import call_for
from portal_sms.operator import limits
from portal_sms.replies import SIGN_IN, error_for, reply_of
from portal_sms.wire import Answer, Call, answer_to, connected

ACCEPTED = "200-299"
PERMANENT = "400, 404, 410, 422"
LOOKED_AT = 4000
"""Characters of an answer's body that the patterns see."""


def is_ready(settings: Settings) -> bool:
    return bool(settings.get("gateway_url"))


def send(
    request: SendRequest, text: str, settings: Settings, deadline: float, operator: Operator
) -> Sent:
    """Make the request of the settings. Raises a ChannelError unless it was accepted."""
    answer = answer_to(call_for(request, text, settings, operator), deadline)
    reply = reply_of(answer, request, [str(settings.get("gateway_secret") or "")])
    found = _accepted(answer, settings)
    if found is None:
        raise _refusal(answer, settings, reply)
    return Sent(provider_id=_id_in(found), reply=reply)


def check(settings: Settings, deadline: float, operator: Operator) -> list[Finding]:
    """Connect without asking for anything: a gateway cannot be tried without sending."""
    started = time.monotonic()
    hosts, may_reach = limits().hosts, operator.may_reach
    call = Call("GET", str(settings["gateway_url"]), hosts=hosts, may_reach=may_reach)
    connected(call, deadline).close()
    took = (time.monotonic() - started) * 1000
    detail = "A gateway cannot be tried without sending: send a test to yourself."
    return [Finding("good", f"The gateway answers ({took:.0f} ms)."), Finding("note", detail)]


def statuses_in(text: str) -> list[range]:
    """Return the HTTP statuses of a list like `200, 202` or `200-299`. Raises ValueError."""
    ranges = []
    for word in re.split(r"[\s,]+", text.strip()):
        if not re.fullmatch(r"[1-5]\d\d(-[1-5]\d\d)?", word):
            raise ValueError("Write HTTP statuses like 200, 202 or 200-299.")
        first, _, last = word.partition("-")
        ranges.append(range(int(first), int(last or first) + 1))
    return ranges


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
