"""The Channel: from a message owed to the mail server's answer."""

from __future__ import annotations

import os
import threading
import time
from email.utils import parseaddr
from functools import cached_property
from ipaddress import ip_address

from portal.channel import (
    MAILED_KINDS,
    AuthenticationError,
    Caps,
    Channel,
    ChannelError,
    Operator,
    PermanentError,
    Report,
    SendRequest,
    Sent,
    Settings,
)
from portal_email.addresses import Address, parse
from portal_email.connection import Connection
from portal_email.mime import Mail
from portal_email.server import Server

NONE = Settings()


class Email(Channel):
    """Sends messages through the operator's SMTP server, over a connection that is kept open.

    Safe to be tried again: the Message-ID is the delivery's, so a mailbox shows a repeat once.
    *deadline* is in seconds, for one `send` as a whole, and shorter than `caps.timeout`.
    """

    id, name = "email", "E-mail"
    caps = Caps(address="email", kinds=MAILED_KINDS, idempotent=True, timeout=30)

    def __init__(self, operator: Operator, *, deadline: float = 25.0) -> None:
        self._operator = operator
        self._deadline = deadline
        self._own = threading.local()  # a connection each, never one for two

    def check(self, settings: Settings = NONE) -> Report | None:
        self._connection().ready(time.monotonic() + self._deadline)
        return None

    def normalise_address(self, address: str, settings: Settings = NONE) -> str:
        return str(parse(address))

    def send(self, request: SendRequest, settings: Settings = NONE) -> Sent:
        until = time.monotonic() + self._deadline
        mail = Mail(request, parse(request.to), self._sender, _usable(request.reply_to))
        connection = self._connection()
        try:
            connection.ready(until)
            connection.send(mail)
        except ChannelError as error:
            error.reply = self._without_secrets(error.reply, request)
            raise
        return Sent(
            provider_id=mail.msgId or "", reply=self._without_secrets(connection.reply, request)
        )

    def close(self) -> None:
        connection: Connection | None = getattr(self._own, "connection", None)
        if connection is not None and self._own.pid == os.getpid():
            connection.close()

    def _connection(self) -> Connection:
        """Return this thread's connection; a child never speaks on its parent's."""
        connection: Connection | None = getattr(self._own, "connection", None)
        if connection is not None and self._own.pid == os.getpid():
            return connection
        if connection is not None:
            connection.abandon()
        self._own.connection = Connection(self._server, self._hello)
        self._own.pid = os.getpid()
        fresh: Connection = self._own.connection
        return fresh

    @cached_property
    def _server(self) -> Server:
        if not self._operator.smtp_url:
            raise AuthenticationError("No mail server is set. Set PORTAL_SMTP_URL.")
        try:
            return Server.from_url(self._operator.smtp_url)
        except ValueError as error:
            reason = f"PORTAL_SMTP_URL is not understood: {error}."
            raise AuthenticationError(reason) from None

    @cached_property
    def _sender(self) -> Address:
        _, address = parseaddr(self._operator.mail_from)
        try:
            return parse(address or f"no-reply@{self._mail_domain}")
        except PermanentError:
            raise AuthenticationError("PORTAL_MAIL_FROM is not an e-mail address.") from None

    @property
    def _mail_domain(self) -> str:
        host = self._operator.portal_host
        return "localhost" if _is_ip(host) else host

    @property
    def _hello(self) -> str:
        """Our name for the greeting; RFC 5321 wants an address in brackets where there is none."""
        host = self._operator.portal_host
        if _is_ip(host):
            return f"[IPv6:{host}]" if ":" in host else f"[{host}]"
        return host if "." in host else "[127.0.0.1]"

    def _without_secrets(self, reply: str, request: SendRequest) -> str:
        token = request.link.rstrip("/").rpartition("/")[2]
        for secret in (request.link, token, self._server.password):
            if secret:
                reply = reply.replace(secret, "…")
        return reply


def _usable(reply_to: str) -> Address | None:
    """Return where answers go, or None: a bad Reply-To is no reason to hold a message back."""
    try:
        return parse(reply_to)
    except PermanentError:
        return None


def _is_ip(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
