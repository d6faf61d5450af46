"""Takes strangers' messages apart, whatever they are: never deep, never slow, never with an error.

The standard library's parser wants minutes for a message that was made to annoy it.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

MOST_OCTETS = 512 * 1024  # of a message are looked at; reports stand at its beginning
MOST_OF_HEADERS = 64 * 1024
MOST_PARTS = 20
DEEPEST = 4

BOUNDARY = re.compile(r'\bboundary\s*=\s*(?:"([^"\n]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)
TAGS = re.compile(r"<[^<>]*>")

Fields = Mapping[str, list[str]]


class Part(NamedTuple):
    """A part that has no parts: its headers by lower-case name, and its decoded body."""

    headers: Fields
    body: bytes

    @property
    def kind(self) -> str:
        """The content type, in lower case and without parameters."""
        return first(self.headers, "content-type").partition(";")[0].strip().lower() or "text/plain"

    @property
    def text(self) -> str:
        """The body as text, as well as can be."""
        found = self.body.decode("utf-8", "replace").replace("\0", "")
        return TAGS.sub(" ", found) if self.kind == "text/html" else found


def take_apart(raw: bytes) -> tuple[Fields, list[Part]]:
    """Return the headers of the message *raw* and its innermost parts, in their order."""
    whole = raw[:MOST_OCTETS].replace(b"\r\n", b"\n").lstrip(b"\n")
    headers, body = split(whole)
    leaves = []
    for part in _leaves(headers, body, 0):
        leaves.append(part)
        if len(leaves) == MOST_PARTS:
            break
    return headers, leaves


def split(content: bytes) -> tuple[Fields, bytes]:
    """Return the headers and the body of *content*, whose lines end with LF."""
    if content.startswith(b"\n"):
        return {}, content[1:]
    head, _, body = content.partition(b"\n\n")
    return fields(head[:MOST_OF_HEADERS].decode("utf-8", "replace")), body


def fields(block: str) -> Fields:
    """Return the fields of *block*, as RFC 5322 writes them, by lower-case name."""
    found: dict[str, list[str]] = {}
    values: list[str] = []
    for line in block.replace("\0", "").split("\n"):
        if line[:1] in {" ", "\t"} and values:
            values[-1] = f"{values[-1]} {line.strip()}"[:4096]
            continue
        name, colon, value = line.partition(":")
        if not colon:
            continue
        values = found.setdefault(name.strip().lower(), [])
        values.append(value.strip()[:4096])
    return found


def first(headers: Fields, name: str) -> str:
    """Return the first value of the field *name*, or nothing."""
    return next(iter(headers.get(name, [])), "")


def _leaves(headers: Fields, body: bytes, depth: int) -> Iterator[Part]:
    kind = first(headers, "content-type")
    boundary = BOUNDARY.search(kind) if kind.lower().startswith("multipart/") else None
    if boundary is None or depth == DEEPEST:
        yield Part(headers, _decoded(headers, body))
        return
    mark = re.escape((boundary[1] or boundary[2]).encode())
    edge = rb"\n--" + mark + rb"(?:--)?[ \t]*(?=\n|\Z)"
    pieces = re.split(edge, b"\n" + body, maxsplit=MOST_PARTS + 1)
    for piece in pieces[1 : MOST_PARTS + 1]:
        if piece.strip():
            yield from _leaves(*split(piece[1:]), depth + 1)


def _decoded(headers: Fields, body: bytes) -> bytes:
    encoding = first(headers, "content-transfer-encoding").lower()
    try:
        if encoding == "base64":
            return binascii.a2b_base64(body).replace(b"\r\n", b"\n")
        if encoding == "quoted-printable":
            return binascii.a2b_qp(body).replace(b"\r\n", b"\n")
    except binascii.Error:
        pass
    return body
