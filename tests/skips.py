"""Says at the end what was skipped and how to get it; with STRICT=1 a skip is a failure."""

import os
from collections import Counter
from collections.abc import Generator

import pytest


def is_strict() -> bool:
    return os.environ.get("STRICT", "0") not in {"", "0"}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):  # an expected failure did run
        note_skip(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.skipped:
        note_skip(report)
    return report


def note_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    vars(report)["skip_reason"] = reason  # travels with the report from an xdist worker
    if is_strict():
        report.outcome = "failed"
        report.longrepr = f"STRICT=1 allows no skip, and this one was skipped: {reason}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The closing table."""
    stats = terminalreporter.stats
    reports = [report for kind in ("skipped", "failed", "error") for report in stats.get(kind, [])]
    reasons = Counter(report.skip_reason for report in reports if hasattr(report, "skip_reason"))
    kinds = ("passed", "failed", "error", "xfailed", "xpassed")
    ran = sum(
        not hasattr(report, "skip_reason") for kind in kinds for report in stats.get(kind, [])
    )
    terminalreporter.section("ran and skipped")
    terminalreporter.line(f"ran {ran}, skipped {reasons.total()}")
    rows = [(str(count), *reason.partition(": ")[::2]) for reason, count in reasons.most_common()]
    if rows:
        show_table(terminalreporter, [("skipped", "why", "how to get it"), *rows])


def show_table(terminal: pytest.TerminalReporter, rows: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        terminal.line("  ".join(cells).rstrip())
