"""The doctor's findings on a terminal: one line each, what to do below, and a closing count."""

from __future__ import annotations

import shutil
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator

import click

from portal.channel import Finding
from portal.doctor import Result

COLOURS = {"good": "green", "note": "yellow", "bad": "red"}
INDENT = 8
WIDEST = 100


def of(result: Result) -> Iterator[str]:
    """Yield the lines of one check."""
    yield click.style(result.title, bold=True)
    for finding in result.findings:
        yield from _lines(finding)
    yield ""


def closing(results: Iterable[Result]) -> str:
    levels = Counter(one.level for result in results for one in result.findings)
    if levels["bad"]:
        return click.style(f"{levels['bad']} bad, {levels['note']} to note.", fg="red", bold=True)
    return click.style(f"Nothing is bad, {levels['note']} to note.", fg="green", bold=True)


def _lines(finding: Finding) -> Iterator[str]:
    mark = click.style(f"  {finding.level:{INDENT - 2}}", fg=COLOURS[finding.level])
    width = min(shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST) - INDENT
    words = f"{finding.title}: {finding.detail}" if finding.detail else finding.title
    first, *others = textwrap.wrap(words, max(width, 40), break_long_words=False) or [""]
    yield mark + first
    yield from (" " * INDENT + line for line in others)
    if finding.record:
        yield " " * (INDENT + 2) + click.style(finding.record, bold=True)
