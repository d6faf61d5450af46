"""What a mail server usually says, and how a message that it was given reads."""

from __future__ import annotations

import email
import email.policy

from portal.testing.calls import Call

HANG, RESET, HANG_UP = "hang", "reset", "hang up"
"""Instead of a reply."""
USUAL = {
    "GREETING": "220 scripted ESMTP",
    "EHLO": "250-scripted\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN",
    "HELO": "250 scripted",
    "AUTH": "235 2.7.0 welcome",
    "MAIL": "250 2.1.0 fine",
    "RCPT": "250 2.1.5 fine",
    "DATA": "354 go on",
    "DOT": "250 2.0.0 queued as 4711",
    "RSET": "250 2.0.0 clean",
    "NOOP": "250 2.0.0 here",
    "QUIT": "221 2.0.0 bye",
}


def message(said: object) -> bytes:
    lines = []
    while (line := said.readline()) not in {b".\r\n", b""}:  # type: ignore[attr-defined]
        lines.append(line[1:] if line.startswith(b".") else line)
    return b"".join(lines)


def as_call(raw: bytes, line: tuple[str, int]) -> Call:
    """Return the message as a call: its headers, and its parts as they read when decoded."""
    found = email.message_from_bytes(raw, policy=email.policy.default)
    parts = [
        str(part.get_content()) for part in found.walk() if part.get_content_maintype() == "text"
    ]
    headers = {name.lower(): str(value) for name, value in found.items()}
    return Call("DATA", "", headers, "\n".join(parts).encode(), line)
