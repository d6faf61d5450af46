"""A real SMTP server for tests: it keeps what it is given, and tells links and codes apart."""

from __future__ import annotations

import email.policy
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.leaks import SEEN

LINK = re.compile(r"^(https?://\S+/l/\S+)\r?$", re.MULTILINE)
CODE = re.compile(r"\b(\d{4} \d{4})\b")


class Letter:
    """One accepted message."""

    def __init__(self, envelope: Envelope) -> None:
        self.raw: bytes = envelope.original_content or b""
        self.sender = envelope.mail_from or ""
        self.to: list[str] = list(envelope.rcpt_tos)
        parsed = message_from_bytes(self.raw, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        self.message = parsed

    @property
    def text(self) -> str:
        part = self.message.get_body(("plain",))
        assert part is not None
        return str(part.get_content())

    @property
    def html(self) -> str:
        part = self.message.get_body(("html",))
        assert part is not None
        return str(part.get_content())

    @property
    def link(self) -> str:
        found = LINK.findall(self.text)
        assert len(found) == 1, self.text
        return str(found[0])

    @property
    def code(self) -> str:
        found = CODE.search(self.text)
        assert found, self.text
        return found[1]

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])


class Postman:
    """The letters in the order in which they were accepted. `refusal` answers every RCPT."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.refusal = ""
        self.url = ""
        self._lock = threading.Lock()

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[Postman]:
        postman = cls()
        controller = Controller(
            postman, hostname="127.0.0.1", port=0, enable_SMTPUTF8=True, data_size_limit=10**7
        )
        controller.port = _free_port()
        controller.start()
        postman.url = f"smtp://127.0.0.1:{controller.port}?starttls=never"
        yield postman
        controller.stop()

    def letters_to(self, address: str) -> list[Letter]:
        with self._lock:
            return [letter for letter in self.letters if address in letter.to]

    def last_to(self, address: str) -> Letter:
        found = self.letters_to(address)
        assert found, f"no letter to {address}, only to {[one.to for one in self.letters]}"
        return found[-1]

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if self.refusal:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        SEEN.in_letter(envelope.original_content or b"")
        with self._lock:
            self.letters.append(Letter(envelope))
            return f"250 2.0.0 kept as {len(self.letters)}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
