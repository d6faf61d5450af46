"""Addresses that were pasted: one a line, or between commas, with or without a name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portal.contact_files.columns import Row

_WITH_NAME = re.compile(r"^\s*\"?(?P<name>[^<>\"]*)\"?\s*<(?P<email>[^<>]+)>\s*$")
_PIECE = re.compile(r'(?:"[^"]*"|[^,;\t"])+')


def of_text(text: str) -> Iterator[Row]:
    """Yield each address of *text*, with its line."""
    for number, line in enumerate(text.replace("\0", "").splitlines(), start=1):
        for piece in _PIECE.findall(line):
            if piece.strip():
                yield _row(number, piece.strip())


def _row(line: int, piece: str) -> Row:
    named = _WITH_NAME.match(piece)
    if named:
        name = " ".join(named["name"].split())
        return Row(line=line, email=named["email"].strip()[:320], name=name[:200])
    return Row(line=line, email=piece[:320])
