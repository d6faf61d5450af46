"""What a text message says: the account's own template or the portal's short words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from portal.channel import PermanentError, SendRequest, Settings
from portal_sms.alphabet import MOST_SEGMENTS, Count, count, simplified

SAMPLES = {
    "account": "Acme Accounting",
    "name": "Carl Carter",
    "link": "https://portal.example.com/l/" + 31 * "x",
    "code": "4821 9035",
    "minutes": "10",
}
"""What stands for each placeholder while a template is written. The link has 60 characters."""

PLACEHOLDER = re.compile(r"\{(\w*)\}")


def text_for(request: SendRequest, settings: Settings) -> str:
    """Return the text of *request* as it is sent. Raises PermanentError when it is too long."""
    template = str(settings.get(f"template_{request.kind}") or "").strip()
    words = filled(template, _values(request)) if template else request.message.short
    text = words or request.message.text
    if request.link not in text:
        text = f"{text} {request.link}"
    if not settings.get("keep_special"):
        text = simplified(text, keep=request.link)
    if count(text).segments > MOST_SEGMENTS:
        reason = f"The message needs more than {MOST_SEGMENTS} segments. Shorten its template."
        raise PermanentError(reason, cause="too_large")
    return text


def filled(template: str, values: Mapping[str, str]) -> str:
    """Return *template* with its placeholders replaced, once: a name that reads {link} stays."""
    return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), template)


def unknown_in(template: str, known: Mapping[str, str]) -> list[str]:
    return [name for name in PLACEHOLDER.findall(template) if name not in known]


def counted(template: str, *, keep_special: bool = False) -> Count:
    """Count *template* with samples in its placeholders, as the page does while it is written."""
    text = filled(template.strip().replace("\r\n", "\n"), SAMPLES)
    return count(text if keep_special else simplified(text, keep=SAMPLES["link"]))


def _values(request: SendRequest) -> dict[str, str]:
    return {
        "account": _one_line(request.sender_name),
        "name": _one_line(request.to_name),
        "link": request.link,
        "code": request.code,
        "minutes": str(_minutes_until(request.expires_at)),
    }


def _one_line(name: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())


def _minutes_until(ends_at: datetime | None) -> int:
    left = (ends_at - datetime.now(UTC)).total_seconds() if ends_at else 0
    return max(1, round(left / 60))
