"""Which channel carries a message: the account's order, what is installed, what reaches someone."""

from __future__ import annotations

from portal import plugins
from portal.channel import Channel, Settings
from portal.models.account import Account
from portal.models.contact import Contact


def order(account: Account, kind: str) -> list[str]:
    """Return the channels for messages of *kind*: as staff ordered them, else those that need no
    settings, in the order of the plugins. A channel that is not installed any more is left out."""
    channels = plugins.current().channels
    chosen = account.chosen_channels(kind)
    if chosen is not None:
        return [name for name in chosen if name in channels and carries(channels[name], kind)]
    return [
        name for name, channel in channels.items() if carries(channel, kind) and _is_ready(channel)
    ]


def first(account: Account, kind: str, contact: Contact) -> str:
    """Return the channel that begins: the first that reaches *contact*, else the first of all, so
    that the delivery can say what is missing; '' when there is none."""
    return first_of(order(account, kind), contact)


def first_of(names: list[str], contact: Contact) -> str:
    """Return the first of the channels *names* that reaches *contact*, as `first` does."""
    return next((name for name in names if reaches(name, contact)), names[0] if names else "")


def following(account: Account, kind: str, contact: Contact, tried: set[str]) -> str:
    """Return the next channel that reaches *contact* and is not among those *tried*, or ''."""
    names = order(account, kind)
    return next((one for one in names if one not in tried and reaches(one, contact)), "")


def carries(channel: Channel, kind: str) -> bool:
    """Tell whether *channel* sends messages of *kind* on its own, without staff."""
    return kind in channel.caps.kinds and not channel.caps.synchronous


def reaches(channel_id: str, contact: Contact) -> bool:
    """Tell whether *contact* has an address of the kind that the channel writes to."""
    channel = plugins.current().channel(channel_id)
    return channel is not None and (
        not channel.caps.address or bool(address_of(contact, channel.caps.address))
    )


def address_of(contact: Contact, kind: str) -> str:
    """Return the contact's stored address of *kind*: `email`, `phone`, or a channel's own word."""
    if kind == "phone":
        return contact.phone
    return contact.addresses.get(kind, "") if kind not in ("email", "") else contact.email


def _is_ready(channel: Channel) -> bool:
    """Ask the channel, which may be a stranger's: a page or a transaction waits for its answer."""

    def act() -> bool:
        try:
            return bool(channel.is_ready(Settings()))
        except plugins.TooSlowError:
            raise
        except Exception:  # a plugin's fault: without a word from it, it is not ready
            return False

    found = plugins.current()
    return found.guarded(found.plugin_of(channel.id), "is_ready", act, False)
