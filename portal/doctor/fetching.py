"""Fetches one address of the portal as others would, following nothing, within a time."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

PATIENCE_SECONDS = 5.0
FAILURES = (OSError, http.client.HTTPException)


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


def why(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return "its name is not found in DNS"
    if isinstance(error, TimeoutError):
        return f"nothing came within {PATIENCE_SECONDS:g} s"
    if isinstance(error, OSError):
        return (error.strerror or type(error).__name__).lower()
    return type(error).__name__


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
