"""The shape of a file: encoding, separator, head, and what its columns seem to mean."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

from portal.contact_files.columns import guess
from portal.contact_files.records import LONGEST_LINE, Record, records
from portal.contact_files.text import FileError, Opener, encoding_of
from portal.languages import _

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
SHOWN = 5
"""Rows that staff see beside the columns."""
_SAMPLE, _LOOKED_AT = 65_536, 40


@dataclass(frozen=True)
class Shape:
    """How to read a file. *fields* says what each column holds, as far as can be guessed."""

    encoding: str
    delimiter: str
    has_head: bool
    columns: tuple[str, ...]
    fields: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]


def look(open_file: Opener) -> Shape:
    """Find out how to read a file. Raises FileError when contacts cannot be read from it."""
    encoding = encoding_of(open_file)
    delimiter = _delimiter(open_file, encoding)
    first = list(islice(records(open_file, encoding, delimiter), SHOWN + 1))
    if not first:
        raise FileError(_("The file holds no rows. Choose the file with your contacts."))
    head = [cell.strip() for cell in first[0].cells]
    has_head = not any(_is_address(cell) for cell in head)
    rows = first[1:] if has_head else first[:SHOWN]
    if not rows:
        raise FileError(_("The file has a head and no rows. Add your contacts below it."))
    fields = guess(head) if has_head else [""] * len(head)
    _find_addresses(fields, rows)
    if "email" not in fields and not any("@" in cell for row in rows for cell in row.cells):
        raise FileError(
            _("No column of the file holds e-mail addresses. Add one, with “E-mail” as its head.")
        )
    columns = head if has_head else [f"Column {place + 1}" for place in range(len(head))]
    sample = tuple(tuple(cell[:80] for cell in row.cells[: len(columns)]) for row in rows)
    return Shape(encoding, delimiter, has_head, _cut(columns), tuple(fields), sample)


def _find_addresses(fields: list[str], rows: Sequence[Record]) -> None:
    """Without a head that says so, the first column that holds addresses is the one for them."""
    if "email" in fields:
        return
    for place, field in enumerate(fields):
        cells = [row.cells[place].strip() for row in rows if place < len(row.cells)]
        if not field and any(map(_is_address, cells)):
            fields[place] = "email"
            return


def _delimiter(open_file: Opener, encoding: str) -> str:
    """Return the separator by which the first lines have the same number of cells, and the most."""
    with closing(open_file()) as file:
        text = file.read(_SAMPLE).decode(encoding, "ignore").removeprefix("\ufeff")
    lines = text.splitlines()[: _LOOKED_AT + 1]
    if len(text) >= _SAMPLE // 4 and len(lines) > 1:
        lines = lines[:-1]
    if lines and lines[0].lower().startswith("sep=") and len(lines[0]) == 5:
        return lines[0][4] if lines[0][4] in DELIMITERS else ","
    return max(DELIMITERS, key=lambda one: _fits([line[:LONGEST_LINE] for line in lines], one))


def _fits(lines: list[str], delimiter: str) -> tuple[float, int]:
    try:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if any(row)]
    except csv.Error:
        return 0.0, 0
    width, count = Counter(widths).most_common(1)[0] if widths else (1, 0)
    return (count / len(widths), width) if width > 1 else (0.0, 0)


def _is_address(cell: str) -> bool:
    local, at, domain = cell.strip().rpartition("@")
    return bool(local and at and "." in domain and " " not in cell.strip())


def _cut(heads: Sequence[str]) -> tuple[str, ...]:
    return tuple(head[:80] or f"Column {place + 1}" for place, head in enumerate(heads))
