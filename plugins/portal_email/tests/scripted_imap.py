"""An IMAP server over a real socket that says and does what a test tells it to."""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
from collections.abc import Mapping

SILENCE, DRIP, HANG_UP = "silence", "drip", "hang up"  # instead of a reply

NOT_A_MESSAGE = b"From: carl@client.example\r\nSubject: Hello\r\n\r\nHow are you?\r\n"


class ScriptedImap:
    """Listens on loopback until `stop`, for the user `back` with the password `s3cret`.

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
        self.replies = dict(replies or {})
        self.features, self.pace, self.validity = features, pace, validity
        self.box: dict[int, bytes] = {}
        self.read: set[int] = set()
        self.talks: list[list[str]] = []
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._lines: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._start(self._accept)

    def url(self, password: str = "s3cret") -> str:
        return f"imap://back:{password}@127.0.0.1:{self.port}/Bounces"

    def stop(self) -> None:
        self._stopped.set()
        for each in (self._listener, *self._lines):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                line, _ = self._listener.accept()
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._lines.append(line)
                self._start(self._serve, line)

    def _serve(self, line: socket.socket) -> None:
        commands: list[str] = []
        self.talks.append(commands)
        with contextlib.suppress(OSError), line, line.makefile("rb") as file:
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
            self._stopped.wait()
        elif reply == DRIP:
            while not self._stopped.wait(self.pace):
                line.sendall(b"*")
        elif reply != HANG_UP:
            line.sendall(f"{tag}{reply}\r\n".encode())
            return True
        return False
