"""What SpamAssassin thinks of the built-in messages: nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.messages.letters import letters
from tests.postman import Postman
from tests.spamassassin import Verdict

MOST = 0.5
"""Of the 5 points that make a message spam: the rest is for what the receiver's network adds."""

SPAM = b"""From: "CONGRATULATIONS!!!" <winner@lottery.example>
To: carl@carter.example
Subject: YOU HAVE WON $$$ 1,000,000 DOLLARS!!!
Date: Sun, 22 Nov 2026 13:22:05 +0000
Message-ID: <1@lottery.example>
MIME-Version: 1.0
Content-Type: text/html

<html><body><font size=7 color=red>DEAR FRIEND, CLICK HERE to claim the sum of ONE MILLION US
DOLLARS from the late Mr. Abacha of Nigeria. Viagra 100% free!
</font></body></html>
""".replace(b"\n", b"\r\n")


def test_no_built_in_message_looks_like_spam(
    postman: Postman,
    judge: Callable[[Sequence[bytes]], list[Verdict]],
) -> None:
    sent = letters(postman)
    *verdicts, control = judge([*(letter.raw for letter in sent.values()), SPAM])
    told = dict(zip(sent, verdicts, strict=True))
    print("\n".join(f"{found.score:5.1f} {name}: {found.rules}" for name, found in told.items()))  # noqa: T201
    assert control.score > 5, "SpamAssassin has looked at nothing"
    assert {name: found for name, found in told.items() if found.score >= MOST} == {}
