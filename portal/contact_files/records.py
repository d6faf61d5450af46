"""Row after row of a CSV file, with little memory however large the file and its rows are."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import closing
from typing import BinaryIO, NamedTuple

from portal.contact_files.text import FileError, Opener
from portal.languages import _, counted

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
                    _(
                        "Line %(line)s has %(columns)s columns, and %(most)s are the most. Keep "
                        "the columns with name, e-mail, phone, reference and tags.",
                        line=str(begins),
                        columns=counted(len(cells)),
                        most=counted(MOST_COLUMNS),
                    )
                )
            count += 1
            if count > MOST_RECORDS:
                raise FileError(
                    _(
                        "The file has more than %(most)s rows. Split it into smaller files.",
                        most=counted(MOST_RECORDS),
                    )
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
                _(
                    "Line %(line)s is longer than %(most)s characters. Put each contact on a line "
                    "of its own.",
                    line=str(self._number),
                    most=counted(LONGEST_LINE),
                )
            )
        if "\0" in line:
            raise FileError(
                _(
                    "Line %(line)s holds an empty character (NUL). Save the file as CSV (UTF-8), "
                    "then upload that.",
                    line=str(self._number),
                )
            )
        if self._fed > LONGEST_LINE:
            raise self._unclosed()
        return line.removeprefix("\ufeff") if self._number == 1 else line

    def _unclosed(self) -> FileError:
        return FileError(
            _(
                "A quotation mark in line %(line)s is never closed. Add the mark that is missing, "
                "or take the one in this line out.",
                line=str(self._begins),
            )
        )


def _next(rows: Iterator[list[str]], begins: int) -> list[str] | None:
    try:
        return next(rows, None)
    except csv.Error:
        raise FileError(
            _(
                "Line %(line)s cannot be read as a row. Save the file as CSV (UTF-8) in your "
                "spreadsheet, then upload that.",
                line=str(begins),
            )
        ) from None
