"""The Channel: from a message owed to the mail server's answer."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator
from functools import cached_property

from portal.channel import (
    MAILED_KINDS,
    Caps,
    Channel,
    ChannelError,
    Operator,
    PermanentError,
    Receipt,
    ReceiptRequest,
    Report,
    SendRequest,
    Sent,
    Settings,
)
from portal_email.addresses import Address, parse
from portal_email.check import Examination
from portal_email.connection import Connection
from portal_email.folder import Folder, Notes
from portal_email.form import EmailSettings
from portal_email.lookup import Dns
from portal_email.mailbox import Mailbox
from portal_email.mime import Mail
from portal_email.pool import Pool
from portal_email.posted import posted
from portal_email.route import Route, Routes
from portal_email.server import Server

NONE = Settings()


class Email(Channel):
    """Sends messages through the account's own SMTP server, or the operator's.

    Safe to be tried again: the Message-ID is the delivery's, so a mailbox shows a repeat once.
    *deadline* is in seconds, for one verb as a whole, and shorter than `caps.timeout`. *dns* is
    whom `check` asks.
    """

    id, name = "email", "E-mail"
    caps = Caps(
        address="email",
        kinds=MAILED_KINDS,
        idempotent=True,
        receipts=True,
        polls=5,
        timeout=30,
    )
    SettingsForm = EmailSettings

    def __init__(
        self, operator: Operator, *, deadline: float = 25.0, dns: Dns | None = None
    ) -> None:
        self._operator = operator
        self._deadline = deadline
        self._dns = dns or Dns()
        self._routes = Routes(operator)
        self._lines: Pool[Server, Connection] = Pool(self._connect)
        self._folders: Pool[Mailbox, Folder] = Pool(self._open)
        self._notes: dict[Mailbox, Notes] = {}

    def is_ready(self, settings: Settings) -> bool:
        return bool(self._operator.smtp_url or settings.get("smtp_host"))

    def check(self, settings: Settings = NONE) -> Report:
        until = time.monotonic() + self._deadline
        examination = Examination(self._routes, settings, self._dns, until)
        with self._lines.lend(self._routes.route(settings).server) as line:
            examination.of_server(line)
        examination.of_domain()
        mailbox = examination.of_bounces()
        if mailbox:
            with self._folders.lend(mailbox) as folder:
                examination.of_mailbox(folder)
        return examination.report()

    def normalise_address(self, address: str, settings: Settings = NONE) -> str:
        return str(parse(address))

    def send(self, request: SendRequest, settings: Settings = NONE) -> Sent:
        until = time.monotonic() + self._deadline
        route = self._routes.route(settings)
        mail = Mail(request, parse(request.to), route, _usable(request.reply_to))
        with self._lines.lend(route.server) as line:
            try:
                line.ready(until, resets_later=True)
                line.send(mail)
            except ChannelError as error:
                error.reply = _without_secrets(error.reply, request, route)
                raise
            reply = line.reply
        return Sent(provider_id=mail.msgId or "", reply=_without_secrets(reply, request, route))

    def parse_receipt(self, request: ReceiptRequest, settings: Settings) -> Iterable[Receipt]:
        return posted(request)

    def poll(self, settings: Settings) -> Iterator[Receipt]:
        until = time.monotonic() + self._deadline
        mailbox = self._routes.mailbox(settings)
        if mailbox is None:
            return
        with self._folders.lend(mailbox) as folder:
            yield from folder.receipts(until)

    def close(self) -> None:
        self._lines.close()
        self._folders.close()

    def _connect(self, server: Server) -> Connection:
        return Connection(server, self._routes.hello, lambda: self._tls)

    def _open(self, mailbox: Mailbox) -> Folder:
        return Folder(mailbox, self._tls, self._notes.setdefault(mailbox, Notes()))

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()  # reads some hundred certificates: 10 ms


def _without_secrets(reply: str, request: SendRequest, route: Route) -> str:
    token = request.link.rstrip("/").rpartition("/")[2]
    for secret in (request.link, token, request.code, route.server.password):
        if secret:
            reply = reply.replace(secret, "…")
    return reply


def _usable(reply_to: str) -> Address | None:
    """Return where answers go, or None: a bad Reply-To is no reason to hold a message back."""
    try:
        return parse(reply_to)
    except PermanentError:
        return None
