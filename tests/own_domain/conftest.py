"""An installation whose questions to the DNS go to a server of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from portal.db import db
from portal.models.account import Account
from portal.models.account_domain import AccountDomain
from portal.models.event import Event
from portal_email.tests.scripted_dns import ScriptedDns
from tests.cast import Staff, World

HOST = "clients.acme.example"
OWN = f"http://{HOST}:8000"
CHALLENGE = f"_portico-challenge.{HOST}"


class Registrar:
    """Whoever may set records in the DNS."""

    def __init__(self, server: ScriptedDns) -> None:
        self.server = server

    @property
    def records(self) -> dict[str, list[str] | str]:
        return self.server.records

    def proves(self, *proofs: str, host: str = HOST) -> None:
        self.records[f"_portico-challenge.{host} TXT"] = [f'"{proof}"' for proof in proofs]

    def leads(self, *addresses: str, host: str = HOST) -> None:
        self.records[f"{host} A"] = list(addresses)


@pytest.fixture
def registrar() -> Iterator[Registrar]:
    server = ScriptedDns()
    yield Registrar(server)
    server.stop()


@pytest.fixture
def app(make_app: Callable[..., Flask], registrar: Registrar) -> Flask:
    host, port = registrar.server.address
    return make_app(dns_servers=(f"{host}:{port}",))


def domain_of(world: World, slug: str = "acme") -> AccountDomain:
    with world.app.app_context():
        account = Account.by_slug(slug)
        assert account
        found = AccountDomain.of(account.id)
        assert found
        return found


def events(world: World, slug: str = "acme") -> list[str]:
    """Return the kinds of what is written of the account's domain, in order."""
    with world.app.app_context():
        query = db.select(Event.kind).join(Account, Account.id == Event.account_id)
        found = query.where(Account.slug == slug, Event.kind.startswith("domain_"))
        return list(db.session.scalars(found.order_by(Event.id)))


def gets(staff: Staff, registrar: Registrar, host: str = HOST) -> None:
    """Ask for *host*, set its records, and have them looked for."""
    staff.at("domain/").presses("Show the records", host=host).is_status(200)
    registrar.proves(domain_of(staff.world, staff.slug).proof, host=host)
    registrar.leads("127.0.0.1", host=host)
    staff.at("domain/").presses("Check now").sees("is in use")
