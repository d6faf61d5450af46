"""A case: the facts about one contact, and the phrases in which a verdict on them is put."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from portal.messages import isolate
from portal.models.contact_facts import DeliveryFacts, LinkFacts, Opening, Story


class Deed(StrEnum):
    """What the one button does, or where it leads."""

    INVITE = "invite"
    SEND_AGAIN = "send_again"
    EDIT = "edit"
    CHANNEL = "channel"
    RESTORE = "restore"
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
        return isolate(self.names.get(channel) or channel or "No channel")

    def moment(self, when: datetime) -> str:
        """Return "at 10:02", "yesterday at 10:02" or "on 12 Nov at 10:02", in the account's zone;
        with the year when it is another one."""
        there, today = when.astimezone(self.zone), self.at.astimezone(self.zone)
        days = (today.date() - there.date()).days
        if days == 0:
            return f"at {there:%H:%M}"
        if days in (1, -1):
            return f"{'yesterday' if days == 1 else 'tomorrow'} at {there:%H:%M}"
        year = f" {there.year}" if there.year != today.year else ""
        return f"on {there.day} {there:%b}{year} at {there:%H:%M}"

    def since(self, when: datetime) -> str:
        """Return "since 10:02", "since yesterday at 10:02" or "since 12 Nov at 10:02"."""
        return "since " + self.moment(when).removeprefix("at ").removeprefix("on ")

    def ago(self, when: datetime) -> str:
        passed = self.at - when
        if passed < timedelta(minutes=1):
            return "just now"
        if passed < timedelta(hours=1):
            return f"{passed // timedelta(minutes=1)} min ago"
        if passed < timedelta(days=1):
            return f"{passed // timedelta(hours=1)} h ago"
        return "1 day ago" if passed.days == 1 else f"{passed.days} days ago"

    def is_alive(self, link: LinkFacts) -> bool:
        """Tell whether *link* would still let them in."""
        return link.used_at is None and not link.is_cut and link.expires_at > self.at

    @property
    def people(self) -> list[Opening]:
        """Return who looked at the newest link, latest first, without programs."""
        return [one for one in self.story.openings if not one.is_program]
