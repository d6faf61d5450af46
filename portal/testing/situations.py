"""What the scripted servers say in each situation, and the message that they are sent."""

from __future__ import annotations

from collections.abc import Mapping

from portal.testing.answers import Answer, Garbage, Hang, Moved, Reset, Scripted
from portal.testing.mail import HANG, RESET

LINK = "https://portal.acme.example/l/Zq8-abcDEF_hijkLmnopQ42x"
TOKEN = LINK.rpartition("/")[2]
CODE = "4821 9035"
RETRY_AFTER = 17.0

HTTP: Mapping[str, Scripted] = {
    "accepted": Answer(200, {"id": "m-1"}),
    "unauthorised": Answer(401, "who are you?", echo=True),
    "too_many": Answer(429, "slow down", {"Retry-After": f"{RETRY_AFTER:.0f}"}),
    "refused": Answer(422, "no such person", echo=True),
    "broken": Answer(500, "out of order", echo=True),
    "hang": Hang(),
    "reset": Reset(),
    "garbage": Garbage(),
    "moved": Moved(),
}
ODD_BODIES = ("", "null", "[]", '{"id": null}', '{"id": {}}', '"text"', "[" * 5000, "<p>It is")
ODD_WAITS = ("", "²", "-5", "1e400", "nan", "soon", "Wed, 99 Foo 2026 00:00:00 GMT")
SMTP: Mapping[str, Mapping[str, str]] = {
    "accepted": {},
    "unauthorised": {"AUTH": "535 5.7.8 who are you?"},
    "too_many": {"MAIL": "451 4.7.1 slow down"},
    "refused": {"RCPT": f"550 5.1.1 no such person, see {LINK}"},
    "broken": {"DATA": "451 4.3.0 out of order"},
    "hang": {"DOT": HANG},
    "reset": {"DOT": RESET},
    "garbage": {"GREETING": "\udcff\udcfe not what you asked for"},
}
