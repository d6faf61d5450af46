"""A case: the facts about one contact, and the phrases in which a verdict on them is put."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from portal.languages import _, _n
from portal.messages import isolate
from portal.models.contact_facts import DeliveryFacts, LinkFacts, Opening, Story
from portal.moments import short_date


class Deed(StrEnum):
    """What the one button does, or where it leads."""

    INVITE = "invite"
    SEND_AGAIN = "send_again"
    EDIT = "edit"
    CHANNEL = "channel"
    RESTORE = "restore"
    EXTEND = "extend"
    COPY_LINK = "copy_link"
    SEND_BY = "send_by"
    SEND_NOW = "send_now"
    RETRY = "retry"
    HAND_OVER = "hand_over"


class Action(NamedTuple):
    """The one button. *row_id* is the message or the task that it is about."""

    deed: Deed
    label: str
    channel: str = ""
    row_id: int = 0


class Verdict(NamedTuple):
    """One sentence, its tone (`good`, `note`, `bad` or '') and one button or none. *is_waiting*:
    it may change at any moment by itself."""

    words: str
    tone: str = ""
    action: Action | None = None
    is_waiting: bool = False


class Case(NamedTuple):
    """What a verdict is reached from. *ways* are the channels, by id and name, that could carry the
    newest link as well; *mail* those that write to an e-mail address; *leads* tells whether the
    reader may set channels up."""

    story: Story
    at: datetime
    zone: ZoneInfo
    ways: tuple[tuple[str, str], ...] = ()
    names: dict[str, str] = {}  # noqa: RUF012 - the field of a tuple, read only
    mail: frozenset[str] = frozenset({"email"})
    leads: bool = True

    @property
    def who(self) -> str:
        return isolate(self.story.called)

    def place(self, delivery: DeliveryFacts) -> str:
        """Return who took or refused the message: the domain, or the channel."""
        if delivery.channel in self.mail:
            return isolate(self.story.email.rpartition("@")[2])
        return self.name(delivery.channel)

    def name(self, channel: str) -> str:
        return isolate(self.names.get(channel) or channel or _("No channel"))

    def moment(self, when: datetime) -> str:
        """Return "at 10:02", "yesterday at 10:02" or "on 12 Nov at 10:02", in the account's zone;
        with the year when it is another one."""
        there, today = when.astimezone(self.zone), self.at.astimezone(self.zone)
        days = (today.date() - there.date()).days
        if days == 0:
            return _("at %(time)s", time=f"{there:%H:%M}")
        if days == 1:
            return _("yesterday at %(time)s", time=f"{there:%H:%M}")
        if days == -1:
            return _("tomorrow at %(time)s", time=f"{there:%H:%M}")
        date = short_date(there, with_year=there.year != today.year)
        return _("on %(date)s at %(time)s", date=date, time=f"{there:%H:%M}")

    def since(self, when: datetime) -> str:
        """Return "since 10:02", "since yesterday at 10:02" or "since 12 Nov at 10:02"."""
        there, today = when.astimezone(self.zone), self.at.astimezone(self.zone)
        days = (today.date() - there.date()).days
        if days == 0:
            return _("since %(time)s", time=f"{there:%H:%M}")
        if days == 1:
            return _("since yesterday at %(time)s", time=f"{there:%H:%M}")
        date = short_date(there, with_year=there.year != today.year)
        return _("since %(date)s at %(time)s", date=date, time=f"{there:%H:%M}")

    def ago(self, when: datetime) -> str:
        passed = self.at - when
        if passed < timedelta(minutes=1):
            return _("just now")
        if passed < timedelta(hours=1):
            return _n("%(count)s min ago", "%(count)s min ago", passed // timedelta(minutes=1))
        if passed < timedelta(days=1):
            return _n("%(count)s h ago", "%(count)s h ago", passed // timedelta(hours=1))
        return _n("%(count)s day ago", "%(count)s days ago", passed.days)

    def is_alive(self, link: LinkFacts) -> bool:
        """Tell whether *link* would still let them in."""
        return link.used_at is None and not link.is_cut and link.expires_at > self.at

    @property
    def people(self) -> list[Opening]:
        """Return who looked at the newest link, latest first, without programs."""
        return [one for one in self.story.openings if not one.is_program]
