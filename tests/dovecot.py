"""A private Dovecot: the IMAP server from Debian, for the tests that fetch mail."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from urllib.parse import quote

from tests.certificates import self_signed
from tests.servers import Server, free_port, unprivileged

FOLDERS = "/usr/sbin:/usr/bin:/usr/local/sbin"
PASSWORD = "s3cret&pass"
"""Everybody's; each name is a mailbox of its own."""
CONFIGURATION = """
base_dir = {home}/run
state_dir = {home}/state
log_path = /dev/stderr
protocols = imap
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
ssl = yes
ssl_cert = <{home}/localhost.pem
ssl_key = <{home}/localhost.key
mail_location = maildir:{home}/mail/%u
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/mail/%u
}}
auth_failure_delay = 0
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
"""


class Dovecot(Server):
    """An IMAP server with a certificate of its own for `localhost`. `port` also does STARTTLS."""

    imaps = 0

    @classmethod
    def launch(cls, shared: Path, name: str) -> Dovecot:
        program = dovecot_program()
        if program is None:
            raise LookupError("Dovecot is not installed")
        server = cls(shared, name, free_port())
        server.imaps = free_port()
        server.home.mkdir(mode=0o700)
        self_signed(server.home)
        server._write_configuration()
        identity = unprivileged()
        if identity:
            for path in (server.home, *server.home.iterdir()):
                shutil.chown(path, identity["user"], identity["group"])
        command = [program, "-F", "-c", str(server.home / "dovecot.conf")]
        server._launch(command, identity, signal.SIGTERM)
        return server

    @property
    def certificate(self) -> Path:
        return self.home / "localhost.pem"

    def url(self, user: str, folder: str = "") -> str:
        return f"imaps://{user}:{quote(PASSWORD, safe='')}@localhost:{self.imaps}/{folder}"

    def deliver(self, user: str, message: bytes, *, name: str) -> None:
        """Put *message* into the inbox of *user*, as a mail server on this machine does."""
        box = self.home / "mail" / user
        for folder in (box.parent, box, *(box / part for part in ("tmp", "new", "cur"))):
            self._make_folder(folder)
        draft = box / "tmp" / name
        draft.write_bytes(message)
        draft.chmod(0o644)
        draft.rename(box / "new" / name)

    def read_of(self, user: str) -> list[str]:
        """Return the names of the messages of *user* that are marked as read."""
        found = (self.home / "mail" / user / "cur").glob("*:2,*S*")
        return sorted(path.name.partition(":")[0].partition(",")[0] for path in found)

    def _make_folder(self, folder: Path) -> None:
        if not folder.exists():
            folder.mkdir(mode=0o700)
            if identity := unprivileged():
                shutil.chown(folder, identity["user"], identity["group"])

    def _write_configuration(self) -> None:
        found = unprivileged() or {"user": os.getuid(), "group": os.getgid()}
        settings = CONFIGURATION.format(
            home=self.home,
            user=pwd.getpwuid(found["user"]).pw_name,
            group=grp.getgrgid(found["group"]).gr_name,
            uid=found["user"],
            gid=found["group"],
            password=PASSWORD,
            imap=self.port,
            imaps=self.imaps,
        )
        (self.home / "dovecot.conf").write_text(settings)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)) as s:
            s.settimeout(5)
            return s.recv(100).startswith(b"* OK")
        return False


def dovecot_program() -> str | None:
    return shutil.which("dovecot", path=FOLDERS)


def is_dovecot_known(program: str) -> bool:
    """Tell whether it is of the series whose settings are those above: 2.4 has others."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    return said.startswith("2.3.")
