"""Acme's staff at work, by their journeys and not their pages: these tests are about links."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

from portal.flows import invite, login_email, magic_link, revoke
from portal.flows.change_account import set_choice
from portal.flows.edit_contact import Details, edit_contact
from portal.models import Account, Contact, Staff
from portal.models.address import normalise_email
from tests.cast import World


class Acme:
    """One account, and its owner who does things."""

    def __init__(self, world: World, slug: str = "acme", owner: str = "ada@acme.example") -> None:
        self.world, self.slug, self.owner = world, slug, owner

    def invites(self, email: str, name: str = "Carl Carter") -> None:
        with self._at_work() as (account, ada):
            invite.invite(account, email, by=ada, name=name)

    def sends_login_email(self, email: str) -> None:
        with self._at_work() as (account, ada):
            login_email.send_login_emails(account, [self._contact(account, email)], by=ada)

    def copies_link(
        self, email: str, *, regenerate: bool = False, life: timedelta | None = None
    ) -> str:
        with self._at_work() as (account, ada):
            return magic_link.generate(
                account,
                self._contact(account, email),
                by=ada,
                link_id=uuid4(),
                life=life,
                regenerate=regenerate,
            ).link

    def suspends(self, email: str) -> None:
        with self._at_work() as (account, ada):
            assert revoke.suspend(self._contact(account, email), by=ada)

    def revokes(self, email: str) -> None:
        with self._at_work() as (account, ada):
            assert revoke.revoke(self._contact(account, email), by=ada)

    def restores(self, email: str) -> None:
        with self._at_work() as (account, ada):
            assert revoke.restore(self._contact(account, email), by=ada)

    def corrects(self, email: str, *, to: str) -> None:
        with self._at_work() as (account, ada):
            contact = self._contact(account, email)
            assert edit_contact(account, contact, Details(contact.name, to), by=ada)

    def chooses(self, name: str, value: str) -> None:
        with self.world.app.app_context():
            set_choice(self.slug, name, value)

    @contextmanager
    def _at_work(self) -> Iterator[tuple[Account, Staff]]:
        with self.world.app.app_context():
            account, ada = Account.by_slug(self.slug), Staff.by_email(self.owner)
            assert account
            assert ada
            yield account, ada

    @staticmethod
    def _contact(account: Account, email: str) -> Contact:
        contact = Contact.by_email(account.id, normalise_email(email))
        assert contact
        return contact
