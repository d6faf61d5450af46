"""Poll a channel: fetch receipts where a provider does not post them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta

from portal import plugins
from portal.attempt import WATCHDOG_SECONDS, time_limit
from portal.channel import Channel, ChannelError, Receipt, Settings, TemporaryError
from portal.db import atomic, db, now
from portal.errors import PortalError
from portal.interrupt import at_most, ended_after
from portal.models.account import Account
from portal.models.channel_setting import ChannelSetting
from portal.models.pace import Pace
from portal.plugins.guard import About

log = logging.getLogger(__name__)
AFTER_A_FAILURE = timedelta(seconds=60)
THE_INSTALLATION = 0
"""Stands for what the operator set, which is no row."""

Receive = Callable[[int | None, str, Sequence[Receipt]], object]


def to_poll() -> list[int]:
    """Return the rows whose channels are to be polled, and 0 when the operator's own are."""
    polled = [c for c in plugins.current().channels.values() if c.caps.polls]
    if not polled:
        return []
    query = db.select(ChannelSetting.id).where(
        ChannelSetting.channel.in_([channel.id for channel in polled]),
        ChannelSetting.sealed.is_not(None),
    )
    found = list(db.session.scalars(query))
    operator = plugins.current().operator
    if operator.bounce_mailbox or any(channel.SettingsForm is None for channel in polled):
        found.append(THE_INSTALLATION)
    return [one for one in found if Pace.is_open(f"poll {one}")]


def poll_channel(setting_id: int, receive: Receive) -> None:
    """Fetch what is new and hand each receipt to *receive* before the next is fetched.

    One process at a time, each `caps.polls` seconds, and outside any transaction.
    """
    channels = _channels(setting_id)
    every = min((channel.caps.polls for channel, *_ in channels), default=0)
    if not every or not _is_due(f"poll {setting_id}", every):
        return
    for channel, settings, account_id in channels:
        name = f"poll {setting_id}"
        if not _poll(channel, settings, account_id, receive):
            _put_off(name)


@atomic
def _channels(setting_id: int) -> list[tuple[Channel, Settings, int | None]]:
    found = plugins.current()
    if setting_id == THE_INSTALLATION:
        return [(c, Settings(), None) for c in found.channels.values() if c.caps.polls]
    row = db.session.get(ChannelSetting, setting_id, populate_existing=True)
    channel = found.channel(row.channel) if row else None
    account = db.session.get(Account, row.account_id) if row else None
    if row is None or channel is None or account is None or not channel.caps.polls:
        return []
    try:
        return [(channel, row.as_settings(account), row.account_id)]
    except PortalError as error:
        log.warning("%s", error)
        return []


@atomic
def _is_due(name: str, seconds: int) -> bool:
    return Pace.is_due(name, timedelta(seconds=seconds))


@atomic
def _put_off(name: str) -> None:
    Pace.put_off(name, now() + AFTER_A_FAILURE)


def _poll(channel: Channel, settings: Settings, account_id: int | None, receive: Receive) -> bool:
    seconds = time_limit(channel)

    def too_late() -> BaseException:
        return TemporaryError(f"The provider did not answer within {seconds:.0f} seconds.")

    try:
        with ended_after(seconds + WATCHDOG_SECONDS), at_most(seconds, too_late):
            for receipt in channel.poll(settings):
                receive(account_id, channel.id, [receipt])
        return True
    except ChannelError as error:
        log.warning("The receipts of %s could not be fetched: %s", channel.id, error.reason)
        return False
    except KeyboardInterrupt:  # how a worker is told to leave
        raise
    except BaseException as error:
        found = plugins.current()
        found.failed(found.plugin_of(channel.id), "poll", error, About(account_id))
        return False
