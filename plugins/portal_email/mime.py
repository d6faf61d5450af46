"""A message as bytes for the wire, written directly because it is always of the same form.

The standard library's EmailMessage costs 1.3 ms for such a message, this 0.05 ms. What comes
out is checked against the standard library's own strict parser in the tests.
"""

from __future__ import annotations

import binascii
import hashlib
import re
import unicodedata
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime
from functools import lru_cache

import flask_mail

from portal.channel import SendRequest
from portal_email.addresses import Address
from portal_email.route import Route

ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
KEY = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
LINE_BREAK = re.compile(r"\r\n|\r|\n")


class Mail(flask_mail.Message):
    """One message owed, as RFC 5322 writes it.

    Flask-Mail's own constructor looks up this machine's name in the DNS for a Message-ID that
    we do not use, and its `as_bytes` breaks lines illegally: neither is called.
    """

    def __init__(
        self, request: SendRequest, to: Address, route: Route, reply_to: Address | None
    ) -> None:
        sender = route.sender
        self.to = to
        self.envelope_sender = route.envelope_sender(request.key)
        self.envelope_id = local_part(request.key) if route.bounces else ""
        self.recipients = [str(to)]
        self.subject = plain(request.message.subject)
        self.sender = f"{phrase(route.sender_name or request.sender_name)}<{sender}>"
        self.reply_to = str(reply_to) if reply_to and reply_to.is_ascii else None
        self.to_header = f"{phrase(request.to_name)}<{to}>"
        self.body = request.message.text
        self.alts = {"html": request.message.html} if request.message.html else {}
        self.msgId = f"<{local_part(request.key)}@{sender.domain}>"
        self._signer = route.signer

    def as_bytes(self) -> bytes:
        """Return the message with CRLF lines, none longer than 998 octets, signed if it can be."""
        whole = self._unsigned()
        return self._signer.signature(whole) + whole if self._signer else whole

    def _unsigned(self) -> bytes:
        html = self.alts.get("html")
        headers = self._headers()
        if not html:
            return headers + part("plain", self.body or "")
        # "=_" cannot occur in quoted-printable text, RFC 2045 section 6.7.
        boundary = f"=_{hashlib.sha256((self.msgId or '').encode()).hexdigest()[:24]}"
        edge = f"--{boundary}".encode()
        return b"".join(
            (
                headers,
                f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'.encode(),
                edge + b"\r\n" + part("plain", self.body or ""),
                edge + b"\r\n" + part("html", html),
                edge + b"--\r\n",
            )
        )

    def _headers(self) -> bytes:
        lines = [
            f"From: {self.sender}",
            f"To: {self.to_header}",
            f"Subject: {unstructured(self.subject)}",
            f"Date: {format_datetime(datetime.now(UTC))}",
            f"Message-ID: {self.msgId}",
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
        ]
        if self.reply_to:
            lines.insert(3, f"Reply-To: {self.reply_to}")
        return ("\r\n".join(lines) + "\r\n").encode()


def part(subtype: str, text: str) -> bytes:
    """Return *text* as one quoted-printable part with its headers.

    The text always ends with CRLF: without one, `b2a_qp` would break lines with a bare LF.
    """
    body = LINE_BREAK.sub("\r\n", text) if "\r" in text else text.replace("\n", "\r\n")
    if not body.endswith("\r\n"):
        body += "\r\n"
    return (
        f"Content-Type: text/{subtype}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ).encode() + binascii.b2a_qp(body.encode("utf-8", "replace"), istext=True)


@lru_cache(maxsize=512)
def phrase(name: str) -> str:
    """Return *name* as the display name before an `<address>`, with its space, or nothing."""
    name = plain(name)
    if not name:
        return ""
    if not _is_simple(name):
        return Header(name, "utf-8", maxlinelen=60).encode(linesep="\r\n") + " "
    if ATOMS.fullmatch(name):
        return f"{name} "
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '" '


@lru_cache(maxsize=512)
def unstructured(text: str) -> str:
    """Return *text* as a Subject's value, in encoded words when it is long or not ASCII."""
    if _is_simple(text):
        return text
    return Header(text, "utf-8", header_name="Subject").encode(linesep="\r\n")


def plain(text: str) -> str:
    """Return *text* on one line, without control characters and text-direction overrides."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    kept = "".join(" " if unicodedata.category(c) in BREAKING else c for c in text)
    return " ".join(kept.translate(DIRECTIONS).split())


BREAKING = frozenset({"Cc", "Cs", "Zl", "Zp"})

# Marks that reorder or isolate what follows (Unicode UAX 9) could make a name eat the address.
DIRECTIONS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def local_part(key: str) -> str:
    """Return *key* as it can stand before the @ of a Message-ID: itself whenever possible."""
    if KEY.fullmatch(key) and len(key) <= 64:
        return key
    return hashlib.sha256(key.encode()).hexdigest()[:40]


def _is_simple(text: str) -> bool:
    return text.isascii() and len(text) <= 60 and "=?" not in text
