"""A plugin with a channel for each way to be bad; a copy of it lies in the operator's folder."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

from portal.channel import Caps, Channel, SendRequest, Sent, Settings
from portal.hookspecs import hookimpl


def raise_it(request: SendRequest) -> Any:
    raise RuntimeError(f"cannot send {request.link} with {request.message.text}")


def sleep(_request: SendRequest) -> Any:
    time.sleep(3600)


def sleep_deaf(_request: SendRequest) -> Any:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    time.sleep(3600)


def spin(_request: SendRequest) -> Any:
    while True:
        pass


def search(_request: SendRequest) -> Any:
    return re.match(r"(a+)+$", "a" * 64 + "b")


def leave(_request: SendRequest) -> Any:
    os._exit(3)


def leave_well(_request: SendRequest) -> Any:
    os._exit(0)


def leave_politely(request: SendRequest) -> Any:
    sys.exit(f"no more {request.link}")


def crash(_request: SendRequest) -> Any:
    ctypes.string_at(0)


def babble(request: SendRequest) -> Any:
    return {"sent": request.link}


KINDS: tuple[Callable[[SendRequest], Any], ...] = (
    raise_it,
    sleep,
    sleep_deaf,
    spin,
    search,
    leave,
    leave_well,
    leave_politely,
    crash,
    babble,
)
SECONDS = int(os.environ.get("POISON_SECONDS", "3"))


def _channel(does: Callable[[SendRequest], Any]) -> Channel:
    def send(_self: Channel, request: SendRequest, _settings: Settings) -> Sent:
        return does(request)  # type: ignore[no-any-return]

    caps = Caps(address="email", idempotent=True, timeout=SECONDS)
    members = {"id": does.__name__, "name": does.__name__, "caps": caps, "send": send}
    return type("Poison", (Channel,), members)()  # type: ignore[no-any-return]


@hookimpl
def portal_channels() -> Iterable[Channel]:
    return [_channel(does) for does in KINDS]
