"""The Channel: one message to the service that a contact's Apprise URL names."""

from __future__ import annotations

from typing import Any

from portal.channel import (
    MAILED_KINDS,
    Caps,
    Channel,
    Finding,
    Message,
    PermanentError,
    Report,
    SendRequest,
    Sent,
    Settings,
)
from portal_apprise import services
from portal_apprise.failures import failure, secrets_of
from portal_apprise.form import MessengerForm, names_in
from portal_apprise.library import heard, library
from portal_apprise.lines import Line, watched


class Messenger(Channel):
    """Sends to more than a hundred services; which of them may be used, the account says.

    Not idempotent: hardly any of them takes a key. *may_stay_inside* lets an address lead into a
    private network.
    """

    id, name = "apprise", "Messenger (Apprise)"
    caps = Caps(address="apprise", kinds=MAILED_KINDS, timeout=30)
    SettingsForm = MessengerForm
    address_label = "Messenger address (Apprise URL)"

    def __init__(self, *, may_stay_inside: bool = False) -> None:
        self._may_stay_inside = may_stay_inside

    def check(self, settings: Settings) -> Report:
        names = _allowed(settings)
        unknown = services.unknown(names)
        version = f"Apprise {library().__version__} is installed"
        if not unknown:
            return Report((Finding("good", version, f"{len(names)} services may be used."),))
        words = f"It has none that could be used of these: {', '.join(unknown)}."
        return Report((Finding("bad" if len(unknown) == len(names) else "note", version, words),))

    def normalise_address(self, address: str, settings: Settings) -> str:
        self._service(address, settings)
        return address.strip()

    def send(self, request: SendRequest, settings: Settings) -> Sent:
        line = Line(self._may_stay_inside)
        with heard() as records, watched(line):
            service = self._service(request.to, settings)
            text = _fitting(request.message, request.link, service)
            sender = library().Apprise()
            sender.add(service)
            is_sent = bool(sender.notify(body=text, body_format="text"))
        if is_sent:
            return Sent()
        raise failure(str(service.service_name), line, records, secrets_of(request))

    def _service(self, address: str, settings: Settings) -> Any:
        allowed = _allowed(settings)
        return services.open_service(
            address, allowed, seconds=self.caps.timeout, may_stay_inside=self._may_stay_inside
        )


def _allowed(settings: Settings) -> frozenset[str]:
    return names_in(settings.get("services", ""))


def _fitting(message: Message, link: str, service: Any) -> str:
    """Return the whole text, or the short one where the service carries less: a link that is cut
    in two opens nothing."""
    for text in (message.text, message.short, link):
        if text and len(text) <= service.body_maxlen:
            return text
    raise PermanentError("The service carries too little for a link.", cause="too_large")
