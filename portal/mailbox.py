"""The local mailbox: an SMTP server on loopback that keeps every message in a folder."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from portal.kept_mail import keep

LARGEST = 10 * 1024 * 1024  # octets
NOWHERE = ".invalid"
"""Domains that can never exist (RFC 6761, 6.4): refused here too, to see how a failure looks."""

log = logging.getLogger(__name__)


class Mailbox:
    """Listens on 127.0.0.1 as soon as it is made, and answers while it serves.

    *port* is where it listens: the one asked for, or a free one. Raises OSError when it is taken.
    """

    def __init__(self, folder: Path, port: int = 0) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._keeper = _Keeper(folder)
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]

    def serve(self) -> None:
        """Answer until SIGTERM or SIGINT. The listener stays open for a process after this one."""
        asyncio.run(self._serve_until_told())

    async def _serve_until_told(self) -> None:
        told = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, told.set)
        await self.serve_until(told)

    async def serve_until(self, told: asyncio.Event) -> None:
        """Answer until *told*; then stop listening and hang up. A message that is being written
        is finished first."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _talk(self._keeper, loop), sock=self._listener)
        await told.wait()
        server.close()
        talks = asyncio.all_tasks() - {asyncio.current_task()}
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


class _Keeper:
    """Answers 250 only when the message is on disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_RCPT(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        if address.lower().endswith(NOWHERE):
            return "550 5.1.2 There is no such domain"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content or b""
        try:
            message_id = keep(self._folder, _delivery_headers(envelope) + content)
        except OSError as error:
            log.error("The mailbox cannot keep a message: %s", error.strerror)
            return "451 4.3.0 The message could not be kept"
        return f"250 2.0.0 Kept as {message_id}"


def _talk(keeper: _Keeper, loop: asyncio.AbstractEventLoop) -> SMTP:
    return SMTP(
        keeper,
        data_size_limit=LARGEST,
        enable_SMTPUTF8=True,
        hostname="localhost",
        ident="Portico local mailbox",
        loop=loop,
    )


def _delivery_headers(envelope: Envelope) -> bytes:
    lines = [f"Return-Path: <{envelope.mail_from or ''}>"]
    lines += [f"Delivered-To: {recipient}" for recipient in envelope.rcpt_tos]
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape")
