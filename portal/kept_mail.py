"""Messages kept as files in a folder: one `.eml` each, named so that names sort by time."""

from __future__ import annotations

import os
import re
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import HeaderParser
from functools import lru_cache
from pathlib import Path

MOST_LISTED = 200
HEAD = 32 * 1024  # octets in which all headers that matter stand

_ID = re.compile(r"[0-9]{20}-[0-9a-f]{8}")


@dataclass(frozen=True)
class Summary:
    """One line of the list. *at* is when the message arrived, in this machine's time zone."""

    id: str
    at: datetime
    sender: str
    to: str
    subject: str


@dataclass(frozen=True)
class Letter:
    """One message, read. *html* and *text* are empty when it has no such part."""

    summary: Summary
    text: str
    html: str


def keep(folder: Path, content: bytes) -> str:
    """Write *content* to *folder* and return its id; once this returns, a crash does not lose it.

    The file appears whole or not at all, readable by its owner alone. Raises OSError.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    message_id = f"{time.time_ns():020d}-{secrets.token_hex(4)}"
    unfinished = folder / f".{message_id}.part"
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(_path(folder, message_id))
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    _sync_folder(folder)
    return message_id


def newest(folder: Path, most: int = MOST_LISTED) -> list[Summary]:
    """Return the summaries of at most *most* messages, newest first."""
    return [summary for each in ids(folder)[:most] if (summary := _summary(folder, each))]


def ids(folder: Path) -> list[str]:
    """Return the ids of all messages, newest first."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    found = (name.removesuffix(".eml") for name in names if name.endswith(".eml"))
    return sorted((each for each in found if _ID.fullmatch(each)), reverse=True)


def raw(folder: Path, message_id: str) -> bytes | None:
    """Return the message as it came, or None when there is none of that id."""
    if not _ID.fullmatch(message_id):
        return None
    try:
        return _path(folder, message_id).read_bytes()
    except FileNotFoundError:
        return None


def read(folder: Path, message_id: str) -> Letter | None:
    """Return the message in readable form, or None when there is none of that id."""
    content = raw(folder, message_id)
    summary = _summary(folder, message_id) if content is not None else None
    if content is None or summary is None:
        return None
    message = message_from_bytes(content)
    return Letter(summary, _body(message, "text/plain"), _body(message, "text/html"))


def delete_until(folder: Path, last_id: str) -> int:
    """Delete the message *last_id* and all before it; what arrived later stays."""
    if not _ID.fullmatch(last_id):
        return 0
    old = [each for each in ids(folder) if each <= last_id]
    for each in old:
        _path(folder, each).unlink(missing_ok=True)
    return len(old)


@lru_cache(maxsize=4 * MOST_LISTED)
def _summary(folder: Path, message_id: str) -> Summary | None:
    # A file never changes once it has its name, so what was read of it stays true.
    try:
        with _path(folder, message_id).open("rb") as file:
            head = HeaderParser().parsestr(file.read(HEAD).decode("utf-8", "replace"))
    except FileNotFoundError:
        return None
    return Summary(
        id=message_id,
        at=datetime.fromtimestamp(int(message_id[:20]) / 1e9).astimezone(),
        sender=_header(head, "From"),
        to=_header(head, "To") or _header(head, "Delivered-To"),
        subject=_header(head, "Subject"),
    )


def _header(message: Message, name: str) -> str:
    value = str(message.get(name, ""))
    with suppress(HeaderParseError, LookupError, ValueError):  # else shown as it stands
        value = str(make_header(decode_header(value)))
    return " ".join(value.encode("utf-8", "replace").decode().split())[:1000]


def _body(message: Message, content_type: str) -> str:
    for part in message.walk():
        if part.get_content_type() == content_type and not part.get_filename():
            payload = part.get_payload(decode=True)
            return _decoded(payload if isinstance(payload, bytes) else b"", part)
    return ""


def _decoded(payload: bytes, part: Message) -> str:
    try:
        return payload.decode(part.get_content_charset("utf-8"), "replace")
    except (LookupError, ValueError):
        return payload.decode("utf-8", "replace")


def _path(folder: Path, message_id: str) -> Path:
    return folder / f"{message_id}.eml"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
