"""Channel, which a delivery plugin subclasses, and what it says of itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from portal.channel.errors import PermanentError
from portal.channel.kinds import ALL_KINDS, Kind
from portal.channel.settings import Report, Settings, SettingsForm
from portal.channel.words import Receipt, ReceiptRequest, SendRequest, Sent


@dataclass(frozen=True)
class Caps:
    """What a channel can do.

    *address* is the kind of address it writes to: `email`, `phone`, a word of the plugin's own
    (contacts then get a field of that name), or nothing. *kinds* are the kinds of message it takes.
    `invite`, `login` sent by staff and `self` asked for by the client go out to a contact: together
    they are `MAILED_KINDS`. `magic` is handed to the member of staff who asked, and only by a
    *synchronous* channel, whose result is shown to the person who asked. *idempotent* promises that
    the same key twice is delivered once. *timeout* is in seconds and bounds one call of any verb.
    *rate* is the most messages a minute for one account, None for no limit. *receipts* says that
    the provider reports later, *polls* after how many seconds `poll` wants to be called again (0
    for never).
    """

    address: str = ""
    kinds: frozenset[Kind] = ALL_KINDS
    synchronous: bool = False
    receipts: bool = False
    idempotent: bool = False
    timeout: int = 30
    rate: float | None = None
    polls: int = 0


class Channel:
    """A way to reach someone. Subclass it, set `id`, `name` and `caps`, and write `send`.

    One object serves all messages of its process, whatever their account. Each verb may be called
    in any process, and by several threads at once in a web process. No database transaction is
    open meanwhile. When its time is over it is interrupted: an error is raised inside it.
    """

    id: ClassVar[str]
    """A short name that stands in rows: lower case, unique, never changed, at most 30 letters."""
    name: ClassVar[str]
    """What staff read."""
    caps: ClassVar[Caps]
    """What the channel can do."""
    SettingsForm: ClassVar[type[SettingsForm] | None] = None
    """The form of the channel's settings for one account, or None when it has none."""
    address_label: ClassVar[str] = ""
    """How the field of the contact's address is called, when `caps.address` is your own word."""

    def is_ready(self, settings: Settings) -> bool:
        """Tell whether *settings* are enough to send. Asked often, so without I/O.

        A channel without a form always is; one with a form is once something has been saved.
        """
        return self.SettingsForm is None or len(settings) > 0

    def check(self, settings: Settings) -> Report | None:
        """Try the provider with *settings* without sending anything.

        Raises a ChannelError that says what is wrong.
        """
        return None

    def normalise_address(self, address: str, settings: Settings) -> str:
        """Return *address* as the provider wants it.

        Raises PermanentError when it cannot be used.
        """
        return address

    def send(self, request: SendRequest, settings: Settings) -> Sent:
        """Deliver *request*, within `caps.timeout` seconds.

        Raises a ChannelError when it cannot.
        """
        raise PermanentError(f"The channel {self.id} does not send.", cause="fault")

    def parse_receipt(self, request: ReceiptRequest, settings: Settings) -> Iterable[Receipt]:
        """Return what *request* reports, after checking its signature.

        Raises ForgedError when the signature is wrong, ValueError when it makes no sense.
        """
        raise ValueError(f"The channel {self.id} takes no receipts.")

    def poll(self, settings: Settings) -> Iterable[Receipt]:
        """Fetch receipts where the provider does not post them. Called every `caps.polls` seconds.

        A receipt is lost when it was fetched and the process dies: leave it at the provider until
        the next call, receipts may come twice.
        """
        return ()

    def close(self) -> None:
        """Let go of connections. Called when the worker is idle for a while and when it ends."""
