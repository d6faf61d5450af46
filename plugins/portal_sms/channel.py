"""The Channel: from a message owed to a text message on its way."""

from __future__ import annotations

import time
from collections.abc import Iterable
from types import ModuleType

from portal.channel import (
    MAILED_KINDS,
    AuthenticationError,
    Caps,
    Channel,
    Finding,
    Operator,
    PermanentError,
    Receipt,
    ReceiptRequest,
    Report,
    SendRequest,
    Sent,
    Settings,
)
from portal_sms import gateway, gateway_callbacks, numbers, twilio, twilio_callbacks
from portal_sms.form import SmsForm
from portal_sms.words import counted, text_for

NOT_SET_UP = "Text messages are not set up. Fill in the settings of SMS."
AN_HOUR = 3600
MOST_AN_HOUR = 100
SHARE = 0.8


class Sms(Channel):
    """Sends text messages through Twilio or an HTTP gateway, whichever the account chose.

    Neither knows a message it has seen before, so an ambiguous end is not tried again.
    """

    id, name = "sms", "SMS"
    caps = Caps(address="phone", kinds=MAILED_KINDS, receipts=True, timeout=30)
    SettingsForm = SmsForm

    def __init__(self, operator: Operator | None = None) -> None:
        self._operator = operator or Operator()

    def is_ready(self, settings: Settings) -> bool:
        return bool(_provider(settings).is_ready(settings))

    def check(self, settings: Settings) -> Report:
        if not self.is_ready(settings):
            raise AuthenticationError(NOT_SET_UP, cause="sign_in")
        findings = _provider(settings).check(settings, self._deadline(), self._operator)
        return Report((*findings, _countries(settings), *_lengths(settings)))

    def normalise_address(self, address: str, settings: Settings) -> str:
        return numbers.normalised(address, settings)

    def send(self, request: SendRequest, settings: Settings) -> Sent:
        if not self.is_ready(settings):
            raise AuthenticationError(NOT_SET_UP, cause="sign_in")
        numbers.normalised(request.to, settings)  # once more: here is where it costs money
        text = text_for(request, settings)
        most = int(settings.get("hourly_cap") or MOST_AN_HOUR)
        if not settings.allows("hour", most, AN_HOUR):
            reason = (
                f"The limit of {most} text messages an hour is reached. "
                "Raise it in the settings of SMS, or send this one later."
            )
            raise PermanentError(reason, cause="not_allowed")
        send, deadline = _provider(settings).send, self._deadline()
        sent: Sent = send(request, text, settings, deadline, self._operator)
        return sent

    def parse_receipt(self, request: ReceiptRequest, settings: Settings) -> Iterable[Receipt]:
        source = twilio_callbacks if settings.get("provider") == "twilio" else gateway_callbacks
        return list(source.receipts(request, settings))

    def _deadline(self) -> float:
        """Return when a call has to be over, so early that nobody needs to interrupt it."""
        return time.monotonic() + SHARE * self.caps.timeout


def _provider(settings: Settings) -> ModuleType:
    return twilio if settings.get("provider") == "twilio" else gateway


def _countries(settings: Settings) -> Finding:
    allowed = sorted(map(numbers.country_name, numbers.allowed_countries(settings)))
    if not allowed:
        return Finding("bad", numbers.NO_COUNTRY)
    return Finding("good", f"Messages go to numbers in {', '.join(allowed)}.")


def _lengths(settings: Settings) -> Iterable[Finding]:
    for kind, name in (("invite", "invitation"), ("login", "login message"), ("self", "sign-in")):
        template = str(settings.get(f"template_{kind}") or "")
        length = counted(template, keep_special=bool(settings.get("keep_special")))
        if template and length.segments > 1:
            detail = "Each segment costs as much as a message."
            yield Finding("note", f"The {name} has more than one segment: {length}.", detail)
