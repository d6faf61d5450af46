"""Traces of a contact in rows that are not about them: what a provider said, a test, a search."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, String, cast, delete, func, or_, select, update

from portal.db import execute
from portal.models.channel_setting import ChannelSetting
from portal.models.channel_trial import ChannelTrial
from portal.models.contact import Contact
from portal.models.plugin_fault import PluginFault
from portal.models.run import Run
from portal.models.run_row import RunRow
from portal.models.saved_view import SavedView

SHORTEST = 6
"""A shorter word would be found in rows about others."""


def erase(contact: Contact) -> None:
    """Erase what names an address or a number of *contact*. Each of these tables is small."""
    words = list(contact.reached_by())
    of = contact.account_id
    for table, columns in (
        (ChannelTrial, (ChannelTrial.to, ChannelTrial.words, ChannelTrial.reply)),
        (PluginFault, (PluginFault.words, PluginFault.traceback)),
        (SavedView, (cast(SavedView.asked, String),)),
    ):
        execute(delete(table).where(table.account_id == of, _holds(columns, words)))
    # Lines of files and of pasted addresses, also those that never became this contact.
    runs = select(Run.id).where(Run.account_id == of)
    lines = RunRow.run_id.in_(runs) & (RunRow.email_norm == contact.email_norm)
    execute(delete(RunRow).where(lines))
    said = _holds((ChannelSetting.last_error,), words)
    mine = ChannelSetting.account_id == of
    execute(update(ChannelSetting).where(mine, said).values(last_error=""))


def _holds(columns: Iterable[Any], words: list[str]) -> ColumnElement[bool]:
    return or_(
        *(
            func.lower(column).contains(word.lower(), autoescape=True)
            for column in columns
            for word in words
            if len(word) >= SHORTEST
        )
    )
