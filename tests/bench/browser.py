"""A browser that costs little: one open connection, cookies, forms, and no redirects followed."""

from __future__ import annotations

import re
import socket
from typing import NamedTuple
from urllib.parse import urlencode

AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/150.0.0.0 Safari/537.36"
)
FORM = "application/x-www-form-urlencoded"
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
HIDDEN_BY_ID = re.compile(r'<input id="\w+" name="(\w+)" type="hidden" value="([^"]*)">')


class Answer(NamedTuple):
    status: int
    head: str
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def location(self) -> str:
        found = re.search(r"^location: (\S+)", self.head, re.IGNORECASE | re.MULTILINE)
        return found[1] if found else ""

    @property
    def hidden(self) -> dict[str, str]:
        """The hidden fields of the page's last form."""
        return dict(HIDDEN.findall(self.text) + HIDDEN_BY_ID.findall(self.text))


class Browser:
    """Cookies are kept until `forget`; `fields` are the hidden ones of a form to be sent."""

    def __init__(self, port: int) -> None:
        self.cookies: dict[str, str] = {}
        self.fields: dict[str, str] = {}
        self._port = port
        self._line = self._connect()

    def opens(self, path: str, expect: int = 200) -> Answer:
        return self._asks(f"GET {path} HTTP/1.1\r\n", b"", "", expect)

    def posts(self, path: str, fields: dict[str, str], expect: int = 303) -> Answer:
        return self.sends(path, urlencode(fields).encode(), FORM, expect)

    def sends(self, path: str, body: bytes, kind: str, expect: int = 303) -> Answer:
        """Send a body of the content type *kind*, as a form with a file has."""
        return self._asks(f"POST {path} HTTP/1.1\r\n", body, kind, expect)

    def forget(self) -> None:
        self.cookies.clear()

    def reconnect(self) -> None:
        """Open the line anew: servers hang up on one that says nothing for a while."""
        self._line.close()
        self._line = self._connect()

    def _asks(self, line: str, body: bytes, kind: str, expect: int) -> Answer:
        head = f"{line}Host: 127.0.0.1:{self._port}\r\nUser-Agent: {AGENT}\r\n"
        head += "Accept: text/html\r\nAccept-Language: en\r\nAccept-Encoding: gzip\r\n"
        if self.cookies:
            head += "Cookie: " + "; ".join(f"{k}={v}" for k, v in self.cookies.items()) + "\r\n"
        if body:
            head += f"Origin: http://127.0.0.1:{self._port}\r\nSec-Fetch-Site: same-origin\r\n"
            head += f"Content-Type: {kind}\r\n"
            head += f"Content-Length: {len(body)}\r\n"
        self._line.sendall(f"{head}\r\n".encode() + body)
        answer = self._read()
        if answer.status != expect:
            raise AssertionError(f"{line.strip()}: {answer.status}, not {expect}: {answer.text}")
        self._keep_cookies(answer.head)
        return answer

    def _read(self) -> Answer:
        heard = b""
        while b"\r\n\r\n" not in heard:
            heard += self._more()
        raw, _, body = heard.partition(b"\r\n\r\n")
        head = raw.decode("latin-1")
        length = re.search(r"^content-length: (\d+)", head, re.IGNORECASE | re.MULTILINE)
        assert length, head
        while len(body) < int(length[1]):
            body += self._more()
        return Answer(int(head.split(" ", 2)[1]), head, body)

    def _more(self) -> bytes:
        some = self._line.recv(65536)
        if not some:
            raise ConnectionError("the server hung up")
        return some

    def _keep_cookies(self, head: str) -> None:
        for name, value, rest in re.findall(
            r"^set-cookie: ([^=]+)=([^;\r]*)(.*)", head, re.IGNORECASE | re.MULTILINE
        ):
            if re.search(r"max-age=0\b", rest, re.IGNORECASE):
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value

    def _connect(self) -> socket.socket:
        line = socket.create_connection(("127.0.0.1", self._port), timeout=30)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return line
