"""The verdict: each history a support person meets, the sentence said of it, and the one button."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from portal.models.contact_facts import DeliveryFacts, LinkFacts, Opening, SignIn, Story
from portal.verdict import Case, Deed, Verdict, reach

NOW = datetime(2026, 11, 22, 9, 5, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")  # an hour ahead: 10:05 there
PHONE, LAPTOP = "Safari on iPhone", "Chrome on Windows"
SMS = (("sms", "SMS"),)


def before(**much: float) -> datetime:
    return NOW - timedelta(**much)


def link(kind: str = "invite", **facts: Any) -> LinkFacts:
    usual: dict[str, Any] = {
        "id": uuid4(),
        "kind": kind,
        "created_at": before(minutes=3),
        "expires_at": NOW + timedelta(days=7),
        "used_at": None,
        "used_browser": "",
        "is_cut": False,
    }
    return LinkFacts(**{**usual, **facts})


def message(status: str = "sent", **facts: Any) -> DeliveryFacts:
    usual: dict[str, Any] = {
        "id": 7,
        "channel": "email",
        "kind": "invite",
        "status": status,
        "attempts": 1,
        "due_at": before(minutes=3),
        "held": False,
        "cause": "",
        "error": "",
        "reply": "",
        "finished_at": before(minutes=3),
    }
    return DeliveryFacts(**{**usual, **facts})


def story(**facts: Any) -> Story:
    """Carl, who was invited three minutes ago; the mail server has just taken it."""
    usual: dict[str, Any] = {
        "called": "Carl",
        "email": "carl@example.com",
        "status": "invited",
        "is_open": True,
        "ends_at": None,
        "last_seen_at": None,
        "link": link(),
        "delivery": message(),
        "openings": (),
        "sign_in": None,
        "is_signed_in": False,
        "paused": {},
        "task_id": None,
    }
    return Story(**{**usual, **facts})


def joined(**facts: Any) -> Story:
    usual = {"status": "joined", "last_seen_at": before(minutes=3)}
    return story(**{**usual, **facts})


def seen(state: str = "", browser: str = PHONE, *, program: bool = False, **much: float) -> Opening:
    return Opening(before(**(much or {"minutes": 2})), state, browser, program)


def ended(status: str, cause: str = "", **facts: Any) -> Story:
    known = {"delivery": message(status, cause=cause, **facts)}
    return story(**known)


USED = link(used_at=before(minutes=63), used_browser=LAPTOP, created_at=before(hours=2))
SCANNED = (seen(browser=LAPTOP, program=True),)
OVER = link(created_at=before(days=8), expires_at=before(days=1))


class Said(NamedTuple):
    """What is said of *story*, in which tone, and what the button does."""

    story: Story
    words: str
    tone: str
    deed: Deed | None = None
    ways: tuple[tuple[str, str], ...] = ()
    leads: bool = True


HISTORIES = {
    "not invited": Said(
        story(status="", is_open=False, link=None, delivery=None),
        "Carl is not invited yet.", "", Deed.INVITE,
    ),
    "nothing sent": Said(
        story(link=None, delivery=None), "Nothing was sent to Carl yet.", "note", Deed.SEND_AGAIN,
    ),
    "undo window": Said(
        ended("queued", attempts=0, due_at=NOW + timedelta(seconds=20)),
        "The invitation goes out in 20 s; until then it can be taken back.", "note", Deed.SEND_NOW,
    ),
    "scheduled": Said(
        ended("queued", attempts=0, due_at=NOW + timedelta(days=1)),
        "The invitation goes out tomorrow at 10:05.", "note", Deed.SEND_NOW,
    ),
    "about to go": Said(
        ended("queued", attempts=0, due_at=NOW), "The invitation is about to go out.", "note",
    ),
    "being sent": Said(ended("sending"), "The invitation is being sent.", "note"),
    "tried again": Said(
        ended("queued", "busy", due_at=NOW + timedelta(minutes=5)),
        "Not sent yet: the provider asks us to slow down. The next try is at 10:10.",
        "note", Deed.SEND_NOW,
    ),
    "tried again, in the server's words": Said(
        ended("queued", error="Greylisted.", due_at=NOW + timedelta(minutes=5)),
        "Not sent yet: Greylisted. The next try is at 10:10.", "note", Deed.SEND_NOW,
    ),
    "channel paused": Said(
        story(delivery=message("queued", held=True), paused={"email": "sign_in"}),
        "E-mail is paused and the message waits: its settings or its sign-in at the provider are "
        "not accepted.", "bad", Deed.CHANNEL,
    ),
    "channel paused, for support": Said(
        story(delivery=message("queued", held=True), paused={"email": "failures"}),
        "E-mail is paused and the message waits: its provider failed several times in a row. Ask "
        "the owner to mend it.", "bad", Deed.SEND_BY, SMS, leads=False,
    ),
    "no mailbox": Said(
        ended("failed", "no_mailbox"),
        "The mailbox does not exist: example.com does not know it.", "bad", Deed.EDIT,
    ),
    "no mailbox, though a task waits": Said(
        ended("bounced", "no_mailbox")._replace(task_id=4),
        "The mailbox does not exist: example.com does not know it.", "bad", Deed.EDIT,
    ),
    "no such number": Said(
        ended("failed", "no_mailbox", channel="sms"),
        "The address for SMS does not exist.", "bad", Deed.EDIT,
    ),
    "no mail there": Said(
        ended("failed", "no_domain"), "example.com takes no mail.", "bad", Deed.EDIT,
    ),
    "bad address": Said(
        ended("failed", "bad_address"),
        "The address of Carl cannot be used as it is written.", "bad", Deed.EDIT,
    ),
    "mailbox full, with a phone": Said(
        ended("failed", "mailbox_full"), "The mailbox of Carl is full.", "bad", Deed.SEND_BY, SMS,
    ),
    "mailbox full, a task waits": Said(
        ended("failed", "mailbox_full")._replace(task_id=4),
        "The mailbox of Carl is full.", "bad", Deed.HAND_OVER,
    ),
    "mailbox full, nothing else": Said(
        ended("bounced", "mailbox_full"), "The mailbox of Carl is full.", "bad", Deed.COPY_LINK,
    ),
    "mailbox off": Said(
        ended("failed", "mailbox_off"),
        "The mailbox of Carl is turned off. Ask for another address.", "bad", Deed.EDIT,
    ),
    "refuses us": Said(
        ended("failed", "sender_checks"),
        "example.com refuses us: the checks of our sender address failed (SPF, DKIM, DMARC).",
        "bad", Deed.CHANNEL,
    ),
    "refuses us, for support": Said(
        ended("failed", "sender_checks"),
        "example.com refuses us: the checks of our sender address failed (SPF, DKIM, DMARC). Ask "
        "the owner to mend it.", "bad", leads=False,
    ),
    "not signed in at the provider": Said(
        ended("failed", "sign_in", error="Authentication failed."),
        "E-mail cannot send: Authentication failed.", "bad", Deed.CHANNEL,
    ),
    "spam": Said(
        ended("failed", "spam"), "example.com took the message for spam.", "bad", Deed.COPY_LINK,
    ),
    "opted out": Said(
        ended("failed", "opted_out", channel="sms"),
        "Carl wants no messages by SMS.", "bad", Deed.COPY_LINK,
    ),
    "failed": Said(
        ended("failed", "refused", error="Policy."),
        "The invitation could not be sent: Policy.", "bad", Deed.RETRY,
    ),
    "failed, and the link is over": Said(
        story(link=OVER, delivery=message("bounced", error="Policy.")),
        "The invitation came back: Policy.", "bad", Deed.SEND_AGAIN,
    ),
    "a task waits": Said(
        ended("failed", "refused", error="Policy.")._replace(task_id=4),
        "The invitation could not be sent: Policy.", "bad", Deed.HAND_OVER,
    ),
    "complained": Said(
        ended("complained"),
        "Carl marked the message as spam. Talk to them before you send another.",
        "bad", Deed.COPY_LINK,
    ),
    "given up": Said(
        ended("expired", "unreachable"),
        "The invitation was given up: nobody answers there.", "bad", Deed.SEND_AGAIN,
    ),
    "unknown": Said(
        ended("unknown")._replace(task_id=4),
        "Nobody can tell whether the invitation went out. Ask Carl first.", "bad", Deed.HAND_OVER,
    ),
    "taken back": Said(
        ended("cancelled", error="Ada took it back."),
        "The invitation was not sent: Ada took it back.", "note", Deed.SEND_AGAIN,
    ),
    "accepted": Said(story(), "Accepted by example.com 3 min ago, not opened yet.", "note"),
    "accepted, with a phone": Said(
        story(), "Accepted by example.com 3 min ago, not opened yet.", "note", Deed.SEND_BY, SMS,
    ),
    "accepted long ago": Said(
        ended("sent", finished_at=before(hours=2)),
        "Accepted by example.com 2 h ago, not opened. Ask them to look in the spam folder.",
        "note", Deed.SEND_AGAIN,
    ),
    "arrived as a text": Said(
        ended("delivered", channel="sms"), "Delivered to SMS 3 min ago, not opened yet.", "note",
    ),
    "expired unopened": Said(
        story(link=OVER), "The link expired yesterday at 10:05, unopened.", "note", Deed.SEND_AGAIN,
    ),
    "expired, and only a scanner came": Said(
        story(link=OVER, openings=SCANNED),
        "The link expired yesterday at 10:05, unopened.", "note", Deed.SEND_AGAIN,
    ),
    "came too late": Said(
        story(link=OVER, openings=(seen("expired"),)),
        "Carl came at 10:03, when the link had expired.", "bad", Deed.SEND_AGAIN,
    ),
    "a scanner": Said(
        story(openings=SCANNED), "A mail scanner opened the link; Carl has not.", "note",
    ),
    "opened, not pressed": Said(
        story(openings=(*SCANNED, seen())),
        "Carl opened the link 2 min ago in Safari on iPhone; “Sign in” is not pressed yet.", "note",
    ),
    "opened, not pressed in time": Said(
        story(link=OVER, openings=(seen(days=2),)),
        "Carl opened the link in Safari on iPhone, and it expired before “Sign in” was pressed.",
        "note", Deed.SEND_AGAIN,
    ),
    "no cookies": Said(
        story(openings=(seen("no_cookies"),)),
        "Safari on iPhone kept no cookie at 10:03, so the link could not open. It still works: let "
        "them allow cookies, or use another browser.", "bad",
    ),
    "in": Said(
        joined(link=USED, sign_in=SignIn(before(minutes=3), PHONE), is_signed_in=True),
        "Carl is in, since 10:02, on an iPhone.", "good",
    ),
    "in since long ago": Said(
        joined(link=USED, sign_in=SignIn(before(days=10), PHONE), is_signed_in=True),
        "Carl is in, since 12 Nov at 10:05, on an iPhone.", "good",
    ),
    "in, and asks from elsewhere": Said(
        joined(link=link("self"), sign_in=SignIn(before(days=1), PHONE), is_signed_in=True),
        "Accepted by example.com 3 min ago, not opened yet.", "note",
    ),
    "somebody else used it": Said(
        joined(link=USED, sign_in=SignIn(before(minutes=63), LAPTOP), is_signed_in=True,
               openings=(seen("used"),)),
        "The link was used at 09:02 in Chrome on Windows; somebody came with it again at 10:03 in "
        "Safari on iPhone.", "bad", Deed.SEND_AGAIN,
    ),
    "back to the old message, still in": Said(
        joined(link=USED, sign_in=SignIn(before(minutes=63), LAPTOP), is_signed_in=True,
               openings=(seen("used", LAPTOP),)),
        "Carl is in, since 09:02, on a Windows computer.", "good",
    ),
    "signed out": Said(
        joined(link=USED, sign_in=SignIn(before(minutes=63), LAPTOP)),
        "Carl has joined, and was last seen 3 min ago. They are signed out now.",
        "", Deed.SEND_AGAIN,
    ),
    "dormant": Said(
        joined(link=OVER._replace(expires_at=before(days=120)), last_seen_at=before(days=120),
               sign_in=SignIn(before(days=121), PHONE)),
        "Carl has joined, and was last seen 120 days ago. Nobody is signed in.",
        "note", Deed.SEND_AGAIN,
    ),
    "suspended": Said(
        story(status="suspended", is_open=False),
        "The access of Carl is suspended: nothing lets them in.", "bad", Deed.RESTORE,
    ),
    "revoked": Said(
        joined(status="revoked", is_open=False, is_signed_in=False),
        "The access of Carl is revoked: nothing lets them in.", "bad", Deed.RESTORE,
    ),
    "ended": Said(
        joined(is_open=False, ends_at=before(days=1)),
        "The access of Carl ended yesterday at 10:05.", "bad", Deed.EXTEND,
    ),
    "corrected address": Said(
        story(link=link(is_cut=True), delivery=message("failed", cause="no_mailbox")),
        "What was sent before opens nothing any more: the address or the access has changed.",
        "note", Deed.SEND_AGAIN,
    ),
    "copied": Said(
        story(link=link("magic"), delivery=None),
        "A link was copied for Carl 3 min ago, and is not opened yet.", "note",
    ),
    "copied, and over": Said(
        story(link=OVER._replace(kind="magic"), delivery=None),
        "The copied link expired yesterday at 10:05, unopened.", "note", Deed.COPY_LINK,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HISTORIES)
def test_each_history_has_its_verdict(name: str) -> None:
    said = HISTORIES[name]
    found = on(said)
    assert found.words == said.words
    assert found.tone == said.tone
    assert (found.action.deed if found.action else None) == said.deed


def on(said: Said) -> Verdict:
    names = {"email": "E-mail", "sms": "SMS"}
    return reach(Case(said.story, NOW, BERLIN, said.ways, names, leads=said.leads))


def test_only_what_changes_by_itself_is_waited_for() -> None:
    waiting = {name for name, said in HISTORIES.items() if on(said).is_waiting}
    assert {"accepted", "a scanner", "opened, not pressed", "undo window"} <= waiting
    assert not waiting & {
        "in",
        "no mailbox",
        "accepted long ago",
        "scheduled",
        "revoked",
        "dormant",
    }
