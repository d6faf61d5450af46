"""What the contact's access and sign-ins say, whatever was sent."""

from __future__ import annotations

from datetime import timedelta

from portal.languages import _, mark
from portal.models.contact_criteria import DORMANT
from portal.verdict.buttons import send_again
from portal.verdict.case import Action, Case, Deed, Verdict
from portal.verdict.phrases import on_what

_SHUT_OUT = {
    "suspended": mark("The access of %(who)s is suspended: nothing lets them in."),
    "revoked": mark("The access of %(who)s is revoked: nothing lets them in."),
}
FORGOTTEN = timedelta(days=7)
"""So long after its end the newest link says nothing any more of somebody who has joined."""


def shut_out(case: Case) -> Verdict | None:
    story = case.story
    if story.status in _SHUT_OUT:
        words = _(_SHUT_OUT[story.status], who=case.who)
        return Verdict(words, "bad", Action(Deed.RESTORE, _("Restore")))
    if story.status and not story.is_open and story.ends_at:
        when = case.moment(story.ends_at)
        words = _("The access of %(who)s ended %(when)s.", who=case.who, when=when)
        return Verdict(words, "bad", Action(Deed.EXTEND, _("Extend access")))
    return None


def not_invited(case: Case) -> Verdict | None:
    if case.story.status:
        return None
    words = _("%(who)s is not invited yet.", who=case.who)
    return Verdict(words, "", Action(Deed.INVITE, _("Invite to Client Portal")))


def in_now(case: Case) -> Verdict | None:
    """They are in; only a later link that still opens something says more."""
    story, link = case.story, case.story.link
    if not story.is_signed_in or story.sign_in is None:
        return None
    if link and link.created_at > story.sign_in.at and case.is_alive(link):
        return None
    since, where = case.since(story.sign_in.at), on_what(story.sign_in.browser)
    words = _("%(who)s is in, %(since)s, %(where)s.", who=case.who, since=since, where=where)
    return Verdict(words, "good")


def forgotten(case: Case) -> Verdict | None:
    """Once they have joined, a link that ended long ago, or by their sign-in, tells nothing."""
    story, link = case.story, case.story.link
    if story.sign_in is None or link is None:
        return joined(case)
    is_old = link.expires_at < case.at - FORGOTTEN
    was_overtaken = link.created_at <= story.sign_in.at
    return joined(case) if is_old or was_overtaken or link.used_at else None


def joined(case: Case) -> Verdict | None:
    story = case.story
    if story.status != "joined" or story.last_seen_at is None:
        return None
    ago = case.ago(story.last_seen_at)
    words = _("%(who)s has joined, and was last seen %(ago)s.", who=case.who, ago=ago)
    if case.at - story.last_seen_at > DORMANT:
        return Verdict(f"{words} {_('Nobody is signed in.')}", "note", send_again(case))
    return Verdict(f"{words} {_('They are signed out now.')}", "", send_again(case))


def cut(case: Case) -> Verdict | None:
    link = case.story.link
    if link is None or not link.is_cut:
        return None
    words = _("What was sent before opens nothing any more: the address or the access has changed.")
    return Verdict(words, "note", send_again(case))


def nothing_sent(case: Case) -> Verdict:
    words = _("Nothing was sent to %(who)s yet.", who=case.who)
    return Verdict(words, "note", send_again(case))
