"""Where a message to a messenger may go: out into the public internet, and nowhere else."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from importlib import import_module
from typing import Any

from portal.channel import is_public

NAMES_AT_HOME = ("localhost", "local", "internal", "lan", "intranet", "home.arpa", "localdomain")


@dataclass
class Line:
    """What is known of the connections of one call, and what they are allowed."""

    may_stay_inside: bool = False
    tried: int = 0
    connected: int = 0
    refused: bool = False

    def place(self, host: str, port: int) -> tuple[str, int]:
        """Return the address to connect to. Raises OSError when it is no public one.

        All that the name stands for must be public, and it is looked up once: a name that
        changes its mind between the look and the connection gains nothing.
        """
        self.tried += 1
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        addresses = [str(address[0]) for *_, address in found]
        if not self.may_stay_inside and not all(is_public(one) for one in addresses):
            self.refused = True
            raise OSError("not a public address")
        return addresses[0], port


_line: ContextVar[Line | None] = ContextVar("line", default=None)


@contextmanager
def watched(line: Line) -> Iterator[None]:
    """Hold every connection made inside the block to the rules of *line*."""
    token = _line.set(line)
    try:
        yield
    finally:
        _line.reset(token)


def is_private_name(host: str) -> bool:
    """Tell, without asking anybody, whether *host* can only mean this machine or its network."""
    name = host.strip("[]").rstrip(".").lower()
    try:
        return not is_public(name)
    except ValueError:
        return "." not in name or name.endswith(tuple(f".{one}" for one in NAMES_AT_HOME))


def guard_connections() -> None:
    """Put the check where every HTTP request of the library ends up.

    A contact's address may name any host, and a redirect or a DNS answer any other, so that no
    look at the address alone could tell. Connections made outside `watched` are left alone.
    """
    connection: Any = import_module("urllib3.util.connection")
    connection.create_connection = _guarded(connection.create_connection)


def _guarded(connect: Callable[..., socket.socket]) -> Callable[..., socket.socket]:
    @wraps(connect)
    def connect_within_rules(
        address: tuple[str, int], *arguments: Any, **options: Any
    ) -> socket.socket:
        line = _line.get()
        if line is None:
            return connect(address, *arguments, **options)
        made = connect(line.place(*address), *arguments, **options)
        line.connected += 1
        return made

    return connect_within_rules
