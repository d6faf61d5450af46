"""A length of time as people type it: a number, and the unit beside it."""

from __future__ import annotations

from typing import Any, NamedTuple

from wtforms import Field

from portal.languages import _, _n, mark
from portal.models.account_rules import DAY, HOUR, MINUTE

UNITS = {1: mark("seconds"), MINUTE: mark("minutes"), HOUR: mark("hours"), DAY: mark("days")}


class Unit(NamedTuple):
    """One choice of the list beside the number."""

    seconds: int
    name: str
    is_chosen: bool


class SpanField(Field):  # type: ignore[misc]
    """Seconds, or None for nothing typed. The unit comes in a field of its own, `<name>-unit`."""

    def __init__(self, *args: Any, units: tuple[int, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.units, self.typed, self.unit = units, "", units[0]

    def process(self, formdata: Any, *args: Any, **kwargs: Any) -> None:
        unit = (formdata.get(f"{self.name}-unit") if formdata else "") or ""
        known = {str(one): one for one in self.units}
        self.unit = known.get(unit, self.units[0])
        super().process(formdata, *args, **kwargs)

    def process_data(self, value: int | None) -> None:
        self.data = value
        if value is not None:
            self.unit = next(one for one in reversed(self.units) if value % one == 0)
            self.typed = str(value // self.unit)

    def process_formdata(self, valuelist: list[str]) -> None:
        self.typed = (valuelist[0] if valuelist else "").strip()[:20]
        self.data = None
        if not self.typed:
            return
        if not self.typed.isascii() or not self.typed.isdecimal() or len(self.typed) > 9:
            raise ValueError(_("Type a whole number, or nothing."))
        self.data = int(self.typed) * self.unit

    @property
    def choices(self) -> list[Unit]:
        return [Unit(one, _(UNITS[one]), one == self.unit) for one in self.units]


def in_words(seconds: int) -> str:
    """Return "1 hour", "90 minutes", in the largest unit that is a whole number of them."""
    size = next(one for one in (DAY, HOUR, MINUTE, 1) if (seconds % one == 0 and seconds >= one)
                or one == 1)  # fmt: skip
    count = seconds // size
    if size == DAY:
        return _n("%(count)s day", "%(count)s days", count)
    if size == HOUR:
        return _n("%(count)s hour", "%(count)s hours", count)
    if size == MINUTE:
        return _n("%(count)s minute", "%(count)s minutes", count)
    return _n("%(count)s second", "%(count)s seconds", count)
