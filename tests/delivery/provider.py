"""A provider whose behaviour a test decides, in the place of the e-mail channel."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from flask import Flask

from portal.channel import Caps, Channel, SendRequest, Sent, Settings
from portal.db import db
from portal.flows.invite import invite
from portal.models.account import Account
from portal.models.channel_setting import ChannelSetting
from portal.models.delivery import Delivery
from portal.models.event import Event
from portal.models.magic_link import MagicLink
from portal.models.staff import Staff

Does = Callable[[SendRequest], Sent]


class Provider(Channel):
    """Does what it is told at each send, in turn; the last one repeats."""

    id, name = "email", "E-mail"
    caps = Caps(address="email", idempotent=True, timeout=30)

    def __init__(self, does: Sequence[Does], caps: Caps) -> None:
        self.does = does
        vars(self)["caps"] = caps
        self.requests: list[SendRequest] = []
        self._lock = threading.Lock()

    @classmethod
    def of(cls, app: Flask, *does: Does, **caps: Any) -> Provider:
        """Let all e-mail of *app* go through a provider that does *does*."""
        told = Caps(**{"address": "email", "idempotent": True, "timeout": 30, **caps})
        provider = cls(does or (takes,), told)
        app.extensions["portal_plugins"].channels["email"] = provider
        return provider

    def send(self, request: SendRequest, settings: Settings) -> Sent:
        with self._lock:
            self.requests.append(request)
            turn = min(len(self.requests), len(self.does)) - 1
        return self.does[turn](request)


def takes(_request: SendRequest) -> Sent:
    return Sent(reply="250 taken")


def raises(error: BaseException) -> Does:
    def fail(_request: SendRequest) -> Sent:
        raise error

    return fail


def deliveries(app: Flask) -> list[Delivery]:
    """The outbox as it is on disk, oldest first."""
    return _rows(app, db.select(Delivery).order_by(Delivery.id))


def the_delivery(app: Flask) -> Delivery:
    (found,) = deliveries(app)
    return found


def the_link(app: Flask) -> MagicLink:
    found: MagicLink = _rows(app, db.select(MagicLink))[0]
    return found


def events(app: Flask, kind: str) -> list[Event]:
    return _rows(app, db.select(Event).where(Event.kind == kind).order_by(Event.id))


def _rows(app: Flask, query: Any) -> Any:
    with app.app_context():
        return db.session.scalars(query).all()


def owe(app: Flask, *addresses: str, slug: str = "acme") -> list[int]:
    """Invite *addresses* to the portal of *slug*; return their deliveries."""
    with app.app_context():
        account = Account.by_slug(slug)
        assert account is not None
        found = [invite(account, one, by=_owner(account)).id for one in addresses]
        query = db.select(Delivery.id).where(Delivery.contact_id.in_(found)).order_by(Delivery.id)
        return list(db.session.scalars(query))


def clients(count: int, host: str = "carter.example") -> list[str]:
    return [f"client{number}@{host}" for number in range(count)]


def setting_of(app: Flask, channel: str = "email", slug: str = "acme") -> ChannelSetting | None:
    """How the channel does for the account, as it is on disk."""
    with app.app_context():
        account = Account.by_slug(slug)
        assert account is not None
        return ChannelSetting.find(account.id, channel)


def _owner(account: Account) -> Staff:
    found = Staff.by_email({"acme": "ada@acme.example"}.get(account.slug, "bea@birch.example"))
    assert found is not None
    return found
