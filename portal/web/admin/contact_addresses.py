"""Other ways to reach a contact: a field for each kind of address that a channel brings."""

from __future__ import annotations

from collections.abc import Mapping

from wtforms import Field

from portal.channel import Channel, PermanentError, Settings
from portal.db import db
from portal.languages import _
from portal.models.account import Account
from portal.models.channel_setting import ChannelSetting
from portal.plugins import current
from portal.plugins.guard import About
from portal.web.admin.channel_form import is_ready

OWN_FIELDS = ("", "email", "phone")


def kinds(account: Account, known: Mapping[str, str]) -> dict[str, str]:
    """Return the label of each kind of address that one of the account's channels writes to, or
    that the contact has already."""
    return {
        kind: channel.address_label or channel.name
        for kind, channel in _channels().items()
        if kind in known or is_ready(channel, _settings(account, channel), account.id)
    }


def are_usable(account: Account, fields: Mapping[str, Field]) -> bool:
    """Ask each channel whether it can write to what was typed; complain at the field."""
    channels = _channels()
    for kind, field in fields.items():
        if field.data and (complaint := _complaint(account, channels[kind], field.data)):
            field.errors = [*field.errors, complaint]
    return not any(field.errors for field in fields.values())


def _complaint(account: Account, channel: Channel, typed: str) -> str:
    settings = _settings(account, channel)
    db.session.commit()  # a plugin may take its time

    def act() -> str:
        try:
            channel.normalise_address(typed, settings)
        except PermanentError as error:
            return error.reason
        return ""

    found = current()
    answer: str = found.guarded(
        found.plugin_of(channel.id),
        "normalise_address",
        act,
        _(
            "%(channel)s cannot check this address at the moment. Save it later.",
            channel=_(channel.name),
        ),
        About(account.id, (typed,)),
    )
    return answer


def _settings(account: Account, channel: Channel) -> Settings:
    return ChannelSetting.settings_of(account, channel.id)


def _channels() -> dict[str, Channel]:
    channels = current().channels.values()
    return {
        channel.caps.address: channel
        for channel in channels
        if channel.caps.address not in OWN_FIELDS
    }
