"""Owl: a channel that keeps its line open and can do everything that a channel can."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import time
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

from wtforms import PasswordField, URLField
from wtforms.validators import URL, DataRequired

from portal.channel import (
    AmbiguousError,
    AuthenticationError,
    Caps,
    Channel,
    ChannelError,
    ForgedError,
    PermanentError,
    Receipt,
    ReceiptRequest,
    SendRequest,
    Sent,
    Settings,
    SettingsForm,
    TemporaryError,
)
from portal.testing import ChannelContract


class OwlForm(SettingsForm):
    url = URLField("Address", [DataRequired(), URL(require_tld=False)])
    key = PasswordField("Key", [DataRequired()])


class Owl(Channel):
    id, name = "owl", "Owl"
    caps = Caps(address="email", timeout=20, receipts=True, polls=60, idempotent=True)
    SettingsForm = OwlForm
    own_line = True
    """A child process gets a line of its own."""
    final: tuple[type[ChannelError], type[ChannelError]] = (AuthenticationError, PermanentError)
    temporary: type[ChannelError] = TemporaryError
    away: type[ChannelError] = TemporaryError
    unclear: type[ChannelError] = AmbiguousError
    patience = 0.0

    def __init__(self) -> None:
        self._line: http.client.HTTPConnection | None = None
        self._pid = 0

    def send(self, request: SendRequest, settings: Settings) -> Sent:
        headers = {"Idempotency-Key": self.key_of(request)}
        self._call("POST", settings, json.dumps(self.words(request)), headers)
        return Sent()

    def words(self, request: SendRequest) -> dict[str, str]:
        return {"to": request.to, "text": request.message.text}

    def key_of(self, request: SendRequest) -> str:
        return request.key

    def wait(self, headers: Any) -> float:
        words = str(headers.get("Retry-After") or "")
        if words.isascii() and words.isdigit():
            return float(words)
        try:
            return max(parsedate_to_datetime(words).timestamp() - time.time(), 0)
        except ValueError:
            return 0

    def check(self, settings: Settings) -> None:
        self._call("GET", settings, "", {})

    def normalise_address(self, address: str, settings: Settings) -> str:
        if "@" not in address:
            raise PermanentError("That is no address.", cause="bad_address")
        return address.strip()

    def parse_receipt(self, request: ReceiptRequest, settings: Settings) -> Iterable[Receipt]:
        if not hmac.compare_digest(sign(request.body, settings), request.headers.get("x-sig", "")):
            raise ForgedError("Not signed.")
        return [Receipt(**json.loads(request.body))]

    def poll(self, settings: Settings) -> Iterable[Receipt]:
        self._call("GET", settings, "", {})
        return [Receipt("delivered", key="delivery-1")]

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
        self._line = None

    def _call(
        self, method: str, settings: Settings, body: str, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        line = self._connected(settings)
        try:
            line.request(method, "/", body, {"Authorization": settings["key"], **headers})
            answer = line.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise self.unclear("The line was lost.", cause="timeout") from None
        self._judge(answer)
        return answer

    def _connected(self, settings: Settings) -> http.client.HTTPConnection:
        if self._line is not None and (self._pid == os.getpid() or not self.own_line):
            return self._line
        parts = urlsplit(settings["url"])
        seconds = self.patience or self.caps.timeout / 2
        self._line = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=seconds)
        self._pid = os.getpid()
        try:
            self._line.connect()
        except OSError:
            self.close()
            raise self.away("Nobody listens.", cause="unreachable") from None
        return self._line

    def _judge(self, answer: http.client.HTTPResponse) -> None:
        if answer.status == 401:
            raise self.final[0]("Who are we?", cause="sign_in")
        if answer.status == 429:
            raise TemporaryError("Slow down.", retry_after=self.wait(answer.headers), cause="busy")
        if 300 <= answer.status < 500:
            raise self.final[1]("No.", cause="refused")
        if answer.status >= 500:
            raise self.temporary("Out of order.", cause="unreachable")


def sign(body: bytes, settings: Settings) -> str:
    return hmac.new(settings["key"].encode(), body, hashlib.sha256).hexdigest()


class OwlContract(ChannelContract):
    channel: ClassVar[Any] = Owl
    settings: ClassVar[Mapping[str, Any]] = {"url": "{server}/", "key": "the-key-of-the-owl"}
    bad_settings: ClassVar[Mapping[str, Any]] = {"url": "nowhere"}
    bad_addresses = ("nobody",)

    def receipt(self, settings: Settings) -> ReceiptRequest:
        body = b'{"status": "bounced", "key": "delivery-1", "cause": "no_mailbox"}'
        return ReceiptRequest("POST", "https://a.example/", {"x-sig": sign(body, settings)}, body)
