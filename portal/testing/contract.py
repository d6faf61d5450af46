"""What every channel has to do right, as tests: subclass ChannelContract and name your channel."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from email.utils import formatdate
from functools import partial

from portal.channel import (
    ALL_KINDS,
    AmbiguousError,
    AuthenticationError,
    Caps,
    Channel,
    ChannelError,
    ForgedError,
    PermanentError,
    Receipt,
    Report,
    Sent,
    TemporaryError,
)
from portal.testing import applies, fork, forms
from portal.testing.answers import Moved
from portal.testing.ear import told
from portal.testing.forgery import forgeries
from portal.testing.setting import Setting, error_of, holds, must, names_changed
from portal.testing.situations import HTTP, ODD_BODIES, ODD_WAITS, RETRY_AFTER, TOKEN
from portal.testing.talk import Talk

NOWHERE = "http://127.0.0.1:1"


class ChannelContract(Setting):
    """Subclass it as `class TestRelay(ChannelContract)`, set `channel`, and run pytest.

    *settings* is what somebody types into the channel's form; `{server}` in it stands for the
    address of the scripted server, such as `http://127.0.0.1:4711`, and `{port}` for its port.
    *server* is `http`, `smtp`, or nothing for a channel that calls nobody.
    *bad_settings* is something that the form must refuse. *answers* replaces what the server says
    by situation: accepted, unauthorised, too_many, refused, broken, hang, reset, garbage, moved.
    *to* is an address to write to, *bad_addresses* some that `normalise_address` must refuse.
    Where `caps` say receipts, write the method `receipt(settings)`: it returns a `ReceiptRequest`
    as the provider would post it, signed with *settings*. *receipts_are_signed* is False when
    nothing but the secret in their address proves them. Tests that a channel's `caps` make
    meaningless are not there; `not_run` says which and why.
    """

    def test_it_declares_what_it_is(self) -> None:
        """It has an id, a name, and caps that make sense."""
        channel = self.make("")
        must(isinstance(channel, Channel), "it must be a Channel")
        must(applies.is_slug(channel.id), "id must be short: lower-case letters, digits, - and _")
        must(isinstance(channel.name, str) and channel.name, "name must be what staff read")
        must(isinstance(channel.caps, Caps), "caps must be a Caps")
        must(channel.caps.kinds <= ALL_KINDS, f"caps.kinds must be among {sorted(ALL_KINDS)}")
        must(channel.caps.timeout > 0, "caps.timeout must be seconds above 0")
        with self._talk() as talk:
            must(channel.is_ready(talk.settings) is True, "is_ready must be True when it is set up")

    def test_settings_survive_being_saved_and_shown(self) -> None:
        """What was typed is saved, shown again, and comes back the same."""
        form = self._form()
        saved = self._saved(NOWHERE) or forms.typed_into(form, {}).data
        must(json.loads(json.dumps(saved)) == saved, "the form's values must be plain JSON")
        typed = forms.with_secrets(form, forms.shown_again(form, saved), saved)
        again = forms.typed_into(form, typed)
        must(again.validate(), f"the form refuses what it has saved: {again.errors}")
        must(again.data == saved, f"saved {names_changed(saved, again.data)} comes back changed")

    def test_a_blank_secret_is_kept(self) -> None:
        """A secret that is left blank keeps its value, and no page shows it."""
        form, saved = self._form(), self._saved(NOWHERE)
        page = "".join(str(field()) for field in form(data=saved))
        given = [name for name in forms.secret_fields(form) if saved.get(name)]
        must(given, f"type a secret into the contract's settings: {forms.secret_fields(form)}")
        for name in given:
            must(saved[name] not in page, f"the form shows the secret {name}; leave hide_value on")
            typed = forms.with_secrets(form, {**saved, name: ""}, saved)
            kept = forms.typed_into(form, typed)
            is_kept = kept.validate() and kept.data[name] == saved[name]
            must(is_kept, f"the secret {name} does not survive being left blank: {kept.errors}")

    def test_bad_settings_are_refused(self) -> None:
        """Bad settings are refused, and the form says at which field."""
        typed = {**self._typed(NOWHERE), **self.bad_settings}
        form = forms.typed_into(self._form(), typed if self.bad_settings else {})
        must(not form.validate(), f"the form takes {dict(self.bad_settings) or 'nothing at all'}")
        missing = [name for name in self.bad_settings if not form.errors.get(name)]
        must(not missing, f"the form does not say what is wrong with {', '.join(missing)}")

    def test_it_sends(self) -> None:
        """It sends, and says what the provider answered."""
        with self._talk() as talk:
            sent = talk.send(self._request())
        must(isinstance(sent, Sent), f"send must return Sent, not {sent!r:.80}")
        must(sent.status in ("sent", "delivered"), "Sent.status must be sent or delivered")
        must(not sent.show or talk.channel.caps.synchronous, "only a synchronous channel may show")
        must(TOKEN not in sent.provider_id + sent.reply, "Sent must not hold the link")
        if talk.server:
            must(talk.calls, "nothing reached the server. Use {server} in the settings")

    def test_the_link_arrives_as_it_is(self) -> None:
        """The link arrives byte for byte."""
        with self._talk() as talk:
            sent = talk.send(self._request())
        texts = [sent.show, *(text for call in talk.calls for text in call.texts())]
        must(any(holds(text) for text in texts), "the link does not arrive as it is")

    def test_a_retry_has_the_same_key(self) -> None:
        """A second attempt carries the same idempotency key, another message another one."""
        with self._talk() as talk:
            for key in ("delivery-1-aaaa", "delivery-1-aaaa", "delivery-2-bbbb"):
                talk.send(self._request(key=key))
        first, again, other = ({*call.texts()} for call in talk.calls[-3:])
        words = "caps say idempotent, but no key tells two messages apart on the wire"
        must((first & again) - other, f"{words}. Send request.key, as the header Idempotency-Key")

    def test_nothing_secret_is_told(self) -> None:
        """No secret, link or code stands in a log, an error or the channel's own text."""
        for situation in ("accepted", "unauthorised", "refused", "broken", "garbage"):
            with self._talk(situation) as talk:
                error = talk.fails(self._request())
                said = [
                    *talk.said,
                    repr(talk.channel),
                    str(talk.channel),
                    told(error) if error else "",
                ]
            text = "\n".join([*said, *talk.said])
            for what, secret in self._secrets(talk.settings).items():
                must(secret not in text, f"{what} is told when the server's answer is {situation}")

    def test_a_wrong_password_pauses_the_channel(self) -> None:
        """When the provider does not accept us (401) it raises AuthenticationError."""
        self._raises("unauthorised", AuthenticationError)

    def test_too_many_is_tried_later(self) -> None:
        """When we are too fast (429) it raises TemporaryError with the provider's Retry-After."""
        error = self._raises("too_many", TemporaryError)
        if self.server == "http":
            words = f"retry_after must be {RETRY_AFTER:.0f}, what the header Retry-After says"
            must(getattr(error, "retry_after", 0) == RETRY_AFTER, words)

    def test_a_refusal_is_final(self) -> None:
        """When this message is refused (4xx) it raises PermanentError."""
        self._raises("refused", PermanentError)

    def test_a_broken_provider_is_tried_again(self) -> None:
        """When the provider is broken (5xx) it raises TemporaryError or AmbiguousError."""
        self._raises("broken", TemporaryError, AmbiguousError)

    def test_a_provider_that_is_away_is_tried_again(self) -> None:
        """When nobody listens it raises TemporaryError: nothing was sent."""
        with self._talk() as talk:
            talk.server.stop() if talk.server else None
            error = talk.fails(self._request())
        must(isinstance(error, TemporaryError), f"TemporaryError is right, not {error!r:.200}")

    def test_a_provider_that_hangs_is_left_in_time(self) -> None:
        """When the provider never answers it gives up within caps.timeout."""
        began = time.monotonic()
        self._raises("hang", *self._unclear())
        took = time.monotonic() - began
        must(took <= self.channel.caps.timeout, f"it took {took:.0f} s; caps.timeout is less")

    def test_a_line_that_drops_is_unclear(self) -> None:
        """When the line drops at the end: AmbiguousError, or TemporaryError if idempotent."""
        self._raises("reset", *self._unclear())

    def test_nonsense_is_no_crash(self) -> None:
        """When the answer is nonsense it raises a ChannelError and nothing else."""
        self._raises("garbage", ChannelError)

    def test_a_redirect_is_not_followed(self) -> None:
        """A redirect (302) is not followed, and the message does not count as sent."""
        with self._talk("moved") as talk:
            found = talk.fails(self._request())
        paths = [call.path for call in talk.calls]
        must(Moved().to not in paths, "it calls where the answer points: anybody's server")
        must(isinstance(found, ChannelError), f"a ChannelError is right, not {found!r:.200}")

    def test_an_odd_answer_is_no_crash(self) -> None:
        """A success with odd or deep JSON is Sent or a ChannelError, and nothing else."""
        usual = {**HTTP, **self.answers}["accepted"]
        with self._talk() as talk:
            for body in ODD_BODIES:
                found = self._answered(talk, replace(usual, body=body))
                words = f"send must not answer a body of {body[:20]!r} with {found!r:.200}"
                must(isinstance(found, (Sent, ChannelError)), words)
                named = getattr(found, "provider_id", "")
                words = f"{body[:20]!r} names no message, but provider_id is {named!r:.80}"
                must(named not in (None, "None", "null", "{}"), words)

    def test_an_odd_wait_is_no_crash(self) -> None:
        """An odd Retry-After is no crash, and a date is understood (RFC 9110 10.2.3)."""
        usual = {**HTTP, **self.answers}["too_many"]
        date = formatdate(time.time() + 60, usegmt=True)
        with self._talk("too_many") as talk:
            for wait in (*ODD_WAITS, date):
                headers = {**usual.headers, "Retry-After": wait}
                found = self._answered(talk, replace(usual, headers=headers))
                must(isinstance(found, TemporaryError), f"Retry-After: {wait} gives {found!r:.200}")
                seconds = found.retry_after
                words = f"retry_after is {seconds} for Retry-After: {wait}"
                must(30 < seconds <= 61 if wait == date else 0 <= seconds < float("inf"), words)

    def test_a_genuine_receipt_is_understood(self) -> None:
        """A receipt with the right signature says what became of which message."""
        with self._talk() as talk:
            genuine = self.receipt(talk.settings)
            found = list(talk.channel.parse_receipt(genuine, talk.settings))
        must(found, "parse_receipt finds nothing in the contract's own receipt")
        for one in found:
            self._is_whole(one)

    def test_a_forged_receipt_is_refused(self) -> None:
        """A receipt that was changed, or has no signature, raises ForgedError."""
        with self._talk() as talk:
            for how, forged in forgeries(self.receipt(talk.settings)).items():
                try:
                    list(talk.channel.parse_receipt(forged, talk.settings))
                except ForgedError:
                    continue
                raise AssertionError(f"a receipt with {how} is believed; raise ForgedError")

    def test_addresses_are_normalised(self) -> None:
        """An address that was normalised stays as it is; one that is wrong is refused."""
        with self._talk() as talk:
            once = talk.channel.normalise_address(self._to(), talk.settings)
            must(isinstance(once, str) and once, "normalise_address must return the address")
            again = talk.channel.normalise_address(once, talk.settings)
            must(again == once, f"normalising {once} again changes it")
            for bad in self.bad_addresses:
                error = error_of(partial(talk.channel.normalise_address, bad, talk.settings))
                must(isinstance(error, PermanentError), f"{bad!r} must raise PermanentError")

    def test_a_child_process_has_its_own_connection(self) -> None:
        """After a fork, a message of the child goes over a connection of its own."""
        with self._talk() as talk:
            talk.send(self._request())
            before = len(talk.calls)
            fork.in_child(partial(talk.send, self._request(key="delivery-2-child")), talk.limit)
            of_child = talk.calls[before:]
            must(of_child, "the child's message did not arrive")
            lines = {call.line for call in talk.calls[:before]}
            words = "the child speaks on its parent's connection; keep os.getpid() beside it"
            must(not lines & {call.line for call in of_child}, words)
            talk.send(self._request(key="delivery-3-parent"))

    def test_closing_is_harmless(self) -> None:
        """It can be closed before, after and twice, and sends again afterwards."""
        with self._talk() as talk:
            talk.channel.close()
            talk.send(self._request())
            talk.channel.close()
            talk.channel.close()
            talk.send(self._request(key="delivery-2-later"))

    def test_checking_says_what_is_wrong(self) -> None:
        """check returns a Report or None, or raises a ChannelError, whatever the provider does."""
        for situation in ("accepted", "unauthorised", "broken", "garbage"):
            with self._talk(situation) as talk:
                found = error_of(partial(talk.channel.check, talk.settings))
                is_fine = found is None or isinstance(found, (Report, ChannelError))
                must(is_fine, f"check must not answer with {found!r:.200}")

    def test_fetching_receipts_harms_nothing(self) -> None:
        """poll lists receipts or raises a ChannelError, whatever the provider does."""
        for situation in ("accepted", "unauthorised", "broken", "garbage"):
            with self._talk(situation) as talk:
                found = error_of(partial(_fetched, talk))
            if isinstance(found, list):
                for one in found:
                    self._is_whole(one)
            else:
                must(isinstance(found, ChannelError), f"poll must not raise {found!r:.200}")


def _fetched(talk: Talk) -> list[Receipt]:
    return list(talk.channel.poll(talk.settings))
