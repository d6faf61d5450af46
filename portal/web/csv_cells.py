"""Rows of a CSV file whose cells no spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

BOM = "\ufeff"
"""Tells spreadsheets that the file is UTF-8."""
_BEGINS_A_FORMULA = tuple("=+-@\t\r\n|%" + "\uff1d\uff0b\uff0d\uff20")


def row(cells: Iterable[object]) -> str:
    """Return one line, each cell as text."""
    line = io.StringIO()
    csv.writer(line).writerow([safe(str(cell)) for cell in cells])
    return line.getvalue()


def safe(text: str) -> str:
    """Return *text* behind an apostrophe when a spreadsheet could run it."""
    return f"'{text}" if text.lstrip(" ").startswith(_BEGINS_A_FORMULA) else text
