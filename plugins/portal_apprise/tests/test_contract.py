"""The channel keeps the contract that every channel has to keep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from portal.channel import Channel
from portal.testing import ChannelContract
from portal_apprise.channel import Messenger


class TestMessenger(ChannelContract):
    channel: ClassVar[Any] = Messenger
    settings: ClassVar[Mapping[str, Any]] = {"services": "json"}
    bad_settings: ClassVar[Mapping[str, Any]] = {"services": "dbus"}
    bad_addresses = ("carl", "carl@carter.example", "dbus://x")

    # The password in question is the contact's own, in their address: nobody else has to wait.
    test_a_wrong_password_pauses_the_channel = None  # type: ignore[assignment]
    # The library keeps the headers of an answer to itself.
    test_too_many_is_tried_later = None  # type: ignore[assignment]
    test_an_odd_wait_is_no_crash = None  # type: ignore[assignment]

    def make(self, server: str) -> Channel:
        """The address names the server, since nothing else does."""
        self.to = f"json://{server.partition('://')[2] or 'hooks.acme.example'}/hook"  # type: ignore[misc]
        channel = super().make(server)
        channel._may_stay_inside = bool(server)  # type: ignore[attr-defined]
        return channel
