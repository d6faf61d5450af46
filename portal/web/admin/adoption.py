"""Adoption: how far the contacts have come, from not invited to dormant, and what to do next."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import render_template, url_for
from flask.typing import ResponseReturnValue

from portal.languages import _
from portal.models import adoption
from portal.models.adoption import Number
from portal.models.contact_criteria import DORMANT
from portal.models.reminder_plan import Plan
from portal.web.admin.desk import at_desk, desk
from portal.web.languages import number as grouped

bp = desk("adoption", __name__, path="/adoption")


class Step(NamedTuple):
    """One step of the funnel: its bar and its line in the table."""

    name: str
    means: str
    number: str
    percent: float
    list_url: str
    action: str
    action_url: str


def _means() -> dict[str, tuple[str, str, str]]:
    """Return name, meaning and the words of the next action for each step."""
    return {
        "not_invited": (_("Not invited"), _("In the address book only"), _("Invite them")),
        "undelivered": (
            _("Undelivered"),
            _("The last message did not arrive"),
            _("See why"),
        ),
        "unopened": (
            _("Not opened"),
            _("Invited; nobody has opened the link"),
            _("Send it again"),
        ),
        "opened": (
            _("Opened"),
            _("Opened the link, and did not sign in"),
            _("Send it again"),
        ),
        "joined": (_("Joined"), _("Has signed in at least once"), ""),
        "dormant": (
            _("Dormant"),
            _("Joined, and not seen for %(days)s days", days=str(DORMANT.days)),
            _("Send a login e-mail"),
        ),
    }


@bp.get("/")
def page() -> ResponseReturnValue:
    account, _staff = at_desk()
    numbers = adoption.of(account.id)
    most = max(number.many for number in numbers)
    steps = [_step(name, words, getattr(numbers, name), most) for name, words in _means().items()]
    return render_template(
        "admin/adoption.html", steps=steps, is_empty=not most, plan=_words(Plan.of(account))
    )


def _step(name: str, words: tuple[str, str, str], number: Number, most: int) -> Step:
    title, means, action = words
    status = "none" if name == "not_invited" else name
    picked: dict[str, Any] = {"status": status, "select": 1}
    action_url = (
        url_for("deliveries.index", status="undelivered")
        if name == "undelivered"
        else url_for("contacts.index", **picked)
    )
    return Step(
        name,
        means,
        shown(number),
        round(100 * number.many / most, 2) if most else 0,
        url_for("contacts.index", status=status),
        action if number.many else "",
        action_url,
    )._replace(name=title)


def _words(plan: Plan) -> str:
    days = ", ".join(map(str, plan.days))
    return _("on day %(days)s", days=days) if plan.is_on else _("off")


def shown(number: Number) -> str:
    """Return "1,204", or "10,000+" for at least so many."""
    words = grouped(number.many)
    return f"{words}+" if number.bound else words
