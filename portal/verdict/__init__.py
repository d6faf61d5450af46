"""The verdict: one sentence on how things stand with a contact, and one button."""

from __future__ import annotations

from collections.abc import Callable

from portal.verdict import link, person
from portal.verdict.case import Action, Case, Deed, Verdict
from portal.verdict.trouble import trouble
from portal.verdict.under_way import under_way

__all__ = ["Action", "Case", "Deed", "Verdict", "reach"]


def reach(case: Case) -> Verdict:
    """Return the verdict on *case*: the first rule that has something to say decides."""
    found = (rule(case) for rule in _RULES)
    return next((one for one in found if one), None) or person.nothing_sent(case)


_RULES: tuple[Callable[[Case], Verdict | None], ...] = (
    person.shut_out,
    person.not_invited,
    link.used_elsewhere,
    person.in_now,
    person.forgotten,
    person.cut,
    under_way,
    trouble,
    link.no_cookies,
    link.opened,
    link.expired,
    link.scanned,
    link.copied,
    link.accepted,
)
