"""Begin a run: take in a file, pasted addresses or a selection, and say what its columns hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, BinaryIO

from portal.contact_files import FIELDS, FileError, Shape, look
from portal.db import atomic, put, storable
from portal.errors import RunError
from portal.languages import _
from portal.models.account import Account
from portal.models.contact_selection import Selection
from portal.models.run import Run, Status, What
from portal.models.run_piece import SIZE, RunPiece, opened
from portal.models.staff import Staff

LARGEST = 100 * 1024 * 1024
"""Octets of a file."""
MOST_OPEN = 50
"""So many runs of one account may be under way or wait for somebody."""


def run_of_file(
    account: Account,
    file: BinaryIO,
    name: str,
    what: What,
    *,
    by: Staff | None,
    tag: str = "",
    request_id: str = "",
) -> Run:
    """Keep *file* with a new run, piece by piece, and look what it is.

    Raises FileError, and then nothing is kept.
    """
    run = _add(account, what, "file", name, by, tag, request_id)
    try:
        _keep(run, file)
        shape = look(lambda: opened(run.id))
    except FileError:
        forget(run)
        raise
    return _to_be_confirmed(run, shape)


@atomic
def run_of_text(
    account: Account,
    text: str,
    what: What,
    *,
    by: Staff | None,
    tag: str = "",
    request_id: str = "",
) -> Run:
    """Keep pasted addresses with a new run, to be judged next. Raises FileError for none."""
    if not text.strip():
        raise FileError(_("Paste some addresses, or choose a file."))
    run = _add_row(account, what, "pasted", "", by, tag, request_id)
    body = storable(text).encode()
    for number, start in enumerate(range(0, len(body), SIZE)):
        RunPiece.add(run.id, number, body[start : start + SIZE])
    return _read_next(run, Status.UPLOADING)


@atomic
def run_of_selection(
    account: Account,
    selection: Selection,
    what: What,
    *,
    by: Staff | None,
    request_id: str = "",
) -> Run:
    """Make a run of everyone in *selection*, to be judged next."""
    run = _add_row(account, what, "selection", "", by, "", request_id)
    run.asked = _as_asked(selection)
    return _read_next(run, Status.UPLOADING)


@atomic
def choose_columns(account: Account, run: Run, fields: Sequence[str], *, has_head: bool) -> Run:
    """Say what each column of the file holds; then it is read and judged.

    Raises RunError when no column holds e-mail addresses, or two hold the same.
    """
    chosen = [field for field in fields if field]
    if "email" not in chosen:
        raise RunError(_("Choose the column that holds the e-mail addresses."))
    if len(set(chosen)) < len(chosen) or not {*chosen} <= {*FIELDS}:
        raise RunError(_("Choose each meaning for one column only."))
    shape = {**run.shape, "fields": list(fields), "has_head": has_head}
    return _changed(account, run, (Status.DRAFT,), shape=shape, status=Status.READING)


@atomic
def forget(run: Run) -> None:
    """Keep nothing of a run that was only looked at."""
    RunPiece.forget(run.id)
    Run.forget(run.account_id, run.id)


@atomic
def _add(*given: Any) -> Run:
    return _add_row(*given)


def _add_row(
    account: Account,
    what: What,
    source: str,
    name: str,
    by: Staff | None,
    tag: str,
    request_id: str,
) -> Run:
    if Run.count_open(account.id) >= MOST_OPEN:
        raise RunError(
            _(
                "There are %(count)s runs under way. End or cancel some of them first.",
                count=str(MOST_OPEN),
            )
        )
    if what == What.TAG and not tag:
        raise RunError(_("Type the tag to put on them, such as VIP."))
    run = Run(
        account_id=account.id,
        staff_id=by.id if by else None,
        what=what,
        tag=tag,
        source=source,
        file_name=storable(name)[:200],
        request_id=request_id,
    )
    put(run)
    return run


def _keep(run: Run, file: BinaryIO) -> None:
    """Each piece in a transaction of its own: nobody waits for a large file."""
    number = size = 0
    while body := file.read(SIZE):
        size += len(body)
        if size > LARGEST:
            raise FileError(
                _(
                    "The file is larger than %(size)s MB. Split it into smaller files.",
                    size=str(LARGEST // 1024**2),
                )
            )
        _keep_piece(run, number, body)
        number += 1


@atomic
def _keep_piece(run: Run, number: int, body: bytes) -> None:
    RunPiece.add(run.id, number, body)


@atomic
def _to_be_confirmed(run: Run, shape: Shape) -> Run:
    found = Run.change(
        run.account_id, run.id, was=(Status.UPLOADING,), shape=asdict(shape), status=Status.DRAFT
    )
    if found is None:
        raise RunError(_("The upload took too long. Choose the file again."))
    return found


def _read_next(run: Run, was: Status) -> Run:
    found = Run.change(run.account_id, run.id, was=(was,), status=Status.READING, asked=run.asked)
    if found is None:
        raise AssertionError("a new run is nobody else's")
    return found


def _changed(account: Account, run: Run, was: Sequence[Status], **values: Any) -> Run:
    found = Run.change(account.id, run.id, was=was, **values)
    if found is None:
        raise RunError(_("Somebody was quicker. Look at the run as it is now."))
    return found


def _as_asked(selection: Selection) -> dict[str, Any]:
    wanted = asdict(selection.wanted) if selection.wanted else None
    if wanted:
        wanted = {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in wanted.items()
        }
    return {
        "wanted": wanted,
        "ids": list(selection.ids),
        "standings": list(selection.standings),
    }
