"""The little of IMAP that fetching bounces takes, RFC 9051."""

from __future__ import annotations

import base64
import re
import ssl

from portal.channel import AuthenticationError, ChannelError, TemporaryError
from portal_email.imap_wire import TOO_MUCH, ImapWire, Line, text_of
from portal_email.mailbox import Mailbox

MOST_LINES = 10_000  # before an answer is complete

UID_VALIDITY = re.compile(rb"\[UIDVALIDITY (\d{1,10})\]", re.IGNORECASE)


class Imap:
    """One conversation with an IMAP server, which must end by *deadline* (`time.monotonic`).

    Each verb raises a ChannelError that says what is wrong. After one, only `close` is left.
    """

    def __init__(self, mailbox: Mailbox, tls: ssl.SSLContext, deadline: float) -> None:
        self._mailbox = mailbox
        self._wire = ImapWire(mailbox, tls, deadline)
        self._count = 0

    @property
    def deadline(self) -> float:
        return self._wire.deadline

    @deadline.setter
    def deadline(self, value: float) -> None:
        self._wire.deadline = value

    def sign_in(self) -> None:
        """Greet, encrypt, and say who we are."""
        greeting = self._wire.line().words
        if not greeting.upper().startswith(b"* OK"):
            raise self._refused("does not want to talk to us", greeting)
        if self._mailbox.tls == "starttls":
            self._begin_tls()
        offers = self._offers()
        if b"AUTH=PLAIN" in offers:
            self._authenticate()
        elif b"LOGINDISABLED" in offers:
            reason = "The bounce mailbox does not offer a sign-in with a password."
            raise AuthenticationError(reason, cause="sign_in")
        else:
            user, password = _quoted(self._mailbox.user), _quoted(self._mailbox.password)
            self._signed_in(self._ask(b"LOGIN " + user + b" " + password)[0])

    def select(self) -> int:
        """Open the folder and return its UIDVALIDITY: while it stays, uids keep their meaning."""
        done, lines = self._ask(b"SELECT " + _quoted(self._mailbox.folder))
        if not done.upper().startswith(b"OK"):
            reason = f"The bounce mailbox has no folder {self._mailbox.folder}."
            raise AuthenticationError(reason, reply=text_of(done), cause="not_allowed")
        found = [UID_VALIDITY.search(line.words) for line in lines]
        return next((int(each[1]) for each in found if each), 0)

    def noop(self) -> None:
        self._must(b"NOOP")

    def unseen(self) -> list[int]:
        """Return the uids of the unread messages, oldest first."""
        found = []
        for line in self._must(b"UID SEARCH UNSEEN UNDELETED"):
            if line.words.upper().startswith(b"* SEARCH"):
                found += [int(word) for word in line.words.split()[2:] if word.isdigit()]
        return sorted(found)

    def fetch(self, uid: int, most: int) -> bytes:
        """Return the first *most* octets of a message, which stays unread."""
        for line in self._must(b"UID FETCH %d (BODY.PEEK[]<0.%d>)" % (uid, most)):
            if b"FETCH" in line.words.upper() and line.literals:
                return line.literals[0]
        return b""  # another program removed it meanwhile

    def mark_read(self, uids: list[int]) -> None:
        numbers = ",".join(map(str, uids)).encode()
        self._must(b"UID STORE " + numbers + rb" +FLAGS.SILENT (\Seen)")

    def log_out(self) -> None:
        self._must(b"LOGOUT")

    def close(self) -> None:
        self._wire.close()

    def _begin_tls(self) -> None:
        done, _ = self._ask(b"STARTTLS")
        if not done.upper().startswith(b"OK"):
            reason = "The bounce mailbox does not offer encryption (STARTTLS)."
            raise TemporaryError(reason, reply=text_of(done), cause="unreachable")
        self._wire.encrypt()

    def _offers(self) -> set[bytes]:
        words: set[bytes] = set()
        for line in self._must(b"CAPABILITY"):
            words.update(line.words.upper().split())
        return words

    def _authenticate(self) -> None:
        """RFC 4616; unlike LOGIN it takes any letter."""
        tag = self._say(b"AUTHENTICATE PLAIN")
        if not (go_on := self._wire.line().words).startswith(b"+"):
            raise self._refused("did not let us sign in", go_on)
        secret = f"\0{self._mailbox.user}\0{self._mailbox.password}".encode()
        self._wire.send(base64.b64encode(secret) + b"\r\n")
        self._signed_in(self._answer(tag)[0])

    def _signed_in(self, done: bytes) -> None:
        if done.upper().startswith(b"OK"):
            return
        reply = self._without_password(done)
        if b"[UNAVAILABLE]" in done.upper():  # RFC 5530
            reason = "The bounce mailbox cannot check our sign-in at the moment."
            raise TemporaryError(reason, reply=reply, cause="sign_in")
        reason = "The bounce mailbox does not accept its user name and password."
        raise AuthenticationError(reason, reply=reply, cause="sign_in")

    def _must(self, command: bytes) -> list[Line]:
        done, lines = self._ask(command)
        if not done.upper().startswith(b"OK"):
            verb = command.removeprefix(b"UID ").split(b" ")[0].decode()
            raise self._refused(f"refused {verb}", done)
        return lines

    def _ask(self, command: bytes) -> tuple[bytes, list[Line]]:
        return self._answer(self._say(command))

    def _say(self, command: bytes) -> bytes:
        self._count += 1
        tag = b"p%d" % self._count
        self._wire.send(tag + b" " + command + b"\r\n")
        return tag

    def _answer(self, tag: bytes) -> tuple[bytes, list[Line]]:
        """Return the words behind *tag* and the lines before it."""
        lines: list[Line] = []
        while len(lines) < MOST_LINES:
            line = self._wire.line()
            if line.words.startswith(tag + b" "):
                return line.words[len(tag) + 1 :], lines
            lines.append(line)
        raise TemporaryError(TOO_MUCH, cause="unreachable")

    def _refused(self, what: str, words: bytes) -> ChannelError:
        reason = f"The bounce mailbox {what}."
        return TemporaryError(reason, reply=self._without_password(words), cause="unreachable")

    def _without_password(self, words: bytes) -> str:
        said, password = text_of(words), self._mailbox.password
        return said.replace(password, "…") if password else said


def _quoted(text: str) -> bytes:
    """Return *text* as a quoted string, RFC 9051 section 4.3."""
    if not text.isascii() or not text.isprintable():
        reason = "The bounce mailbox's user name, password and folder must be in ASCII."
        raise AuthenticationError(reason, cause="sign_in")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'.encode()
