"""What came of the newest link: who opened it, and whether anybody did."""

from __future__ import annotations

from datetime import timedelta

from portal.languages import _, mark
from portal.models.delivery import ARRIVING, Status
from portal.verdict.buttons import anew, another_way, send_again
from portal.verdict.case import Case, Verdict
from portal.verdict.phrases import browser

PATIENCE = timedelta(minutes=15)
"""So long a message that was accepted may lie unopened before it is worth another."""

_TAKEN = (
    mark("Accepted by %(place)s %(ago)s, not opened yet."),
    mark("Accepted by %(place)s %(ago)s, not opened. Ask them to look in the spam folder."),
)
_ARRIVED = (
    mark("Delivered to %(place)s %(ago)s, not opened yet."),
    mark("Delivered to %(place)s %(ago)s, not opened. Ask them to look in the spam folder."),
)


def used_elsewhere(case: Case) -> Verdict | None:
    """Somebody came with the newest link after its use, and was not the one who had used it."""
    link, story = case.story.link, case.story
    if link is None or link.used_at is None:
        return None
    late = next((one for one in case.people if one.state == "used"), None)
    if late is None or (story.is_signed_in and late.browser == link.used_browser):
        return None
    words = _(
        "The link was used %(used)s in %(browser)s; somebody came with it again %(again)s in "
        "%(other)s.",
        used=case.moment(link.used_at),
        browser=browser(link.used_browser),
        again=case.moment(late.at),
        other=browser(late.browser),
    )
    return Verdict(words, "bad", send_again(case))


def no_cookies(case: Case) -> Verdict | None:
    link, latest = case.story.link, next(iter(case.people), None)
    if latest is None or latest.state != "no_cookies" or not link or not case.is_alive(link):
        return None
    words = _(
        "%(browser)s kept no cookie %(when)s, so the link could not open. It still works: let them "
        "allow cookies, or use another browser.",
        browser=browser(latest.browser),
        when=case.moment(latest.at),
    )
    return Verdict(words[:1].upper() + words[1:], "bad")


def opened(case: Case) -> Verdict | None:
    link, opened = case.story.link, next((one for one in case.people if not one.state), None)
    if opened is None or link is None:
        return None
    values = {"who": case.who, "browser": browser(opened.browser)}
    if case.is_alive(link):
        words = _(
            "%(who)s opened the link %(ago)s in %(browser)s; “Sign in” is not pressed yet.",
            ago=case.ago(opened.at),
            **values,
        )
        return Verdict(words, "note", is_waiting=case.at - opened.at < PATIENCE)
    words = _(
        "%(who)s opened the link in %(browser)s, and it expired before “Sign in” was pressed.",
        **values,
    )
    return Verdict(words, "note", anew(case, link))


def expired(case: Case) -> Verdict | None:
    link = case.story.link
    if link is None or case.is_alive(link):
        return None
    late = next((one for one in case.people if one.state == "expired"), None)
    if late:
        when = case.moment(late.at)
        words = _("%(who)s came %(when)s, when the link had expired.", who=case.who, when=when)
        return Verdict(words, "bad", anew(case, link))
    when = case.moment(link.expires_at)
    if link.kind == "magic":
        words = _("The copied link expired %(when)s, unopened.", when=when)
    else:
        words = _("The link expired %(when)s, unopened.", when=when)
    return Verdict(words, "note", anew(case, link))


def scanned(case: Case) -> Verdict | None:
    if not case.story.openings:
        return None
    words = _("A mail scanner opened the link; %(who)s has not.", who=case.who)
    return Verdict(words, "note", is_waiting=True)


def copied(case: Case) -> Verdict | None:
    link = case.story.link
    if link is None or case.story.delivery is not None:
        return None
    words = _(
        "A link was copied for %(who)s %(ago)s, and is not opened yet.",
        who=case.who,
        ago=case.ago(link.created_at),
    )
    return Verdict(words, "note", is_waiting=case.at - link.created_at < PATIENCE)


def accepted(case: Case) -> Verdict | None:
    delivery = case.story.delivery
    if delivery is None or delivery.status not in ARRIVING or delivery.finished_at is None:
        return None
    is_fresh = case.at - delivery.finished_at < PATIENCE
    known = _ARRIVED if delivery.status == Status.DELIVERED else _TAKEN
    words = _(
        known[0] if is_fresh else known[1],
        place=case.place(delivery),
        ago=case.ago(delivery.finished_at),
    )
    if is_fresh:
        return Verdict(words, "note", another_way(case), is_waiting=True)
    return Verdict(words, "note", another_way(case) or send_again(case))
