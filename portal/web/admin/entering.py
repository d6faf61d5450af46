"""What a browser is given when the first step of a staff sign-in was right, or the last one."""

from __future__ import annotations

from flask import Response, flash, g, url_for

from portal.flows.second_step import Where
from portal.languages import _, _n
from portal.models.staff_entry import StaffEntry
from portal.models.staff_half_sign_in import LIFE
from portal.web import cookies, sessions
from portal.web.redirects import see_other

HALF_COOKIE = "staff_half"
"""No account's slug holds an underscore, so no client's cookie can have this name."""


def where() -> Where:
    return Where(sessions.browser_family(), g.request_id)


def go_on(entry: StaffEntry) -> Response:
    """Lead to the desk, or to the second step, with the cookie that each needs."""
    if entry.is_whole:
        return give(see_other(url_for("staff.sign_in")), entry)
    response = see_other(url_for("second_step.page"))
    cookies.write(response, HALF_COOKIE, entry.secret, LIFE)
    return response


def give(response: Response, entry: StaffEntry) -> Response:
    """Let *response* sign its browser in, and the page that follows tell what is to be told."""
    if entry.was_reset:
        flash(
            _(
                "Your second factor was taken away by an owner of your account or on the server. "
                "Set up a new one under “Your sign-in”."
            ),
            "note",
        )
    if entry.codes_left is not None:
        flash(
            _n(
                "That recovery code is used up. %(count)s is left.",
                "That recovery code is used up. %(count)s are left.",
                entry.codes_left,
            ),
            "note",
        )
    if cookies.read(HALF_COOKIE):
        cookies.remove(response, HALF_COOKIE)
    return sessions.give_staff(response, entry.secret)
