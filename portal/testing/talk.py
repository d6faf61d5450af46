"""One conversation between a channel and a scripted server, with everything that is said kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from portal.channel import Channel, Message, SendRequest, Sent, Settings
from portal.interrupt import at_most
from portal.testing.calls import Call
from portal.testing.server import ScriptedServer
from portal.testing.situations import CODE, LINK
from portal.testing.smtp import ScriptedMailServer


class TookTooLongError(Exception):
    """The channel did not come back in time."""


@dataclass
class Talk:
    """A channel, its settings, and the server that it talks to. *said* is all that it logged or
    printed, *limit* the seconds that a call may take."""

    channel: Channel
    settings: Settings
    server: ScriptedServer | ScriptedMailServer | None
    limit: float
    said: list[str] = field(default_factory=list)

    def send(self, request: SendRequest) -> Sent:
        with at_most(self.limit, TookTooLongError):
            return self.channel.send(request, self.settings)

    def fails(self, request: SendRequest) -> BaseException | None:
        """Return what `send` raises, or None when it returns."""
        try:
            self.send(request)
        except Exception as error:
            return error
        return None

    @property
    def calls(self) -> list[Call]:
        return self.server.calls if self.server else []


def request(kind: str, to: str, **changes: Any) -> SendRequest:
    """Return a message to send, whose link must arrive as it is."""
    words = f"Sign in to Acme & Söhne:\n\n{LINK}\n\nor with the code {CODE}.\n"
    page = f'<p>Sign in to Acme &amp; Söhne</p>\n<p><a href="{LINK}">Sign in</a></p>'
    fields: dict[str, Any] = {
        "key": "delivery-1-0123456789abcdef",
        "kind": kind,
        "to": to,
        "to_name": "Carl Carter",
        "message": Message("Sign in to Acme", words, page, f"Acme: {LINK} or {CODE}"),
        "link": LINK,
        "sender_name": "Acme & Söhne",
        "reply_to": "ada@acme.example",
        "code": CODE,
    }
    return SendRequest(**fields | changes)


def server_for(kind: str, answer: Any) -> ScriptedServer | ScriptedMailServer | None:
    if kind == "smtp":
        return ScriptedMailServer(answer)
    return ScriptedServer(answer) if kind == "http" else None
