"""One conversation between a channel and a scripted server, with everything that is said kept."""

from __future__ import annotations

import io
import logging
import os
import traceback
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from typing import Any

from portal.channel import Channel, ChannelError, Message, SendRequest, Sent, Settings
from portal.interrupt import at_most
from portal.testing.answers import Answer, Garbage, Hang, Reset, Scripted
from portal.testing.server import Call, ScriptedServer
from portal.testing.smtp import HANG, RESET, ScriptedMailServer

LINK = "https://portal.acme.example/l/Zq8-abcDEF_hijkLmnopQ42x"
TOKEN = LINK.rpartition("/")[2]
CODE = "4821 9035"
RETRY_AFTER = 17.0

HTTP: Mapping[str, Scripted] = {
    "accepted": Answer(200, {"id": "m-1"}),
    "unauthorised": Answer(401, "who are you?", echo=True),
    "too_many": Answer(429, "slow down", {"Retry-After": f"{RETRY_AFTER:.0f}"}),
    "refused": Answer(422, "no such person", echo=True),
    "broken": Answer(500, "out of order", echo=True),
    "hang": Hang(),
    "reset": Reset(),
    "garbage": Garbage(),
}
SMTP: Mapping[str, Mapping[str, str]] = {
    "accepted": {},
    "unauthorised": {"AUTH": "535 5.7.8 who are you?"},
    "too_many": {"MAIL": "451 4.7.1 slow down"},
    "refused": {"RCPT": f"550 5.1.1 no such person, see {LINK}"},
    "broken": {"DATA": "451 4.3.0 out of order"},
    "hang": {"DOT": HANG},
    "reset": {"DOT": RESET},
    "garbage": {"GREETING": "\udcff\udcfe not what you asked for"},
}


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


@contextmanager
def heard(said: list[str]) -> Iterator[None]:
    """Keep all that is logged, on every level, and printed."""
    printed = io.StringIO()
    with ExitStack() as stack:
        stack.enter_context(_logged(said))
        stack.enter_context(_without_proxies())
        stack.enter_context(redirect_stdout(printed))
        stack.enter_context(redirect_stderr(printed))
        yield
    said.append(printed.getvalue())


def told(error: BaseException) -> str:
    """Return all the words of *error*, as staff or a log would see them."""
    words = [*traceback.format_exception_only(error)]
    if isinstance(error, ChannelError):
        words += [error.reason, error.reply]
    return "\n".join(words)


@contextmanager
def _logged(said: list[str]) -> Iterator[None]:
    handler, root = _Kept(said), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


@contextmanager
def _without_proxies() -> Iterator[None]:
    """Calls to this machine go straight there, whatever proxy the author's machine has."""
    kept = {name: os.environ.get(name) for name in ("no_proxy", "NO_PROXY")}
    os.environ.update(dict.fromkeys(kept, "127.0.0.1,localhost"))
    try:
        yield
    finally:
        for name, value in kept.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


class _Kept(logging.Handler):
    def __init__(self, said: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        self._said.append(logging.Formatter().format(record))
