"""Flask-Mail's connection, kept open between messages and honest about what became of each."""

from __future__ import annotations

import re
import smtplib
import ssl
import time
from contextlib import suppress
from types import TracebackType

import flask_mail

from portal.channel import (
    AmbiguousError,
    AuthenticationError,
    ChannelError,
    PermanentError,
    TemporaryError,
)
from portal_email import replies
from portal_email.mime import Mail
from portal_email.server import Server
from portal_email.wire import Wire

MOST_MESSAGES = 100
MOST_IDLE = 30.0  # seconds
LOST = "The connection to the mail server was lost."
NO_LETTERS = "The mail server cannot take addresses with letters beyond a to z before the @."
GOODBYE = 1.0  # seconds to wait for an answer to QUIT, which decides nothing

LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)


class Connection(flask_mail.Connection):
    """One conversation with the mail server. Not to be shared between threads or processes."""

    host: Wire | None

    def __init__(self, server: Server, hello: str, tls: ssl.SSLContext) -> None:
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

    def ready(self, deadline: float) -> Wire:
        """Return a line on which a message can begin: the one in use when it still works."""
        self.deadline = deadline
        if not self._is_clean:
            self.abandon()
        if self._is_worn():
            self.close()
        if self.host is not None:
            self.host.deadline = deadline
            if self._is_reset():
                return self.host
            self.abandon()
        self.num_emails = 0
        self.last_used = time.monotonic()
        self.host = self.configure_host()
        return self.host

    def configure_host(self) -> Wire:
        """Connect, encrypt and sign in. Raises a ChannelError that says which of these failed."""
        wire: Wire | None = None
        stage: replies.Stage = "hello"
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
            raise _failure(error, stage) from (None if secret else error)
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
        self._is_clean = False
        try:
            self._envelope(wire, message)
            body = LEADING_DOT.sub(b"..", message.as_bytes())
            self._expect("message", *wire.docmd("DATA"), ok=354)
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

    def _envelope(self, wire: Wire, message: Mail) -> None:
        options = ""
        if not (message.to.is_ascii and message.envelope_sender.is_ascii):
            if not wire.has_extn("smtputf8"):
                raise PermanentError(NO_LETTERS, cause="bad_address")
            options = " SMTPUTF8 BODY=8BITMIME"
        # RFC 3461: what comes back names the delivery, and holds the headers without the link.
        if message.envelope_id and wire.has_extn("dsn"):
            options += f" RET=HDRS ENVID={message.envelope_id}"
        wire.command_encoding = "utf-8" if "SMTPUTF8" in options else "ascii"
        sender = f"MAIL FROM:<{message.envelope_sender}>{options}"
        self._expect("sender", *wire.docmd(sender), ok=250)
        code, words = wire.docmd(f"RCPT TO:<{message.to}>")
        self._expect("recipient", code, words, ok=250 if code != 251 else 251)

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

    def _expect(self, stage: replies.Stage, code: int, words: bytes, *, ok: int) -> None:
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


def _failure(error: Exception, stage: replies.Stage) -> ChannelError:
    """Return what *error* means for a connection that was being made."""
    if isinstance(error, smtplib.SMTPResponseException):
        words = error.smtp_error
        return replies.error_for(
            stage, error.smtp_code, words if isinstance(words, bytes) else words.encode()
        )
    if isinstance(error, smtplib.SMTPNotSupportedError):
        if stage == "login":
            reason = "The mail server does not offer a sign-in."
            return AuthenticationError(reason, cause="sign_in")
        reason = "The mail server does not offer encryption (STARTTLS)."
        return TemporaryError(reason, cause="unreachable")
    if isinstance(error, UnicodeError) and stage == "login":
        reason = "The mail server's user name and password must be written in ASCII."
        return AuthenticationError(reason, cause="sign_in")
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = "The mail server's certificate is not valid for its name."
        return TemporaryError(reason, reply=error.verify_message, cause="unreachable")
    if isinstance(error, TimeoutError):
        return TemporaryError("The mail server took too long.", cause="timeout")
    return TemporaryError(_why_unreachable(error), cause="unreachable")


def _why_unreachable(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPException):
        return LOST
    if isinstance(error, ssl.SSLError):
        return "No encrypted connection to the mail server could be made."
    return "The mail server could not be reached."
