"""One HTTP call with a deadline that no server can stretch, and only to where it may go.

Nothing is kept between calls, so that a forked process shares no connection with its parent.
"""

from __future__ import annotations

import contextlib
import io
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from ipaddress import ip_address
from typing import Any, cast
from urllib.parse import SplitResult, urlsplit

from portal.channel import AmbiguousError, AuthenticationError, TemporaryError, is_public
from portal_sms.places import refuse_unless_allowed

MOST_OF_A_BODY = 65536
MEANT_FOR_US = frozenset({"host", "content-length", "transfer-encoding", "connection"})
PORTS = {"http": 80, "https": 443}


def _none(_host: str, address: str) -> bool:
    """Tell whether *address* is public: nobody has allowed another."""
    return is_public(address)


@dataclass(frozen=True)
class Call:
    """A request to make. *hosts* are the only ones it may go to, or None for the usual rule,
    by which *may_reach* tells of a host and its IP address whether both may be private."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    hosts: frozenset[str] | None = None
    may_reach: Callable[[str, str], bool] = field(default=_none, repr=False)


@dataclass(frozen=True)
class Answer:
    """What came back. *body* is its beginning only; *is_whole* tells whether that was all."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_whole: bool

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


def answer_to(call: Call, deadline: float) -> Answer:
    """Make *call* before *deadline* (`time.monotonic`). Redirects are not followed.

    Raises TemporaryError when the request was never wholly written, AmbiguousError when it was and
    no answer came, AuthenticationError when the address is one that must not be called.
    """
    line = connected(call, deadline)
    try:
        return _exchange(line, call, deadline)
    finally:
        line.close()


def connected(call: Call, deadline: float) -> socket.socket:
    """Return a connection to where *call* goes, encrypted and verified when it is https."""
    address = urlsplit(call.url)
    try:
        line = _dial(address, call, deadline)
        return _encrypted(line, address, deadline) if address.scheme == "https" else line
    except ssl.SSLCertVerificationError as error:
        reason = f"The certificate of {address.hostname} is not valid for its name."
        raise TemporaryError(reason, reply=error.verify_message, cause="unreachable") from None
    except TimeoutError:
        reason = f"{address.hostname} took too long to answer."
        raise TemporaryError(reason, cause="timeout") from None
    except (OSError, UnicodeError):
        reason = f"{address.hostname} could not be reached."
        raise TemporaryError(reason, cause="unreachable") from None


def _dial(address: SplitResult, call: Call, deadline: float) -> socket.socket:
    """Connect to the very addresses that were looked at: a name may change between two lookups."""
    host, port = address.hostname or "", address.port or PORTS.get(address.scheme, 0)
    if address.scheme not in PORTS or not host:
        raise AuthenticationError("The gateway's address must begin with https://.", cause="fault")
    failure: OSError = OSError("no address")
    for family, kind, protocol, _, where in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        at = ip_address(str(where[0]).split("%")[0])
        refuse_unless_allowed(address.scheme, host, at, call.hosts, call.may_reach)
        line = socket.socket(family, kind, protocol)
        try:
            line.settimeout(_left(deadline))
            line.connect(where)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return line
        except OSError as error:
            line.close()
            failure = error
    raise failure


def _encrypted(line: socket.socket, address: SplitResult, deadline: float) -> ssl.SSLSocket:
    try:
        line.settimeout(_left(deadline))
        context = ssl.create_default_context()
        return context.wrap_socket(line, server_hostname=address.hostname)
    except BaseException:
        line.close()
        raise


def _exchange(line: socket.socket, call: Call, deadline: float) -> Answer:
    host = urlsplit(call.url).hostname
    try:
        line.settimeout(_left(deadline))
        line.sendall(_request(call))
    except OSError:
        reason = f"The connection to {host} was lost before the message was handed over."
        raise TemporaryError(reason, cause="unreachable") from None
    response = HTTPResponse(cast(socket.socket, _Ear(line, deadline)), method=call.method)
    try:
        response.begin()
        return _read(response)
    except TimeoutError:
        reason = f"{host} took the message and did not answer in time."
        raise AmbiguousError(reason, cause="timeout") from None
    except (OSError, HTTPException, ValueError):
        reason = f"{host} took the message and did not answer."
        raise AmbiguousError(reason, cause="unreachable") from None
    finally:
        response.close()


def _read(response: HTTPResponse) -> Answer:
    """Return the answer with what can be had of its body: the status alone decides much."""
    headers = {name.lower(): value for name, value in response.getheaders()}
    body, is_whole = b"", False
    with contextlib.suppress(OSError, HTTPException, ValueError):
        body = response.read(MOST_OF_A_BODY + 1)
        is_whole = len(body) <= MOST_OF_A_BODY and not response.length
    return Answer(response.status, headers, body[:MOST_OF_A_BODY], is_whole)


def _request(call: Call) -> bytes:
    address = urlsplit(call.url)
    target = (address.path or "/") + (f"?{address.query}" if address.query else "")
    headers = {
        "Host": address.netloc.rpartition("@")[2],
        "User-Agent": "Portico",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
        **{name: value for name, value in call.headers.items() if name.lower() not in MEANT_FOR_US},
    }
    if call.body or call.method != "GET":
        headers["Content-Length"] = str(len(call.body))
    lines = [f"{call.method} {target} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
    if any("\r" in one or "\n" in one for one in lines):
        raise AuthenticationError("A header of the gateway holds a line break.", cause="fault")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + call.body


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Ear(io.RawIOBase):
    """Listens to a socket for `HTTPResponse`; each wait is bounded by what is left of the whole."""

    def __init__(self, line: socket.socket, deadline: float) -> None:
        self._line = line
        self._deadline = deadline

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._line.settimeout(_left(self._deadline))
        return self._line.recv_into(buffer)
