"""An IMAP server over a real socket that says and does what a test tells it to."""

from __future__ import annotations

import base64
import socket
from collections.abc import Mapping

from portal.testing.loopback import LoopbackServer

SILENCE, DRIP, HANG_UP = "silence", "drip", "hang up"  # instead of a reply

NOT_A_MESSAGE = b"From: carl@client.example\r\nSubject: Hello\r\n\r\nHow are you?\r\n"


class ScriptedImap(LoopbackServer):
    """Listens on loopback, inside `with`, for the user `back` with the password `s3cret`.

    *replies* are by verb, `GREETING` included, and stand for the tagged line's words. `box` is
    by uid, `read` holds the uids that were marked as read, `talks` the commands of each
    connection. *features* is what CAPABILITY tells.
    """

    def __init__(
        self,
        replies: Mapping[str, str] | None = None,
        *,
        features: str = "IMAP4rev1 AUTH=PLAIN",
        pace: float = 0.02,
        validity: int = 7,
    ) -> None:
        super().__init__()
        self.replies = dict(replies or {})
        self.features, self.pace, self.validity = features, pace, validity
        self.box: dict[int, bytes] = {}
        self.read: set[int] = set()
        self.talks: list[list[str]] = []

    def url(self, password: str = "s3cret") -> str:
        return f"imap://back:{password}@127.0.0.1:{self.port}/Bounces"

    def _talk(self, line: socket.socket, _address: tuple[str, int]) -> None:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        commands: list[str] = []
        self.talks.append(commands)
        with line.makefile("rb") as file:
            if not self._say(line, "", "GREETING", "* OK ready"):
                return
            while command := file.readline().decode().rstrip():
                tag, _, words = command.partition(" ")
                commands.append(words)
                verb = words.removeprefix("UID ").split(" ")[0]
                if verb == "AUTHENTICATE" and verb not in self.replies:
                    line.sendall(b"+ \r\n")
                    secret = base64.b64decode(file.readline())
                    good = secret == b"\0back\0s3cret"
                    done = "OK in" if good else "NO [AUTHENTICATIONFAILED] wrong s3cret"
                else:
                    line.sendall(self._before(verb, words))
                    done = "OK done"
                if not self._say(line, f"{tag} ", verb, done) or verb == "LOGOUT":
                    return

    def _before(self, verb: str, words: str) -> bytes:
        if verb in self.replies:
            return b""
        if verb == "CAPABILITY":
            return f"* CAPABILITY {self.features}\r\n".encode()
        if verb == "SELECT":
            return f"* OK [UIDVALIDITY {self.validity}] valid\r\n".encode()
        if verb == "SEARCH":
            unread = " ".join(str(uid) for uid in self.box if uid not in self.read)
            return f"* SEARCH {unread}\r\n".encode()
        if verb == "FETCH":
            uid = int(words.split()[2])
            some = self.box[uid]
            return b"* 1 FETCH (UID %d BODY[]<0> {%d}\r\n%b)\r\n" % (uid, len(some), some)
        if verb == "STORE":
            self.read.update(map(int, words.split()[2].split(",")))
        return b""

    def _say(self, line: socket.socket, tag: str, verb: str, usual: str) -> bool:
        """Answer *verb* as scripted. Returns False when the line is gone."""
        reply = self.replies.get(verb, usual)
        if reply == SILENCE:
            self._is_over.wait()
        elif reply == DRIP:
            while not self._is_over.wait(self.pace):
                line.sendall(b"*")
        elif reply != HANG_UP:
            line.sendall(f"{tag}{reply}\r\n".encode())
            return True
        return False
