"""A private Kannel: the SMS gateway from Debian with its fake SMSC, for the tests."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import urllib.request
from pathlib import Path
from urllib.parse import unquote_to_bytes

from tests.servers import Server, free_port

FOLDERS = "/usr/sbin:/usr/lib/kannel/test:/usr/local/sbin"
USER, PASSWORD = "portico", "s3cret&pass"
UNROUTABLE = "+447400999999"
"""A number that the fake SMSC does not take."""
CONFIGURATION = """
group = core
admin-port = {admin}
admin-password = portico
admin-interface = 127.0.0.1
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
dlr-storage = internal

group = smsc
smsc = fake
smsc-id = fake
host = 127.0.0.1
port = {smsc}
connect-allow-ip = 127.0.0.1
denied-prefix = "{unroutable}"

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {boxes}
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1

group = sendsms-user
username = {user}
password = "{password}"
max-messages = 10
concatenation = true

group = sms-service
keyword = default
max-messages = 0
text = ""
"""


class Kannel:
    """Its three programs, each a server of its own. `sendsms` is where messages are handed in."""

    def __init__(self, bearerbox: Program, fakesmsc: Program, smsbox: Program) -> None:
        self.parts = (smsbox, fakesmsc, bearerbox)  # in the order in which they end
        self.fakesmsc = fakesmsc
        self.sendsms = f"http://127.0.0.1:{smsbox.port}/cgi-bin/sendsms"

    @classmethod
    def launch(cls, shared: Path, name: str) -> Kannel:
        names = ("admin", "boxes", "smsc", "sendsms")
        ports = {each: free_port() for each in names}
        words = {"user": USER, "password": PASSWORD, "unroutable": UNROUTABLE}
        configuration = shared / f"{name}.conf"
        configuration.write_text(CONFIGURATION.format(**words, **ports))
        box = ["-v", "1", str(configuration)]
        smsc = ["-H", "127.0.0.1", "-r", str(ports["smsc"]), "-m", "0", "1 2 text none"]
        bearerbox = Program.start_up(shared, f"{name}-bearerbox", ports["admin"], *box)
        fakesmsc = Program.start_up(shared, f"{name}-fakesmsc", ports["admin"], *smsc)
        smsbox = Program.start_up(shared, f"{name}-smsbox", ports["sendsms"], *box)
        return cls(bearerbox, fakesmsc, smsbox)

    def texts_to(self, number: str) -> list[str]:
        """Return what the phone with *number* got, the parts of a long message put together."""
        log = (self.fakesmsc.home / "log").read_text()
        got = re.findall(rf"Got message \d+: <\S+ {re.escape(number)} (.*)>", log)
        long: dict[bytes, bytes] = {}
        texts = []
        for kind, _, words in (one.partition(" ") for one in got):
            if kind == "udh":  # 05 00 03, a reference, how many, which one: TS 23.040, 9.2.3.24.1
                header, _, data = words.split(" ")
                reference = unquote_to_bytes(header)[3:4]
                long[reference] = long.get(reference, b"") + _bytes(data)
            else:
                texts.append(words if kind == "text" else _bytes(words).decode("utf-16-be"))
        return texts + [_decoded(one) for one in long.values()]

    def end(self) -> None:
        for part in self.parts:
            part.end()


class Program(Server):
    """One of Kannel's programs; *port* is the one that answers when it is ready."""

    @classmethod
    def start_up(cls, shared: Path, name: str, port: int, *words: str) -> Program:
        program = kannel_program(name.rpartition("-")[2])
        if program is None:
            raise LookupError("Kannel is not installed")
        server = cls(shared, name, port)
        server.home.mkdir(mode=0o700)
        server._launch([program, *words], {}, signal.SIGTERM)
        return server

    def _answers(self) -> bool:
        """The fake SMSC listens to nobody: bearerbox tells whether it is there."""
        if self.name.endswith("-smsbox"):
            return self._listens()
        try:
            url = f"http://127.0.0.1:{self.port}/status.txt?password=portico"
            with urllib.request.urlopen(url, timeout=5) as answer:
                status = answer.read().decode()
        except OSError:
            return False
        return "(online" in status or not self.name.endswith("-fakesmsc")

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
        except OSError:
            return False
        return True


def kannel_program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path=FOLDERS)


def _bytes(words: str) -> bytes:
    return unquote_to_bytes(words.replace("+", " "))


def _decoded(text: bytes) -> str:
    """Read UCS-2 where there is a zero byte, as every link in UCS-2 has; else UTF-8."""
    return text.decode("utf-16-be" if b"\0" in text else "utf-8")
