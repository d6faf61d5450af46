"""What came of the newest link: who opened it, and whether anybody did."""

from __future__ import annotations

from datetime import timedelta

from portal.models.delivery import ARRIVING, Status
from portal.verdict.buttons import anew, another_way, send_again
from portal.verdict.case import Case, Verdict
from portal.verdict.phrases import browser

PATIENCE = timedelta(minutes=15)
"""So long a message that was accepted may lie unopened before it is worth another."""


def used_elsewhere(case: Case) -> Verdict | None:
    """Somebody came with the newest link after its use, and was not the one who had used it."""
    link, story = case.story.link, case.story
    if link is None or link.used_at is None:
        return None
    late = next((one for one in case.people if one.state == "used"), None)
    if late is None or (story.is_signed_in and late.browser == link.used_browser):
        return None
    words = (
        f"The link was used {case.moment(link.used_at)} in {browser(link.used_browser)}; somebody "
        f"came with it again {case.moment(late.at)} in {browser(late.browser)}."
    )
    return Verdict(words, "bad", send_again(case))


def no_cookies(case: Case) -> Verdict | None:
    link, latest = case.story.link, next(iter(case.people), None)
    if latest is None or latest.state != "no_cookies" or not link or not case.is_alive(link):
        return None
    words = (
        f"{browser(latest.browser)} kept no cookie {case.moment(latest.at)}, so the link could not "
        "open. It still works: let them allow cookies, or use another browser."
    )
    return Verdict(words[:1].upper() + words[1:], "bad")


def opened(case: Case) -> Verdict | None:
    link, opened = case.story.link, next((one for one in case.people if not one.state), None)
    if opened is None or link is None:
        return None
    where = f"in {browser(opened.browser)}"
    if case.is_alive(link):
        when = f"{case.ago(opened.at)} {where}"
        words = f"{case.who} opened the link {when}; “Sign in” is not pressed yet."
        return Verdict(words, "note", is_waiting=case.at - opened.at < PATIENCE)
    words = f"{case.who} opened the link {where}, and it expired before “Sign in” was pressed."
    return Verdict(words, "note", anew(case, link))


def expired(case: Case) -> Verdict | None:
    link = case.story.link
    if link is None or case.is_alive(link):
        return None
    late = next((one for one in case.people if one.state == "expired"), None)
    if late:
        words = f"{case.who} came {case.moment(late.at)}, when the link had expired."
        return Verdict(words, "bad", anew(case, link))
    thing = "The copied link" if link.kind == "magic" else "The link"
    words = f"{thing} expired {case.moment(link.expires_at)}, unopened."
    return Verdict(words, "note", anew(case, link))


def scanned(case: Case) -> Verdict | None:
    if not case.story.openings:
        return None
    words = f"A mail scanner opened the link; {case.who} has not."
    return Verdict(words, "note", is_waiting=True)


def copied(case: Case) -> Verdict | None:
    link = case.story.link
    if link is None or case.story.delivery is not None:
        return None
    words = f"A link was copied for {case.who} {case.ago(link.created_at)}, and is not opened yet."
    return Verdict(words, "note", is_waiting=case.at - link.created_at < PATIENCE)


def accepted(case: Case) -> Verdict | None:
    delivery = case.story.delivery
    if delivery is None or delivery.status not in ARRIVING or delivery.finished_at is None:
        return None
    arrived = delivery.status == Status.DELIVERED
    took = "Delivered to" if arrived else "Accepted by"
    words = f"{took} {case.place(delivery)} {case.ago(delivery.finished_at)}, not opened"
    if case.at - delivery.finished_at < PATIENCE:
        return Verdict(f"{words} yet.", "note", another_way(case), is_waiting=True)
    action = another_way(case) or send_again(case)
    return Verdict(f"{words}. Ask them to look in the spam folder.", "note", action)
