"""The local mailbox: an SMTP server on loopback that keeps every message in a folder."""

from __future__ import annotations

import asyncio
import logging
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

    def __init__(self, loop: asyncio.AbstractEventLoop, server: asyncio.Server) -> None:
        self.port: int = server.sockets[0].getsockname()[1]
        self._loop, self._server = loop, server
        self._thread = threading.Thread(target=self._run, name="mailbox", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and hang up; a message that is being written is finished first."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def _run(self) -> None:
        try:
            self._loop.run_forever()
        finally:
            self._server.close()
            self._loop.run_until_complete(self._hang_up())
            self._loop.close()

    async def _hang_up(self) -> None:
        talks = asyncio.all_tasks() - {asyncio.current_task()}
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


def start(folder: Path, port: int = 0) -> Mailbox:
    """Serve on 127.0.0.1, on *port* or a free one. Raises OSError when it is taken."""
    loop = asyncio.new_event_loop()
    keeper = _Keeper(folder)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        server = loop.run_until_complete(
            loop.create_server(lambda: _talk(keeper, loop), "127.0.0.1", port)
        )
    except BaseException:
        loop.close()
        raise
    return Mailbox(loop, server)


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
