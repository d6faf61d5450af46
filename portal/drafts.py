"""Drafts: words of a message as somebody would get them, with a client who is made up."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

from portal.channel import Kind, Message
from portal.db import now
from portal.messages import Words, render
from portal.models.account import Account
from portal.wording import SHORT, OwnWords

CLIENT = "Carl Carter"
NOTE = "The papers for this year are ready.\nPlease look at page two first."
CODE = "4821 9035"


def drafted(
    account: Account, kind: str, form: str, language: str, words: OwnWords | None, *, staff: str
) -> Message:
    """Return the message with *words*, or with Portico's own. Its link leads to the portal's
    door: nobody is signed in by a draft."""
    front = account.front()
    return render(
        Words(
            kind=cast(Kind, kind),
            account_name=account.name,
            accent=account.accent,
            portal_url=front.door,
            portal_host=front.host,
            link=front.door,
            code=CODE if kind == "self" else "",
            contact_name=CLIENT,
            sent_by="" if kind == "self" else staff,
            note=NOTE if kind == "invite" else "",
            expires_at=now() + account.life_of(kind) + timedelta(seconds=1),
            time_zone=account.time_zone,
            locale=language,
            support=account.brand.get("support", ""),
            footer=account.brand.get("footer", ""),
            own=None if form == SHORT else words,
            own_short=words if form == SHORT else None,
        )
    )
