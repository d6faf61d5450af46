"""What a channel raises when it cannot deliver."""

from __future__ import annotations

from portal.channel.kinds import Cause


class ChannelError(Exception):
    """A channel could not deliver. *reason* is one plain sentence staff will read.

    *reply* holds the provider's own words, if it said any. Neither may hold the link. *cause* is
    one of `Cause` and groups failures.
    """

    def __init__(self, reason: str, *, reply: str = "", cause: Cause = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.reply = reply
        self.cause = cause


class TemporaryError(ChannelError):
    """It may work later: the message is tried again with growing pauses.

    *retry_after* is in seconds, when the provider named a time (HTTP 429 and 503, RFC 9110 10.2.3).
    The longer of that and the portal's own pause counts.
    """

    def __init__(
        self, reason: str, *, reply: str = "", cause: Cause = "", retry_after: float = 0
    ) -> None:
        super().__init__(reason, reply=reply, cause=cause)
        self.retry_after = retry_after


class PermanentError(ChannelError):
    """It will never work for this address: the account's next channel takes over."""


class AuthenticationError(ChannelError):
    """The provider does not accept us, or is not where our settings say; nothing is wrong with this
    one message.

    The channel pauses for the account, its messages wait, and staff see a banner.
    """


class AmbiguousError(ChannelError):
    """The provider may or may not have taken the message, for instance because the line
    dropped after the final dot. Idempotent channels are tried again; others end as unknown."""


class ForgedError(Exception):
    """A receipt's signature is wrong or missing: it is answered with 403 and changes nothing."""
