"""What the tests of runs share: runs begun without a browser, and what became of them."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from portal.db import db
from portal.flows import do_run, new_run, read_run, steer_run
from portal.models import Account, Delivery, Run, RunRow
from portal.models import Staff as StaffRow
from portal.models.run import What
from tests.cast import World

HEAD = "Name,E-mail,Phone,Tags\n"


class Runs:
    """Runs of one account, made and done here, without a worker."""

    def __init__(self, world: World, slug: str = "acme", by: str = "ada@acme.example") -> None:
        self.world = world
        account, staff = Account.by_slug(slug), StaffRow.by_email(by)
        assert account
        assert staff
        self.account, self.by = account, staff

    def of_csv(self, lines: str | Sequence[str], what: What = What.INVITE, tag: str = "") -> Run:
        """Upload, take the columns as guessed, and judge every row."""
        run = self.uploads(lines, what, tag)
        while read_run.read(run.id, seconds=60):
            pass
        return self.found(run)

    def uploads(self, lines: str | Sequence[str], what: What = What.INVITE, tag: str = "") -> Run:
        """Upload and take the columns as guessed: no row is judged so far."""
        body = lines if isinstance(lines, str) else HEAD + "\n".join(lines)
        file = io.BytesIO(body.encode())
        run = new_run.run_of_file(self.account, file, "list.csv", what, by=self.by, tag=tag)
        return new_run.choose_columns(self.account, run, run.shape["fields"], has_head=True)

    def found(self, run: Run) -> Run:
        db.session.rollback()
        found = Run.find(self.account.id, run.id)
        assert found
        return found

    def begins(self, run: Run, **plan: str) -> Run:
        return steer_run.begin(self.account, run, {**run.plan, **plan}, by=self.by)

    def does(self, run: Run, **plan: str) -> Run:
        """Begin and do all of it."""
        self.begins(run, **plan)
        while do_run.go_on(run.id, seconds=60):
            pass
        return self.found(run)

    def states(self, run: Run) -> Counter[str]:
        query = db.select(RunRow.state).where(RunRow.run_id == run.id)
        found = Counter(db.session.scalars(query))
        db.session.rollback()
        return found

    def messages(self) -> Counter[int]:
        """How many messages each contact of the account was sent."""
        query = db.select(Delivery.contact_id).where(Delivery.account_id == self.account.id)
        found = Counter(db.session.scalars(query))
        db.session.rollback()
        return found


@pytest.fixture
def runs_of(world: World) -> Callable[..., Runs]:
    return lambda *given: Runs(world, *given)
