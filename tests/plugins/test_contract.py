"""The contract finds what is wrong with a channel: one for each thing that can be wrong."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable
from typing import Any, ClassVar
from urllib.request import Request, urlopen

import pytest
from wtforms.widgets import PasswordInput

from portal.channel import (
    AmbiguousError,
    AuthenticationError,
    Caps,
    Channel,
    ForgedError,
    PermanentError,
    Receipt,
    ReceiptRequest,
    SendRequest,
    Sent,
    Settings,
    TemporaryError,
)
from portal.testing import ChannelContract, run
from tests.plugins.owl import Owl, OwlContract, OwlForm


class TestOwl(OwlContract):
    """The one that does everything right."""


def test_the_owl_is_put_to_every_test_of_the_contract() -> None:
    assert TestOwl.not_run == {}
    assert len([name for name in vars(ChannelContract) if name.startswith("test_")]) >= 20


class Nameless(Owl):
    name = ""


class Forgetful(Owl):
    """Its form does not give back what was typed."""

    class SettingsForm(OwlForm):
        def validate_url(self, field: Any) -> None:
            field.data = field.data + "/"


class Showy(Owl):
    class SettingsForm(OwlForm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.key.widget = PasswordInput(hide_value=False)


class Trusting(Owl):
    class SettingsForm(OwlForm):
        def validate(self, extra_validators: Any = None) -> bool:
            super().validate(extra_validators)
            return True


class Vague(Owl):
    def send(self, request: SendRequest, settings: Settings) -> Any:
        super().send(request, settings)
        return "sent"


class Tracking(Owl):
    def words(self, request: SendRequest) -> dict[str, str]:
        return {"text": request.link + "?utm=1"}


class Fickle(Owl):
    def key_of(self, request: SendRequest) -> str:
        return os.urandom(4).hex()


class Chatty(Owl):
    def send(self, request: SendRequest, settings: Settings) -> Sent:
        logging.getLogger("owl").debug("sending %s", request.message.text)
        return super().send(request, settings)


class Candid(Owl):
    def send(self, request: SendRequest, settings: Settings) -> Sent:
        try:
            return super().send(request, settings)
        except PermanentError as error:
            raise PermanentError("No.", reply=f"with key {settings['key']}") from error


class Rude(Owl):
    """Everything is temporary to it."""

    final = (TemporaryError, TemporaryError)


class Hasty(Owl):
    def wait(self, headers: Any) -> float:
        return 0


class Literal(Owl):
    """It takes each Retry-After for a number."""

    def wait(self, headers: Any) -> float:
        return float(headers["Retry-After"])


class Numerate(Owl):
    """It knows numbers and no dates."""

    def wait(self, headers: Any) -> float:
        words = headers["Retry-After"]
        return float(words) if words.isascii() and words.isdigit() else 0


class Obedient(Owl):
    """It goes wherever an answer points."""

    def send(self, request: SendRequest, settings: Settings) -> Sent:
        with urlopen(Request(settings["url"], request.message.text.encode())):
            return Sent()


class Easy(Owl):
    """Whatever is no error is fine."""

    def _judge(self, answer: Any) -> None:
        if not 300 <= answer.status < 400:
            super()._judge(answer)


class Trustful(Owl):
    """It believes that an answer is JSON, and an id in it."""

    def send(self, request: SendRequest, settings: Settings) -> Sent:
        with urlopen(Request(settings["url"], request.message.text.encode())) as answer:
            return Sent(provider_id=self.named(answer.read()))

    def named(self, body: bytes) -> str:
        return str(json.loads(body)["id"])


class Stringy(Trustful):
    def named(self, body: bytes) -> str:
        try:
            return super().named(body)
        except (ValueError, RecursionError, LookupError, TypeError):
            return ""


class Final(Owl):
    temporary = PermanentError


class Unsure(Owl):
    away = AmbiguousError


class Sure(Owl):
    """It is not idempotent, and takes a lost answer for a message that was not sent."""

    caps = Caps(address="email", timeout=20, receipts=True, polls=60)
    unclear = TemporaryError


class Patient(Owl):
    caps = Caps(address="email", timeout=1, receipts=True, polls=60, idempotent=True)
    patience = 30.0


class Fragile(Owl):
    def send(self, request: SendRequest, settings: Settings) -> Sent:
        try:
            return super().send(request, settings)
        except AmbiguousError:
            raise KeyError("status") from None


class Gullible(Owl):
    def parse_receipt(self, request: ReceiptRequest, settings: Settings) -> Iterable[Receipt]:
        try:
            return super().parse_receipt(request, settings)
        except ForgedError:
            return [Receipt("delivered", key=request.key)]


class Deaf(Owl):
    def parse_receipt(self, request: ReceiptRequest, settings: Settings) -> Iterable[Receipt]:
        super().parse_receipt(request, settings)
        return []


class Wordy(Owl):
    def parse_receipt(self, request: ReceiptRequest, settings: Settings) -> Iterable[Receipt]:
        super().parse_receipt(request, settings)
        return [Receipt("opened", key="k")]  # type: ignore[arg-type]


class Restless(Owl):
    def normalise_address(self, address: str, settings: Settings) -> str:
        super().normalise_address(address, settings)
        return f"<{address}>"


class Tolerant(Owl):
    def normalise_address(self, address: str, settings: Settings) -> str:
        return address


class Sharing(Owl):
    """Keeps its line open, and gives it to its children."""

    own_line = False


class Mortal(Owl):
    closed = False

    def close(self) -> None:
        super().close()
        if self.closed:
            raise RuntimeError("closed already")
        self.closed = True


class Blunt(Owl):
    def check(self, settings: Settings) -> None:
        try:
            super().check(settings)
        except AuthenticationError:
            raise ValueError("who are you?") from None


class Greedy(Owl):
    def poll(self, settings: Settings) -> Iterable[Receipt]:
        raise KeyError("next")


@pytest.mark.usefixtures("collected")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("channel", "test"),
    [
        (Nameless, "it_declares_what_it_is"),
        (Forgetful, "settings_survive_being_saved_and_shown"),
        (Showy, "a_blank_secret_is_kept"),
        (Trusting, "bad_settings_are_refused"),
        (Vague, "it_sends"),
        (Tracking, "the_link_arrives_as_it_is"),
        (Fickle, "a_retry_has_the_same_key"),
        (Chatty, "nothing_secret_is_told"),
        (Candid, "nothing_secret_is_told"),
        (Rude, "a_wrong_password_pauses_the_channel"),
        (Rude, "a_refusal_is_final"),
        (Hasty, "too_many_is_tried_later"),
        (Literal, "an_odd_wait_is_no_crash"),
        (Numerate, "an_odd_wait_is_no_crash"),
        (Obedient, "a_redirect_is_not_followed"),
        (Easy, "a_redirect_is_not_followed"),
        (Trustful, "an_odd_answer_is_no_crash"),
        (Stringy, "an_odd_answer_is_no_crash"),
        (Final, "a_broken_provider_is_tried_again"),
        (Unsure, "a_provider_that_is_away_is_tried_again"),
        (Sure, "a_line_that_drops_is_unclear"),
        (Patient, "a_provider_that_hangs_is_left_in_time"),
        (Fragile, "nonsense_is_no_crash"),
        (Gullible, "a_forged_receipt_is_refused"),
        (Deaf, "a_genuine_receipt_is_understood"),
        (Wordy, "a_genuine_receipt_is_understood"),
        (Restless, "addresses_are_normalised"),
        (Tolerant, "addresses_are_normalised"),
        (Sharing, "a_child_process_has_its_own_connection"),
        (Mortal, "closing_is_harmless"),
        (Blunt, "checking_says_what_is_wrong"),
        (Greedy, "fetching_receipts_harms_nothing"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else value,
)
def test_a_channel_with_a_fault_is_told(channel: type[Channel], test: str) -> None:
    tried = type("Tried", (OwlContract,), {"channel": channel})
    found = {result.test: result for result in run(tried, only=f"test_{test}")}
    assert found[f"test_{test}"].state == "failed"
    assert found[f"test_{test}"].words


def test_the_title_says_what_is_accepted_of_one_that_may_be_asked_twice() -> None:
    class Calm(Sure):
        caps = Owl.caps

    tried = type("Tried", (OwlContract,), {"channel": Calm})
    (result,) = run(tried, only="test_a_line_that_drops_is_unclear")
    assert result.state == "ok"
    assert "TemporaryError if idempotent" in result.says


def test_a_channel_that_can_do_less_is_put_to_fewer_tests_and_each_has_a_reason() -> None:
    class Mute(Channel):
        id, name, caps = "mute", "Mute", Caps(synchronous=True, kinds=frozenset({"magic"}))

        def send(self, request: SendRequest, settings: Settings) -> Sent:
            return Sent("delivered", show=request.link)

    class Contract(ChannelContract):
        channel: ClassVar[Any] = Mute

    results = list(run(Contract))
    assert {result.state for result in results} == {"ok", "not run"}
    reasons = {result.test: result.words for result in results if result.state == "not run"}
    assert reasons["test_a_refusal_is_final"] == "it is synchronous"
    assert reasons["test_a_blank_secret_is_kept"] == "it has no settings"
    assert reasons["test_a_forged_receipt_is_refused"] == "it takes no receipts"
    assert "test_the_link_arrives_as_it_is" not in reasons
    assert all(getattr(Contract, name) is None for name in reasons), "pytest must not see them"


def test_receipts_without_an_example_are_told() -> None:
    class Contract(OwlContract):
        receipt = ChannelContract.receipt

    (result,) = run(Contract, only="test_a_genuine_receipt_is_understood")
    assert "write the method receipt" in result.words
