"""A real gateway: messages go to Kannel's phones, and its receipts come back over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from portal.channel import (
    AuthenticationError,
    PermanentError,
    Receipt,
    ReceiptRequest,
    Settings,
    TemporaryError,
)
from portal_sms.channel import Sms
from portal_sms.form import SmsForm
from portal_sms.tests.conftest import ACME, LINK
from tests.kannel import PASSWORD, UNROUTABLE, USER, Kannel
from tests.wait import wait_for

NUMBERS = {"short": "+447400123001", "long": "+447400123002", "script": "+447400123003"}
SHARED = "?username={user}&password={{secret}}&from={{from}}&to={{to}}&text={{text}}"
URL = (
    SHARED + "&charset=UTF-8&coding={{coding}}&dlr-mask=31&dlr-url={{receipt_url}}%3Fstatus%3D%25d"
)


class Callbacks:
    """The portal's end: every call that comes in is handed to `parse_receipt`."""

    def __init__(self, settings: Settings) -> None:
        self.receipts: list[Receipt] = []
        callbacks = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = dict(parse_qsl(urlsplit(self.path).query))
                key = urlsplit(self.path).path.rpartition("/")[2]
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = ReceiptRequest("GET", self.path, headers, b"", query=query, key=key)
                callbacks.receipts += Sms().parse_receipt(request, settings)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_words: object) -> None:
                """Stay silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/sms/key"

    def of(self, key: str) -> list[str]:
        return [receipt.status for receipt in self.receipts if receipt.key == key]


@pytest.fixture
def settings(kannel_server: Kannel) -> Settings:
    """What docs/sms.md says about Kannel, through the form."""
    typed = {
        "provider": "gateway",
        "gateway_url": kannel_server.sendsms + URL.format(user=USER),
        "gateway_from": "Acme",
        "gateway_accepted": "202",
        "gateway_pattern": "^[03]: ",
        "gateway_permanent_pattern": "Not routable",
        "gateway_status_field": "status",
        "gateway_delivered": "1",
        "gateway_bounced": "2",
        "gateway_failed": "16",
    }
    form = SmsForm(data=typed)
    assert form.validate(), form.errors
    return Settings(form.data | {"gateway_secret": PASSWORD}, account=ACME)


@pytest.fixture
def callbacks(settings: Settings) -> Iterator[Callbacks]:
    callbacks = Callbacks(settings)
    thread = threading.Thread(target=callbacks.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield callbacks
    callbacks.server.shutdown()
    callbacks.server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("kind", "words", "arrives"),
    [
        ("short", "“Acme” & Co: 100% {link}", '"Acme" & Co: 100% {link}'),
        (
            "long",
            "Größe €20 \u2013 [ok] {link} " + "z" * 200,
            "Größe €20 - [ok] {link} " + "z" * 200,
        ),
        ("script", "Привет, “Карл” 😀 {link}", "Привет, “Карл” 😀 {link}"),
    ],
)
def test_a_message_arrives_to_the_letter_and_its_receipt_comes_back(
    sms: Sms, kannel_server: Kannel, settings: Settings, callbacks: Callbacks,
    owed: Callable[..., Any], kind: str, words: str, arrives: str,
) -> None:  # fmt: skip
    request = owed(
        NUMBERS[kind],
        words.replace("{link}", LINK),
        key=f"d-{kind}",
        receipt_url=f"{callbacks.url}/d-{kind}",
    )
    sent = sms.send(request, settings)
    assert (sent.status, sent.reply) == ("sent", "202 0: Accepted for delivery")
    wait_for(lambda: "delivered" in callbacks.of(f"d-{kind}"), what="the receipt")
    wait_for(lambda: kannel_server.texts_to(NUMBERS[kind]), what="the message")
    assert kannel_server.texts_to(NUMBERS[kind]) == [arrives.replace("{link}", LINK)]


def test_a_number_that_nobody_takes_fails_at_once_and_by_receipt(
    sms: Sms, settings: Settings, callbacks: Callbacks, owed: Callable[..., Any]
) -> None:
    request = owed(UNROUTABLE, key="d-lost", receipt_url=f"{callbacks.url}/d-lost")
    with pytest.raises(PermanentError) as caught:
        sms.send(request, settings)
    assert caught.value.reply == "403 Not routable. Do not try again."
    wait_for(lambda: callbacks.of("d-lost") == ["failed"], what="the receipt")


def test_a_wrong_password_is_not_about_the_message(
    sms: Sms, settings: Settings, owed: Callable[..., Any]
) -> None:
    wrong = Settings({**settings, "gateway_secret": "wrong"}, account=ACME)
    with pytest.raises(AuthenticationError) as caught:
        sms.send(owed(), wrong)
    assert caught.value.cause == "sign_in"
    assert caught.value.reply == "403 Authorization failed for sendsms"


def test_a_gateway_that_ended_is_tried_again(
    sms: Sms, kannel_server: Kannel, settings: Settings, owed: Callable[..., Any]
) -> None:
    smsbox = kannel_server.parts[0]
    assert sms.check(settings).findings[0].level == "good"
    with smsbox.down(), pytest.raises(TemporaryError, match=r"127\.0\.0\.1 could not be reached"):
        sms.send(owed(), settings)
    assert sms.check(settings).findings[0].level == "good"
