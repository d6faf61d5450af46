"""What a provider's answer means for one message, and its words without our secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.utils import parsedate_to_datetime
from time import time
from urllib.parse import quote, quote_plus

from portal.channel import (
    AuthenticationError,
    ChannelError,
    PermanentError,
    SendRequest,
    TemporaryError,
)
from portal_sms.wire import Answer

LONGEST_REPLY = 300
LONGEST_WAIT = 24 * 3600.0
SIGN_IN = frozenset({401, 403, 407})


def error_for(answer: Answer, provider: str, reply: str) -> ChannelError:
    """Return the error that the HTTP status of *answer* amounts to (RFC 9110), when nothing more
    is known. A redirect is a wrong address in the settings, not a fault of this one message."""
    status = answer.status
    if status == 429 or status == 503:
        wait = retry_after(answer)
        words = f"{provider} asks us to slow down."
        return TemporaryError(words, reply=reply, cause="busy", retry_after=wait)
    if status >= 500:
        words = f"{provider} had a problem of its own."
        return TemporaryError(words, reply=reply, cause="busy")
    if status in SIGN_IN:
        words = f"{provider} does not accept our sign-in. Correct it in the settings of SMS."
        return AuthenticationError(words, reply=reply, cause="sign_in")
    if 300 <= status <= 399:
        words = f"{provider} has moved. Correct its address in the settings of SMS."
        return AuthenticationError(words, reply=reply, cause="refused")
    if 400 <= status <= 499 and status != 408:
        return PermanentError(f"{provider} refused the message.", reply=reply, cause="refused")
    words = f"{provider} did not say that it took the message."
    return TemporaryError(words, reply=reply, cause="refused")


def retry_after(answer: Answer) -> float:
    """Return the seconds of Retry-After (RFC 9110, 10.2.3): a number or a date, at most a day."""
    words = answer.headers.get("retry-after", "").strip()
    if words.isascii() and words.isdigit():
        return min(float(words), LONGEST_WAIT)
    try:
        wait = parsedate_to_datetime(words).timestamp() - time()
    except (TypeError, ValueError):
        return 0
    return min(max(wait, 0), LONGEST_WAIT)


def reply_of(answer: Answer, request: SendRequest | None, secrets: Iterable[str]) -> str:
    """Return *answer* as one line that staff may read."""
    text = without_secrets(answer.text, request, secrets)
    return one_line(f"{answer.status} {text}")


def one_line(text: str) -> str:
    printable = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(printable.split())[:LONGEST_REPLY]


def without_secrets(text: str, request: SendRequest | None, secrets: Iterable[str]) -> str:
    """Return *text* without the link, even one that was cut, the code and *secrets*, whatever way
    they are escaped: a provider may repeat what it was sent."""
    for secret in filter(None, secrets):
        for form in (secret, quote(secret, safe=""), quote_plus(secret)):
            text = text.replace(form, "…")
    if request is None:
        return text
    base, _, token = request.link.rpartition("/")
    for form in (f"{base}/", f"{base}/".replace("/", r"\/"), quote(f"{base}/", safe="")):
        text = re.sub(re.escape(form) + r"[\w-]*", "…", text, flags=re.IGNORECASE)
    digits = request.code.replace(" ", "")
    code = r"(?:\s|%20|\+)*".join(digits) if digits else ""
    for pattern in (re.escape(token), code):
        text = re.sub(pattern, "…", text) if pattern else text
    return text
