"""Secrets stay secret: what a test saw of them must stand in no table, file, log or wrong page.

The cast's browsers and the postman tell of each secret that passes them; at the end of each test
the fixtures of `tests.conftest` look for all of them in everything the test leaves behind.
"""

from __future__ import annotations

import logging
import re
import sqlite3
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from itsdangerous import URLSafeTimedSerializer
from psycopg import sql
from werkzeug.http import parse_cookie

from portal.tokens import token_digest_of

LINK = re.compile(r"/l/([A-Za-z0-9_-]{24})(?![A-Za-z0-9_-])")
STAFF_LINK = re.compile(r"/admin/in/([A-Za-z0-9_-]{43})(?![A-Za-z0-9_-])")
CODE = re.compile(r"\b(\d{4}) ?(\d{4})\b")
WORD = re.compile(r"[A-Za-z0-9_-]{22,}")
SHORTEST_PASSWORD = 12
QUIET = ("alembic", "huey", "granian", "_granian", "mail")
"""Loggers that an installation holds at WARNING, and the tests' own mail server."""


class Seen:
    """The secrets that the test at hand has seen."""

    def __init__(self) -> None:
        self.words: set[str] = set()
        self.codes: set[str] = set()
        self.passwords: set[str] = set()

    def forget(self) -> None:
        self.words.clear()
        self.codes.clear()
        self.passwords.clear()

    def in_address(self, url: str) -> None:
        self.words |= {token[:22] for token in LINK.findall(url) if token_digest_of(token)}
        self.words |= set(STAFF_LINK.findall(url))

    def in_letter(self, raw: bytes) -> None:
        """Take the link and the code; quoted-printable leaves both whole."""
        text = raw.decode("ascii", "replace")
        tokens = {token for token in LINK.findall(text) if token_digest_of(token)}
        self.words |= {token[:22] for token in tokens}
        if tokens:
            self.codes |= {"".join(code) for code in CODE.findall(text.partition("\r\n\r\n")[2])}

    def in_cookies(self, headers: Iterable[str]) -> None:
        for header in headers:
            for name, value in parse_cookie(header.partition(";")[0]).items():
                self._in_cookie(name.removeprefix("__Host-").removeprefix("portal_"), value)

    def in_form(self, form: Any) -> None:
        for name in ("password", "current") if isinstance(form, Mapping) else ():
            typed = str(form.get(name) or "")
            if len(typed) >= SHORTEST_PASSWORD and "@" not in typed:
                self.passwords.add(typed)

    def _in_cookie(self, name: str, value: str) -> None:
        if name == "page":  # flashes and CSRF: signed, and no way in
            return
        if name.startswith("flow_"):
            _right, flow = URLSafeTimedSerializer("").loads_unsafe(value)
            value = str(flow[0]) if flow else ""
        for part in value.split("."):
            if WORD.fullmatch(part):
                self.words.add(part[:22] if len(part) == 24 else part)


SEEN = Seen()


def refuse(where: str, content: bytes | str) -> None:
    """Raises AssertionError when *content* holds a secret, in the clear or encoded."""
    found = content.encode("utf-8", "replace") if isinstance(content, str) else content
    for secret in SEEN.words | SEEN.passwords:
        for how, form in forms_of(secret):
            assert form not in found, f"{where} holds the secret {secret} ({how})"


def refuse_codes(where: str, text: str) -> None:
    found = {"".join(code) for code in CODE.findall(text)} & SEEN.codes
    assert not found, f"{where} holds the code {found}"


def refuse_on_page(path: str, method: str, headers: Iterable[tuple[str, str]], body: str) -> None:
    """A link is shown on the one page that copies it, and in the local mailbox."""
    if path.startswith(("/mailbox/", "/static/")):
        return
    text = "\n".join([body, *(value for name, value in headers if name != "Set-Cookie")])
    for word in SEEN.passwords:
        assert word not in text, f"{method} {path} shows the password {word}"
    if not (method == "POST" and path.endswith("/magic-links/new")):
        shown = {word[:22] for word in WORD.findall(text)} & {word[:22] for word in SEEN.words}
        assert not shown, f"{method} {path} shows the secret {shown}"


def refuse_in_tables(url: str) -> None:
    """Look at every row of every table."""
    if not (SEEN.words or SEEN.codes or SEEN.passwords):
        return
    text = "\n".join(_rows_of_sqlite(url) if url.startswith("sqlite") else _rows_of_postgres(url))
    refuse("The database", text.encode("latin-1", "replace") + text.encode("utf-8", "replace"))
    refuse_codes("The database", text)


def refuse_in_files(home: Path) -> None:
    """Look at the bytes of databases and queues, deleted rows included; and learn what stands in
    local mailboxes first, which is where it belongs."""
    for letter in home.rglob("mailbox/*.eml"):
        SEEN.in_letter(letter.read_bytes())
    if SEEN.words or SEEN.passwords:
        for path in home.rglob("*.db*"):
            refuse(str(path), path.read_bytes())


@contextmanager
def kept_log() -> Iterator[list[str]]:
    """Collect what an installation would write into its log, tracebacks included."""
    lines: list[str] = []
    handler = _Lines(lines)
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(min(level, logging.INFO))
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def forms_of(secret: str) -> list[tuple[str, bytes]]:
    """Return *secret* as it may be written: as it is, in hexadecimal, in base64, decoded."""
    plain = secret.encode()
    forms = [("as it is", plain), ("in hexadecimal", plain.hex().encode())]
    for encode in (b64encode, urlsafe_b64encode):
        whole = encode(plain[: len(plain) // 3 * 3])
        forms.append(("in base64", whole))
    if WORD.fullmatch(secret):
        decoded = urlsafe_b64decode(secret[: len(secret) // 4 * 4])
        forms += [("decoded", decoded), ("decoded, in hexadecimal", decoded.hex().encode())]
    return forms


def _rows_of_sqlite(url: str) -> Iterator[str]:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (name,) in names:
            for row in connection.execute(f'SELECT * FROM "{name}"'):
                yield " | ".join(
                    value.decode("latin-1") if isinstance(value, bytes) else str(value)
                    for value in row
                )


def _rows_of_postgres(url: str) -> Iterator[str]:
    with psycopg.connect(url) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        each = [
            sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(name)) for (name,) in names
        ]
        for (row,) in connection.execute(sql.SQL(" UNION ALL ").join(each)):
            yield row.replace(",", " | ")


class _Lines(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.INFO)
        self.lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING or record.name.split(".")[0] not in QUIET:
            self.lines.append(self.format(record))
