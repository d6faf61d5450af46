"""The message: rendered as text and HTML, written as bytes, sent over a line that stays open."""

from __future__ import annotations

import binascii
import os
import smtplib
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, Template, select_autoescape

from tests.bench.floor import secrecy
from tests.bench.floor.setting import SMTP_PORT, URL

SENDER = "portal@acme.example"
_line: smtplib.SMTP | None = None


class Job(NamedTuple):
    link_id: bytes
    nonce: bytes
    expires_at: int
    contact_name: str
    email: str
    account_name: str
    slug: str
    time_zone: str
    accent: str
    browser: str


def send(delivery_id: int, job: Job) -> str:
    """Return the server's reply. Raises OSError or SMTPException."""
    content = write(delivery_id, job)
    try:
        return _talk(_connected(), job.email, content)
    except smtplib.SMTPServerDisconnected:
        hang_up()
        return _talk(_connected(), job.email, content)


def write(delivery_id: int, job: Job) -> bytes:
    token = secrecy.derive_token(job.nonce, job.link_id)
    code = secrecy.code_of(token)
    local = datetime.fromtimestamp(job.expires_at / 10**6, ZoneInfo(job.time_zone))
    minutes = round((local - datetime.now(UTC)).total_seconds() / 60)
    words = {
        "subject": f"Sign in to {job.account_name}",
        "link": f"{URL}/l/{token}",
        "code": f"{code[:4]} {code[4:]}",
        "portal_url": f"{URL}/p/{job.slug}",
        "portal_host": URL.removeprefix("http://"),
        "expiry": f"in {minutes} minutes, at {local:%H:%M} ({local:%Z}) on {local:%d %b %Y}",
        **job._asdict(),
    }
    text, html = _templates()
    boundary = f"=_{job.link_id.hex()}"
    return b"".join(
        (
            f"From: {job.account_name} <{SENDER}>\r\nTo: {job.contact_name} <{job.email}>\r\n"
            f"Subject: {words['subject']}\r\nDate: {format_datetime(datetime.now(UTC))}\r\n"
            f"Message-ID: <delivery-{delivery_id}-{job.link_id.hex()}@acme.example>\r\n"
            "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
            f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n'.encode(),
            _part(boundary, "plain", text.render(words)),
            _part(boundary, "html", html.render(words)),
            f"\r\n--{boundary}--\r\n".encode(),
        )
    )


def hang_up() -> None:
    global _line
    if _line is not None:
        _line.close()
    _line = None


def _talk(line: smtplib.SMTP, to: str, content: bytes) -> str:
    """What `SMTP.sendmail` does, which throws the reply away."""
    for code, reply in (line.mail(SENDER), line.rcpt(to)):
        if code != 250:
            line.rset()
            raise smtplib.SMTPResponseException(code, reply)
    code, reply = line.data(content)
    if code != 250:
        raise smtplib.SMTPResponseException(code, reply)
    return reply.decode(errors="replace")


def _connected() -> smtplib.SMTP:
    global _line
    if _line is None:
        _line = smtplib.SMTP("127.0.0.1", SMTP_PORT, local_hostname="[127.0.0.1]", timeout=15)
        _line.ehlo()
    return _line


def _part(boundary: str, subtype: str, text: str) -> bytes:
    head = (
        f"\r\n--{boundary}\r\nContent-Type: text/{subtype}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    return head.encode() + binascii.b2a_qp(text.replace("\n", "\r\n").encode(), istext=True)


@cache
def _templates() -> tuple[Template, Template]:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates") / "mail"),
        autoescape=select_autoescape(["html"]),
        keep_trailing_newline=True,
    )
    return environment.get_template("self.txt"), environment.get_template("self.html")


os.register_at_fork(after_in_child=hang_up)
