"""The Apprise channel: messages to messengers, through the library of that name."""

from __future__ import annotations

import logging
from importlib.util import find_spec

from portal.channel import Channel, Operator
from portal.hookspecs import hookimpl
from portal_apprise.channel import Messenger

log = logging.getLogger(__name__)


@hookimpl
def portal_channels(operator: Operator) -> list[Channel]:
    """Bring the channel, unless its library is not there: it comes with an extra of its own."""
    if find_spec("apprise") is None:
        log.info(
            "The Apprise channel is off, because its library is not installed. "
            "To have it: pip install 'portico-portal[apprise]'."
        )
        return []
    return [Messenger(may_stay_inside="*" in operator.private_hosts)]
