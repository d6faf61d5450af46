"""Change words: what the account's messages say, version by version."""

from __future__ import annotations

from datetime import timedelta

from portal import plugins, routing
from portal.channel import Channel
from portal.db import atomic
from portal.errors import PortalError
from portal.languages import _
from portal.models import account_choices
from portal.models.account import Account
from portal.models.address import masked_any
from portal.models.channel_trial import ChannelTrial
from portal.models.event import Event
from portal.models.message_words import MessageWords
from portal.models.rate_count import RateCount
from portal.models.staff import Staff
from portal.wording import EMAIL, OwnWords

TESTS, TESTS_WITHIN = 10, timedelta(minutes=10)


@atomic
def change_words(
    account: Account,
    kind: str,
    form: str,
    language: str,
    words: OwnWords | None,
    *,
    by: Staff,
    request_id: str = "",
) -> None:
    """Let messages made from now on say *words*; with None, Portico's own.

    What is queued already keeps the words that it was queued with.
    """
    held = account_choices.locked(account.id)
    MessageWords.write(held, kind, form, language, words, by.id)
    Event.record(
        "words_changed",
        account_id=account.id,
        by=by,
        request_id=request_id,
        detail={"kind": kind, "form": form, "language": language, "restored": words is None},
    )


def channel_for(account: Account, kind: str, form: str) -> Channel | None:
    """Return the first channel that carries messages of *kind* in this form."""
    wanted = "email" if form == EMAIL else "phone"
    for name in routing.order(account, kind):
        channel = plugins.current().channel(name)
        if channel is not None and channel.caps.address == wanted:
            return channel
    return None


@atomic
def send_test(
    account: Account,
    channel: Channel,
    draft: dict[str, str],
    *,
    by: Staff,
    to: str,
    request_id: str = "",
) -> None:
    """Have a worker send *draft* to *to*. Raises PortalError when that was done too often."""
    if not RateCount.allows(f"words test {account.id}", TESTS, TESTS_WITHIN):
        raise PortalError(
            _("That was tried ten times in ten minutes. Wait a little, then try again.")
        )
    ChannelTrial.ask(account.id, channel.id, "test", by=by.id, to=to, draft=draft)
    detail = {"channel": channel.id, "to": masked_any(to)}
    Event.record(
        "channel_tested", account_id=account.id, by=by, request_id=request_id, detail=detail
    )
