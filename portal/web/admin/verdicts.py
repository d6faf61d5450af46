"""The verdict as a page shows it: its sentence, and its button with the form behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from zoneinfo import ZoneInfo

from flask import url_for
from flask_login import current_user

from portal import plugins
from portal.db import now
from portal.models import delivery_story
from portal.models.contact import Contact
from portal.models.contact_facts import Story
from portal.models.contact_story import story_of
from portal.models.portal_access import PortalAccess
from portal.models.staff_role import Role
from portal.verdict import Action, Case, Deed, reach
from portal.web.admin.delivery import ways
from portal.web.admin.delivery_words import channel_name
from portal.web.admin.desk import at_desk


class Button(NamedTuple):
    """A link, or a form of one button with its hidden *fields*; *in_dialog* for a page that opens
    above this one."""

    label: str
    icon: str
    url: str
    is_post: bool = True
    in_dialog: bool = False
    fields: tuple[tuple[str, str], ...] = ()


class Shown(NamedTuple):
    """A verdict in words, with its icon. *gist* stays the same while only the minutes change: it
    is read aloud when it does not."""

    words: str
    gist: str
    tone: str
    icon: str
    button: Button | None
    is_waiting: bool


def verdict_on(contact: Contact, access: PortalAccess | None) -> Shown:
    """Return how things stand with *contact*, and the one thing to do."""
    account, _staff = at_desk()
    story = story_of(contact, access)
    found = reach(
        Case(
            story,
            at=now(),
            zone=ZoneInfo(account.time_zone),
            ways=_ways(story),
            names={name: channel_name(name) for name in _channels(story)},
            mail=_mail(),
            leads=current_user.at_work.role in (Role.OWNER, Role.ADMIN),
        )
    )
    button = _BUTTONS[found.action.deed](contact, story, found.action) if found.action else None
    return Shown(
        found.words, _gist(found.words), found.tone, _ICONS[found.tone], button, found.is_waiting
    )


def _gist(words: str) -> str:
    return "".join(one for one in words if not one.isdecimal())


def _ways(story: Story) -> tuple[tuple[str, str], ...]:
    if story.delivery is None or story.is_signed_in:
        return ()
    people = delivery_story.with_people(at_desk()[0], story.delivery.id)
    if people is None or not people.is_alive:
        return ()
    return tuple(ways(people, delivery_story.chain(people.delivery)))


def _channels(story: Story) -> set[str]:
    return {*story.paused, *([story.delivery.channel] if story.delivery else [])}


def _mail() -> frozenset[str]:
    """Return the channels that write to an e-mail address, the one whose plugin is gone too."""
    channels = plugins.current().channels
    return frozenset({"email"} | {n for n, one in channels.items() if one.caps.address == "email"})


def _invite(contact: Contact, _story: Story, action: Action) -> Button:
    url = url_for("invitations.new", contact_id=contact.id)
    return Button(action.label, "user-plus", url, is_post=False, in_dialog=True)


def _send_again(contact: Contact, story: Story, action: Action) -> Button:
    deed = "resend_invite" if story.status == "invited" else "send_login_email"
    return Button(action.label, "send", url_for(f"contacts.{deed}", contact_id=contact.id))


def _edit(contact: Contact, _story: Story, action: Action) -> Button:
    url = url_for("contacts.edit", contact_id=contact.id)
    return Button(action.label, "edit", url, is_post=False, in_dialog=True)


def _channel(_contact: Contact, _story: Story, action: Action) -> Button:
    url = url_for("channels.show", channel_id=action.channel)
    return Button(action.label, "settings", url, is_post=False)


def _restore(contact: Contact, _story: Story, action: Action) -> Button:
    return Button(action.label, "refresh", url_for("contacts.restore", contact_id=contact.id))


def _extend(contact: Contact, _story: Story, action: Action) -> Button:
    url = url_for("access_ends.page", contact_id=contact.id)
    return Button(action.label, "clock", url, is_post=False, in_dialog=True)


def _copy_link(contact: Contact, _story: Story, action: Action) -> Button:
    url = url_for("magic_links.new", contact_id=contact.id)
    return Button(action.label, "link", url, is_post=False, in_dialog=True)


def _send_by(_contact: Contact, _story: Story, action: Action) -> Button:
    url = url_for("delivery.send_by", delivery_id=action.row_id)
    return Button(action.label, "phone", url, fields=(("channel", action.channel),))


def _send_now(_contact: Contact, _story: Story, action: Action) -> Button:
    fields = (("ids", str(action.row_id)), ("to", "contact"))
    return Button(action.label, "send", url_for("deliveries.send_now"), fields=fields)


def _retry(_contact: Contact, _story: Story, action: Action) -> Button:
    return Button(action.label, "refresh", url_for("delivery.retry", delivery_id=action.row_id))


def _hand_over(_contact: Contact, _story: Story, action: Action) -> Button:
    return Button(action.label, "link", url_for("tasks.show_link", task_id=action.row_id))


_ICONS = {"good": "check", "bad": "alert", "note": "clock", "": "info"}
_BUTTONS: dict[Deed, Callable[[Contact, Story, Action], Button]] = {
    Deed.INVITE: _invite,
    Deed.SEND_AGAIN: _send_again,
    Deed.EDIT: _edit,
    Deed.CHANNEL: _channel,
    Deed.RESTORE: _restore,
    Deed.EXTEND: _extend,
    Deed.COPY_LINK: _copy_link,
    Deed.SEND_BY: _send_by,
    Deed.SEND_NOW: _send_now,
    Deed.RETRY: _retry,
    Deed.HAND_OVER: _hand_over,
}
