"""The local mailbox: an SMTP server on loopback that keeps every message in a folder."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from portal.kept_mail import keep

LARGEST = 10 * 1024 * 1024  # octets
NOWHERE = ".invalid"
"""Domains that can never exist (RFC 6761, 6.4): refused here too, to see how a failure looks."""

log = logging.getLogger(__name__)


class Mailbox:
    """A running server. *port* is where it listens."""

    def __init__(self, keeper: _Keeper, listener: socket.socket) -> None:
        self.port: int = listener.getsockname()[1]
        self._keeper, self._listener = keeper, listener
        self._loop, self._asked_to_stop = asyncio.new_event_loop(), asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="mailbox", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and hang up; a message that is being written is finished first."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._asked_to_stop.set)
            self._thread.join()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        server = await self._loop.create_server(
            lambda: _talk(self._keeper, self._loop), sock=self._listener
        )
        try:
            await self._asked_to_stop.wait()
        finally:
            server.close()
            await self._hang_up()

    async def _hang_up(self) -> None:
        talks = asyncio.all_tasks() - {asyncio.current_task()}
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


def start(folder: Path, port: int = 0) -> Mailbox:
    """Serve on 127.0.0.1, on *port* or a free one. Raises OSError when it is taken."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Mailbox(_Keeper(folder), socket.create_server(("127.0.0.1", port)))


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
