"""Row after row of a CSV file, with little memory however large the file and its rows are."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import closing
from typing import BinaryIO, NamedTuple

from portal.contact_files.text import FileError, Opener

LONGEST_LINE = 65_536
"""Characters of one line, and of one row, which may hold several lines between quotes."""
MOST_COLUMNS = 200
MOST_RECORDS = 2_000_000


class Record(NamedTuple):
    """One row, and the line of the file where it begins."""

    line: int
    cells: list[str]


def records(open_file: Opener, encoding: str, delimiter: str) -> Iterator[Record]:
    """Yield the rows that are not empty. Raises FileError with the line where it goes wrong."""
    with closing(open_file()) as file, _as_text(file, encoding) as text:
        lines = _Lines(text)
        count, rows = 0, csv.reader(lines, delimiter=delimiter, strict=False)
        while True:
            begins = lines.begin()
            cells = _next(rows, begins)
            if cells is None:
                return
            if not any(cell.strip() for cell in cells) or (begins == 1 and _tells_excel(cells)):
                continue
            if len(cells) > MOST_COLUMNS:
                raise FileError(
                    f"Line {begins} has {len(cells):,} columns, and {MOST_COLUMNS} are the most. "
                    "Keep the columns with name, e-mail, phone, reference and tags."
                )
            count += 1
            if count > MOST_RECORDS:
                raise FileError(
                    f"The file has more than {MOST_RECORDS:,} rows. Split it into smaller files."
                )
            yield Record(begins, cells)


def _tells_excel(cells: list[str]) -> bool:
    """Tell whether the row only says which separator Excel shall use: `sep=;`."""
    return cells[0].lower().startswith("sep=") and len("".join(cells)) <= len("sep=;")


def _as_text(file: BinaryIO, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(file, encoding=encoding.removesuffix("-sig"), newline="")


class _Lines:
    """Lines for the parser, each counted and none too long."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._number, self._begins, self._fed = 0, 1, 0

    def begin(self) -> int:
        """Say that a new row begins; return in which line."""
        self._fed, self._begins = 0, self._number + 1
        return self._begins

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._text.readline(LONGEST_LINE + 1)
        if not line and self._fed:  # the parser wants more, and there is none
            raise self._unclosed()
        if not line:
            raise StopIteration
        self._number += 1
        self._fed += len(line)
        if len(line) > LONGEST_LINE:
            raise FileError(
                f"Line {self._number} is longer than {LONGEST_LINE:,} characters. "
                "Put each contact on a line of its own."
            )
        if "\0" in line:
            raise FileError(
                f"Line {self._number} holds an empty character (NUL). "
                "Save the file as CSV (UTF-8), then upload that."
            )
        if self._fed > LONGEST_LINE:
            raise self._unclosed()
        return line.removeprefix("\ufeff") if self._number == 1 else line

    def _unclosed(self) -> FileError:
        return FileError(
            f"A quotation mark in line {self._begins} is never closed. Add the mark that is "
            "missing, or take the one in this line out."
        )


def _next(rows: Iterator[list[str]], begins: int) -> list[str] | None:
    try:
        return next(rows, None)
    except csv.Error:
        raise FileError(
            f"Line {begins} cannot be read as a row. Save the file as CSV (UTF-8) in your "
            "spreadsheet, then upload that."
        ) from None
