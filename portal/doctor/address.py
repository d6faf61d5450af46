"""The public URL as others reach it: DNS, TLS, the proxy in front, and the Host it passes on."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from portal.channel import Finding
from portal.config import Settings

PATIENCE_SECONDS = 5.0
SOON_DAYS = 14
DAY = 86400


@dataclass(frozen=True)
class Answer:
    """What came back, when it was asked for and for how long that took."""

    status: int
    body: bytes
    date: str
    location: str
    ends_at: float
    """When the certificate ends, in seconds since 1970; 0 without TLS."""
    asked_at: float
    seconds: float


def fetch(url: str, path: str) -> Answer:
    """Fetch *path* of *url*, following nothing. Raises OSError or HTTPException."""
    line = _line(url)
    asked_at, began = time.time(), time.monotonic()
    try:
        line.request("GET", path, headers={"User-Agent": "portal-doctor", "Connection": "close"})
        ends_at = _certificate_end(line)
        answer = line.getresponse()
        return Answer(
            answer.status,
            answer.read(1000),
            answer.headers.get("Date", ""),
            answer.headers.get("Location", ""),
            ends_at,
            asked_at,
            time.monotonic() - began,
        )
    finally:
        line.close()


def public(found: Settings) -> Iterator[Finding]:
    """Ask our own web server as a client would."""
    try:
        answer = fetch(found.url, "/healthz")
    except ssl.SSLCertVerificationError as error:
        words = f"Browsers will refuse it: {error.verify_message}. Get one for {found.hostname}."
        yield Finding("bad", "Certificate", words)
        return
    except (OSError, http.client.HTTPException) as error:
        yield Finding("bad", "Public URL", f"{found.url} does not answer: {_why(error)}. {_HINT}")
        return
    if answer.ends_at:
        yield _certificate(answer)
    yield _health(found, answer)
    if answer.status == http.client.OK:
        yield _host(found)


def proxies(found: Settings) -> Iterator[Finding]:
    """Look whether PORTAL_TRUSTED_PROXIES can be true."""
    count = found.trusted_proxies
    if found.is_https and not count:
        yield Finding(
            "bad",
            "PORTAL_TRUSTED_PROXIES",
            "PORTAL_URL is https, which only a proxy in front can speak, yet no proxy is trusted: "
            "all clients share one limit. Set it to the number of proxies, mostly 1.",
        )
    elif count and not found.is_https:
        words = f"It is {count}, yet PORTAL_URL is plain http on this machine. Set it to 0."
        yield Finding("note", "PORTAL_TRUSTED_PROXIES", words)
    elif count and found.host not in ("127.0.0.1", "::1", "localhost"):
        words = (
            f"Whoever reaches port {found.port} of {found.host} past the proxy can claim any "
            "address. See that a firewall lets only the proxy through."
        )
        yield Finding("note", "PORTAL_TRUSTED_PROXIES", words)
    else:
        yield Finding("good", "PORTAL_TRUSTED_PROXIES", f"{count} fits PORTAL_URL.")


_HINT = "Start `portal web`, and check DNS, the firewall and the proxy."


def _line(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    if parts.scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=PATIENCE_SECONDS)
    return http.client.HTTPConnection(host, port, timeout=PATIENCE_SECONDS)


def _certificate_end(line: http.client.HTTPConnection) -> float:
    if not isinstance(line.sock, ssl.SSLSocket):
        return 0.0
    shown = line.sock.getpeercert() or {}
    return float(ssl.cert_time_to_seconds(str(shown["notAfter"])))


def _certificate(answer: Answer) -> Finding:
    days = int((answer.ends_at - answer.asked_at) // DAY)
    if days < SOON_DAYS:
        return Finding("note", "Certificate", f"It ends in {days} days. Renew it.")
    return Finding("good", "Certificate", f"It is valid for {days} days more.")


def _health(found: Settings, answer: Answer) -> Finding:
    if answer.status == http.client.OK and answer.body.strip() == b"ok":
        words = f"{found.url} answers in {answer.seconds * 1000:.0f} ms."
        return Finding("good", "Public URL", words)
    if 300 <= answer.status < 400:
        words = f"{found.url}/healthz redirects to {answer.location}: links would, too."
        return Finding("bad", "Public URL", f"{words} Set PORTAL_URL to where the portal is.")
    words = f"{found.url}/healthz answers {answer.status}, and not as Portico does."
    return Finding("bad", "Public URL", f"{words} Check where the proxy sends it.")


def _host(found: Settings) -> Finding:
    """The probe answers for any Host; other pages refuse one that is not ours."""
    try:
        status = fetch(found.url, "/admin/").status
    except (OSError, http.client.HTTPException) as error:
        return Finding("bad", "Host", f"{found.url}/admin/ does not answer: {_why(error)}.")
    if status == http.client.BAD_REQUEST:
        words = "The portal refuses the Host that the proxy passes on. Let it pass the original."
        return Finding("bad", "Host", words)
    if status >= http.client.INTERNAL_SERVER_ERROR:
        return Finding("bad", "Pages", f"{found.url}/admin/ answers {status}.")
    return Finding("good", "Host", f"Requests arrive under the name {found.netloc}.")


def _why(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return "its name is not found in DNS"
    if isinstance(error, TimeoutError):
        return f"nothing came within {PATIENCE_SECONDS:.0f} seconds"
    if isinstance(error, OSError):
        return (error.strerror or type(error).__name__).lower()
    return type(error).__name__
