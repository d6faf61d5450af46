"""What stands behind the tests of the contract: a channel, its settings, servers to talk to."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from string import ascii_letters, digits
from typing import Any, ClassVar, Literal, get_args

from portal.channel import (
    AmbiguousError,
    Cause,
    Channel,
    ChannelError,
    Receipt,
    ReceiptRequest,
    SendRequest,
    Settings,
    SettingsForm,
    TemporaryError,
)
from portal.testing import applies, forms
from portal.testing.answers import Answer
from portal.testing.ear import heard
from portal.testing.server import ScriptedServer
from portal.testing.situations import CODE, HTTP, LINK, SMTP, TOKEN
from portal.testing.talk import Talk, TookTooLongError, request, server_for

QUICK = 2
"""Seconds that `caps.timeout` is set to, so that a hanging server does not hold up the tests."""


class Setting:
    """What an author sets, and how the tests of the contract go about their work."""

    channel: ClassVar[Any] = None
    settings: ClassVar[Mapping[str, Any]] = {}
    bad_settings: ClassVar[Mapping[str, Any]] = {}
    server: ClassVar[Literal["http", "smtp", ""]] = "http"
    answers: ClassVar[Mapping[str, Any]] = {}
    to: ClassVar[str] = ""
    bad_addresses: ClassVar[tuple[str, ...]] = ()
    receipts_are_signed: ClassVar[bool] = True
    made_up: ClassVar[bool] = False
    """The settings were made up by `portal plugin check`, because there is no test of its own."""
    not_run: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.channel is None:
            return
        cls.not_run = applies.reasons_not_to_run(cls)
        for name in cls.not_run:
            setattr(cls, name, None)

    def make(self, server: str) -> Channel:
        """Return a fresh channel that talks to *server*."""
        of_class = isinstance(self.channel, type)
        made: Channel = self.channel() if of_class else copy.copy(self.channel)
        made.caps = replace(made.caps, timeout=min(made.caps.timeout, QUICK))  # type: ignore[misc]
        return made

    def receipt(self, settings: Settings) -> ReceiptRequest:
        """Return a receipt as the provider would post it, with its signature."""
        raise NotImplementedError

    @contextmanager
    def _talk(self, situation: str = "accepted") -> Iterator[Talk]:
        scripts: Mapping[str, Any] = {**(SMTP if self.server == "smtp" else HTTP), **self.answers}
        kind = "" if self.channel.caps.synchronous else self.server
        said: list[str] = []
        server = server_for(kind, scripts[situation])
        with heard(said), ExitStack() as stack:
            try:
                url = server.__enter__().url if server else ""
                channel = self.make(url)
                stack.callback(error_of, channel.close)
                limit = self.channel.caps.timeout + 1
                yield Talk(channel, Settings(self._saved(url)), server, limit, said)
            finally:
                server.stop() if server else None

    def _raises(self, situation: str, *wanted: type[ChannelError]) -> BaseException | None:
        with self._talk(situation) as talk:
            error = talk.fails(self._request())
        names = " or ".join(kind.__name__ for kind in wanted)
        if isinstance(error, TookTooLongError):
            raise AssertionError(
                f"send did not give up within {talk.limit - 1:g} s. "
                "Set a time limit on the connection, from self.caps.timeout"
            )
        must(talk.calls or self.server == "smtp", "nothing reached the server")
        must(isinstance(error, wanted), f"{names} is right, not {error!r:.200}")
        cause = getattr(error, "cause", "")
        must(cause in get_args(Cause), f"{cause!r} is no cause; see portal.channel.Cause")
        must(getattr(error, "reason", ""), "the error needs a sentence that staff can read")
        return error

    def _answered(self, talk: Talk, answer: Answer) -> Any:
        """Return what `send` returns, or raises, when the server says *answer*."""
        if isinstance(talk.server, ScriptedServer):
            talk.server.answer = answer
        return error_of(partial(talk.send, self._request()))

    def _unclear(self) -> tuple[type[ChannelError], ...]:
        """One that is not idempotent must not pretend that trying again is safe."""
        if self.channel.caps.idempotent:
            return AmbiguousError, TemporaryError
        return (AmbiguousError,)

    def _request(self, **changes: Any) -> SendRequest:
        return request(min(self.channel.caps.kinds), self._to(), **changes)

    def _to(self) -> str:
        usual = {"email": "carl@carter.example", "phone": "+442079460018"}
        return self.to or usual.get(self.channel.caps.address, "carl")

    def _form(self) -> type[SettingsForm]:
        form: type[SettingsForm] = self.channel.SettingsForm
        return form

    def _typed(self, server: str) -> dict[str, Any]:
        if self.made_up:
            return forms.made_up(self.channel, server)
        return {
            name: _placed(value, server) if isinstance(value, str) else value
            for name, value in self.settings.items()
        }

    def _saved(self, server: str) -> dict[str, Any]:
        typed = self._typed(server)
        if self.channel.SettingsForm is None or not typed:
            return typed
        form = forms.typed_into(self.channel.SettingsForm, typed)
        must(form.validate(), f"the form refuses the contract's own settings: {form.errors}")
        saved: dict[str, Any] = form.data
        return saved

    def _secrets(self, settings: Settings) -> dict[str, str]:
        names = forms.secret_fields(self.channel.SettingsForm)
        kept = {f"the secret {name}": str(settings[name]) for name in names if settings.get(name)}
        return {"the link": TOKEN, "the code": CODE, **kept}

    def _is_whole(self, receipt: Any) -> None:
        known = ("sent", "delivered", "bounced", "complained", "failed")
        must(isinstance(receipt, Receipt), f"{receipt!r:.80} is no Receipt")
        must(receipt.status in known, f"{receipt.status!r} is no status; use {', '.join(known)}")
        must(receipt.key or receipt.provider_id, "a Receipt needs a key or a provider_id")
        must(receipt.cause in get_args(Cause), f"{receipt.cause!r} is no cause")


def must(is_so: object, words: str) -> None:
    if not is_so:
        raise AssertionError(words)


def holds(text: str) -> bool:
    """Tell whether the link stands in *text* and nothing is glued to it."""
    _before, found, after = text.partition(LINK)
    return bool(found) and after[:1] not in {*"-_/?&=%", *ascii_letters, *digits}


def error_of(act: Callable[[], Any]) -> Any:
    """Return what *act* raises, or what it answers."""
    try:
        return act()
    except Exception as error:
        return error


def _placed(value: str, server: str) -> str:
    port = server.rpartition(":")[2] if server else "1"
    return value.replace("{server}", server or "http://127.0.0.1:1").replace("{port}", port)


def names_changed(saved: Mapping[str, Any], again: Mapping[str, Any]) -> str:
    return ", ".join(name for name in saved if saved[name] != again.get(name))
