"""Flask-Mail's connection, kept open between messages and honest about what became of each."""

from __future__ import annotations

import smtplib
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

import flask_mail

from portal.channel import (
    AmbiguousError,
    PermanentError,
    TemporaryError,
)
from portal_email import replies
from portal_email.failures import LOST, failure_of
from portal_email.meanings import Stage
from portal_email.mime import Mail
from portal_email.server import Server
from portal_email.wire import Wire

MOST_MESSAGES = 100
MOST_IDLE = 30.0  # seconds
NO_LETTERS = "The mail server cannot take addresses with letters beyond a to z before the @."
GOODBYE = 1.0  # seconds to wait for an answer to QUIT, which decides nothing

WELCOME: dict[Stage, tuple[int, ...]] = {
    "sender": (250,),
    "recipient": (250, 251),
    "message": (354,),
}


class Connection(flask_mail.Connection):
    """One conversation with the mail server. Not to be shared between threads or processes."""

    host: Wire | None

    def __init__(self, server: Server, hello: str, tls: Callable[[], ssl.SSLContext]) -> None:
        state = flask_mail.Mail()  # the server's own, instead of one for the whole application
        settings = {
            "MAIL_SERVER": server.host,
            "MAIL_PORT": server.port,
            "MAIL_USE_SSL": server.tls == "implicit",
            "MAIL_USE_TLS": server.tls == "starttls",
            "MAIL_USERNAME": server.user or None,
            "MAIL_PASSWORD": server.password or None,
            "MAIL_MAX_EMAILS": MOST_MESSAGES,
        }
        state.state = state.init_mail(settings)
        super().__init__(state)
        self.server = server
        self.hello = hello
        self._tls = tls
        self.reply = ""
        self.deadline = 0.0
        self.last_used = 0.0
        self._resets_first = False  # whether the line in use still works is not known yet
        self._is_clean = True  # no reply is outstanding: false after an interrupted talk

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        tb: TracebackType | None = None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Say goodbye. A server that drops the line meanwhile changes nothing that was sent."""
        wire, self.host = self.host, None
        if wire is None or wire.sock is None:
            return
        wire.deadline = time.monotonic() + GOODBYE
        with suppress(OSError, smtplib.SMTPException):
            wire.docmd("QUIT")
        wire.close()

    def abandon(self) -> None:
        """Hang up without a word: after an error, or in a child that inherited the socket."""
        wire, self.host = self.host, None
        self._is_clean = True
        if wire is not None:
            wire.close()

    def __del__(self) -> None:
        """A thread that ends takes its line with it."""
        if getattr(self, "host", None) is not None:
            self.abandon()

    def ready(self, deadline: float, *, resets_later: bool = False) -> Wire:
        """Return a line on which a message can begin: the one in use when it still works.

        With *resets_later* `send` finds that out, by the same breath that begins the message.
        """
        self.deadline = deadline
        if not self._is_clean:
            self.abandon()
        if self._is_worn():
            self.close()
        if self.host is not None:
            self.host.deadline = deadline
            self._resets_first = resets_later and self.host.has_extn("pipelining")
            if self._resets_first or self._is_reset():
                return self.host
            self.abandon()
        return self._begin_anew()

    def _begin_anew(self) -> Wire:
        self._resets_first = False
        self.num_emails = 0
        self.last_used = time.monotonic()
        self.host = self.configure_host()
        return self.host

    def configure_host(self) -> Wire:
        """Connect, encrypt and sign in. Raises a ChannelError that says which of these failed."""
        wire: Wire | None = None
        stage: Stage = "hello"
        try:
            wire = Wire(self.server, self.hello, self.deadline, self._tls)
            wire.ehlo_or_helo_if_needed()
            if self.server.tls == "starttls":
                wire.begin_tls()
            stage = "login"
            if self.server.user:
                wire.login(self.server.user, self.server.password)
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            if wire is not None:
                wire.close()
            secret = isinstance(error, UnicodeError)  # its words would repeat the password
            raise failure_of(error, stage) from (None if secret else error)
        return wire

    def send(  # type: ignore[override]  # one envelope, and it stands in the message
        self, message: Mail
    ) -> None:
        """Hand *message* to the server; `reply` then holds what it answered.

        Raises a ChannelError otherwise. `ready` must have been called.
        """
        wire = self.host
        if wire is None:
            raise TemporaryError("There is no connection to the mail server.", cause="fault")
        body = message.as_bytes().replace(b"\n.", b"\n..")  # no header begins with a dot
        self._is_clean = False
        try:
            wire = self._envelope(wire, message)
            wire.send(body + b".\r\n")
        except TimeoutError as error:
            self.abandon()
            raise TemporaryError("The mail server took too long.", cause="timeout") from error
        except smtplib.SMTPException as error:
            self.abandon()
            raise TemporaryError(LOST, cause="unreachable") from error
        self._verdict(wire)
        self._is_clean = True
        self.num_emails += 1
        self.last_used = time.monotonic()

    def _envelope(self, wire: Wire, message: Mail) -> Wire:
        """Say from whom and to whom; return the line on which the message is now awaited.

        All at once where the server can take that (RFC 2920): each answer that need not be
        waited for saves the way there and back.
        """
        talk = self._talk(wire, message)
        if self._resets_first and not self._resets_and_says(wire, talk):
            self.abandon()
            wire = self._begin_anew()
            self._is_clean = False
            talk = self._talk(wire, message)
        elif self._resets_first:
            self._hear(wire, talk)
            return wire
        groups = [talk] if wire.has_extn("pipelining") else [[one] for one in talk]
        for group in groups:
            wire.say([command for _stage, command in group])
            self._hear(wire, group)
        return wire

    def _talk(self, wire: Wire, message: Mail) -> list[tuple[Stage, str]]:
        options = ""
        if not (message.to.is_ascii and message.envelope_sender.is_ascii):
            if not wire.has_extn("smtputf8"):
                self._is_clean = True
                raise PermanentError(NO_LETTERS, cause="bad_address")
            options = " SMTPUTF8 BODY=8BITMIME"
        # RFC 3461: what comes back names the delivery, and holds the headers without the link.
        if message.envelope_id and wire.has_extn("dsn"):
            options += f" RET=HDRS ENVID={message.envelope_id}"
        wire.command_encoding = "utf-8" if "SMTPUTF8" in options else "ascii"
        return [
            ("sender", f"MAIL FROM:<{message.envelope_sender}>{options}"),
            ("recipient", f"RCPT TO:<{message.to}>"),
            ("message", "DATA"),
        ]

    def _resets_and_says(self, wire: Wire, talk: list[tuple[Stage, str]]) -> bool:
        """Tell whether the line still works; the server has then heard *talk* too."""
        self._is_clean = False
        try:
            wire.say(["RSET", *(command for _stage, command in talk)])
            return wire.getreply()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False

    def _hear(self, wire: Wire, talk: list[tuple[Stage, str]]) -> None:
        for place, (stage, _command) in enumerate(talk, 1):
            code, words = wire.getreply()
            if code not in WELCOME[stage]:
                self._hear_out(wire, code, len(talk) - place)
                self._expect(stage, code, words, ok=WELCOME[stage][0])

    def _hear_out(self, wire: Wire, code: int, left: int) -> None:
        """Hear what a server answers to the rest of what it was told, once it has said no."""
        try:
            for _ in range(left if code != 421 else 0):
                code = wire.getreply()[0]
        except (OSError, smtplib.SMTPException):
            code = 354
        if code == 354:  # it awaits a message that it must not get
            self.abandon()

    def _verdict(self, wire: Wire) -> None:
        # The longest wait there is, all that is left: giving up here means sending twice.
        try:
            code, words = wire.getreply(at_most=float("inf"))
        except (OSError, smtplib.SMTPException) as error:
            self.abandon()
            raise AmbiguousError(
                "The connection was lost before the mail server said whether it took the message.",
                cause="timeout" if isinstance(error, TimeoutError) else "unreachable",
            ) from error
        self._expect("message", code, words, ok=250)
        self.reply = replies.reply_text(code, words)

    def _expect(self, stage: Stage, code: int, words: bytes, *, ok: int) -> None:
        if code == ok:
            return
        if code == 421 or not 400 <= code <= 599:
            self.abandon()
        self._is_clean = True
        raise replies.error_for(stage, code, words)

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing was sent for so long that the line is not worth keeping."""
        return time.monotonic() - self.last_used > MOST_IDLE

    def _is_worn(self) -> bool:
        return self.host is not None and (self.num_emails >= MOST_MESSAGES or self.is_idle)

    def _is_reset(self) -> bool:
        self._is_clean = False
        try:
            is_reset = self.host is not None and self.host.docmd("RSET")[0] == 250
        except (OSError, smtplib.SMTPException):
            return False
        self._is_clean = True
        return is_reset
