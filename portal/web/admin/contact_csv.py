"""Contacts as a CSV file, written piece by piece, with cells that are no formulas anywhere."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from portal.models import contact_selection
from portal.models.account import Account
from portal.models.contact_selection import Selection
from portal.models.contact_walk import ContactLine
from portal.models.tag import Tag

HEAD = ("Name", "E-mail", "Phone", "Reference", "Language", "Status", "Undelivered", "Last sign-in",
        "Added", "Tags")  # fmt: skip
BYTE_ORDER_MARK = "\ufeff"
"""Without it, Excel reads UTF-8 as the letters of the machine's country."""
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "|", "%")


def written(account: Account, selection: Selection) -> Iterator[str]:
    """Yield the file piece by piece, however many contacts there are."""
    yield BYTE_ORDER_MARK + _rows([HEAD])
    for lines in contact_selection.lines(account, selection):
        tags = Tag.of_contacts([line.id for line in lines])
        yield _rows(_cells(line, [tag.name for tag in tags.get(line.id, [])]) for line in lines)


def harmless(cell: str) -> str:
    """Return *cell* so that a spreadsheet shows it and works nothing out (OWASP, CSV injection)."""
    is_formula = cell.startswith(("\t", "\r", "\n")) or cell.lstrip().startswith(_BEGINS_A_FORMULA)
    return f"'{cell}" if is_formula else cell


def _cells(line: ContactLine, tags: list[str]) -> tuple[str, ...]:
    seen = line.last_seen_at
    return (
        line.name,
        line.email,
        line.phone,
        line.external_id,
        line.locale,
        line.status or "not invited",
        "yes" if line.undelivered else "",
        seen.isoformat(timespec="seconds") if seen else "",
        line.created_at.isoformat(timespec="seconds"),
        ", ".join(tags),
    )


def _rows(rows: Iterable[tuple[str, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    for row in rows:
        writer.writerow([harmless(cell) for cell in row])
    return text.getvalue()
