"""A file becomes a preview, and the preview messages: once each, whoever dies meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine

from portal.db import db, now
from portal.errors import RunError
from portal.flows import do_run, read_run, steer_run
from portal.flows.invite import invite
from portal.flows.revoke import suspend
from portal.models import Contact, Event, PortalAccess, Run, RunRow, Tag
from portal.models.run import LEASE, What
from tests.cast import Client, Staff, World
from tests.runs.conftest import Runs

RunsOf = Callable[..., Runs]


def people(count: int, start: int = 0) -> list[str]:
    return [f"P{n},p{n}@people.example,," for n in range(start, start + count)]


def test_every_row_gets_its_verdict_and_each_group_its_own_way(
    ada: Staff, carl: Client, world: World, runs_of: RunsOf
) -> None:
    ada.invites(carl.email)
    carl.signs_in()
    ada.invites("ian@invited.example")
    ada.adds("Kim Known", "kim@known.example")
    ada.invites("sue@suspended.example")
    ada.invites("bob@bounced.example")
    with world.app.app_context():
        runs = runs_of()
        for email in ("sue@suspended.example", "bob@bounced.example"):
            contact = Contact.by_email(runs.account.id, email)
            assert contact
            if email.startswith("sue"):
                suspend(contact, by=runs.by)
            else:
                PortalAccess.mark_delivery(contact.id, undelivered=True)
                db.session.commit()
        before = runs.messages()
        run = runs.of_csv([
            "Nora New,nora@new.example,+49 30 901820,VIP;Berlin",
            "Kim,KIM@known.example,12,",
            "Ian,ian@invited.example,,",
            f"Carl,{carl.email},,",
            "Bob,bob@bounced.example,,",
            "Sue,sue@suspended.example,,",
            "Nora again,Nora@NEW.example,,",
            "Gwen,gwen@gmial.com,,",
            "Nobody,not an address,,",
            ",,,x",
        ])  # fmt: skip
        assert run.counts == {
            "new": 1, "known": 1, "invited": 1, "joined": 1, "bounced": 1, "shut_out": 1,
            "duplicate": 1, "typo": 1, "invalid": 2,
        }  # fmt: skip
        assert {name for name, act in run.plan.items() if act == "send"} == {"new", "known"}
        reasons = {row.email: row.reason for row in RunRow.page(run.id, "", 0)}
        assert reasons["KIM@known.example"].startswith("The phone number is left out.")
        assert reasons["not an address"] == "Enter one e-mail address, such as name@example.com."
        assert reasons["gwen@gmial.com"] == "Did they mean gwen@gmail.com?"
        assert reasons[""] == "There is no e-mail address."
        assert runs.messages() == before, "a preview sends nothing"

        done = runs.does(run, invited="send", typo="suggestion", joined="send", shut_out="send")
        assert (done.status, done.done, done.failed) == ("done", 10, 0)
        assert done.plan["shut_out"] == "skip", "whatever a form says"
        assert runs.states(run) == {"done": 5, "skipped": 5}
        new = runs.messages() - before
        assert len(new) == 5
        assert set(new.values()) == {1}
        nora = Contact.by_email(runs.account.id, "nora@new.example")
        assert nora
        assert (nora.name, nora.phone) == ("Nora New", "+4930901820")
        assert [tag.name for tag in Tag.of_contacts([nora.id])[nora.id]] == ["Berlin", "VIP"]
        assert Contact.by_email(runs.account.id, "gwen@gmail.com")
        assert Contact.by_email(runs.account.id, "gwen@gmial.com") is None
        told = db.session.scalars(db.select(Event.kind).where(Event.contact_id == nora.id)).all()
        assert {"added", "invited", "tagged"} <= {*told}
    world.worker.drains()
    assert sorted(letter.to[0] for letter in world.postman.letters)[-3:] == [
        "ian@invited.example", "kim@known.example", "nora@new.example",
    ]  # fmt: skip


def test_contacts_are_added_or_tagged_without_any_message(world: World, runs_of: RunsOf) -> None:
    with world.app.app_context():
        runs = runs_of()
        assert runs.does(runs.of_csv(people(3), What.ADD)).done == 3
        run = runs.does(runs.of_csv(people(3, 1), What.TAG, "Spring"))
        assert run.counts == {"known": 2, "new": 1}
        tagged = Tag.in_use(runs.account.id)
        assert [tag.name for tag in tagged] == ["Spring"]
        assert runs.messages() == {}
        again = runs.of_csv(people(2), What.ADD)
        with pytest.raises(RunError, match="Nothing would be done"):
            steer_run.begin(runs.account, again, dict.fromkeys(again.plan, "skip"), by=runs.by)


def test_a_pause_holds_a_cancel_takes_back_and_a_lost_lease_writes_nothing(
    world: World, runs_of: RunsOf
) -> None:
    with world.app.app_context():
        runs = runs_of()
        run = runs.begins(runs.of_csv(people(160)))
        assert do_run.go_on(run.id, seconds=0) is True
        assert runs.found(run).done == 50
        steer_run.pause(runs.account, run, by=runs.by)
        assert do_run.go_on(run.id, seconds=9) is False
        assert runs.found(run).done == 50
        with pytest.raises(RunError, match="Somebody was quicker"):
            steer_run.pause(runs.account, run, by=runs.by)
        steer_run.resume(runs.account, runs.found(run), by=runs.by)

        held = do_run._take_up(run.id)
        assert held, "a worker has it, and hangs"
        assert do_run.go_on(run.id, seconds=9) is False, "nobody else may"
        with time_machine.travel(now() + LEASE + timedelta(seconds=1)):
            assert Run.due() == [run.id]
            assert do_run.go_on(run.id, seconds=9, backlog=100) is False, "a hundred wait to go out"
            assert runs.found(run).done == 100
            assert do_run._chunk(held) is None, "the one that hung comes too late"
        assert len(runs.messages()) == 100
        assert steer_run.cancel(runs.account, run, by=runs.by) == 100
        assert do_run.go_on(run.id, seconds=9) is False
    assert world.worker.drains() <= 1
    assert world.postman.letters == []


def test_a_reader_that_was_killed_is_followed_by_one_that_goes_on(
    world: World, runs_of: RunsOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_run, "BATCH", 40)
    with world.app.app_context():
        runs = runs_of()
        monkeypatch.setattr(read_run, "_preview", _killed)
        with pytest.raises(KeyboardInterrupt):
            runs.of_csv(people(100))
        monkeypatch.undo()
        (run,) = [line.run for line in Run.page(runs.account.id, None)]
        assert (run.status, run.total) == ("reading", 100)
        assert read_run.read(run.id, seconds=9) is False, "until the lease is over"
        with time_machine.travel(now() + LEASE + timedelta(seconds=1)):
            read_run.read(run.id, seconds=9)
        assert runs.found(run).status == "previewed"
        assert runs.found(run).counts == {"new": 100}


def test_a_reader_goes_on_as_long_as_nobody_waits_for_its_worker(
    world: World, runs_of: RunsOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_run, "BATCH", 10)
    with world.app.app_context():
        runs = runs_of()
        run = runs.uploads(people(60))
        turns = iter([True, True, False])
        assert read_run.read(run.id, seconds=0, is_alone=lambda: next(turns)) is True
        assert runs.found(run).total >= 30, "three batches at least, and somebody waits"
        assert next(turns, None) is None
        assert read_run.read(run.id, seconds=0, is_alone=lambda: True) is False
        assert (runs.found(run).status, runs.found(run).total) == ("previewed", 60)


def _killed(_run: Run) -> None:
    raise KeyboardInterrupt


def test_what_happened_since_the_preview_counts(world: World, runs_of: RunsOf) -> None:
    """Two people make two runs of the same people: nobody gets two invitations."""
    with world.app.app_context():
        hers, his = runs_of(), runs_of("acme", "sol@acme.example")
        one, other = hers.of_csv(people(60)), his.of_csv(people(60, 30))
        invite(hers.account, "p29@people.example", by=hers.by)
        for run in (one, other):
            hers.begins(run)
        for _turn in range(3):
            for run in (one, other):
                do_run.go_on(run.id, seconds=0)
        assert [hers.found(run).status for run in (one, other)] == ["done", "done"]
        assert len(hers.messages()) == 90
        assert set(hers.messages().values()) == {1}
        assert hers.states(one) + hers.states(other) == {"done": 89, "skipped": 31}
        assert {row.error for row in RunRow.page(other.id, "", 0, "skipped")} == {
            "They are invited already."
        }


def test_the_failed_are_tried_once_more(world: World, runs_of: RunsOf) -> None:
    world.postman.refusal = "550 5.1.1 No such user"
    with world.app.app_context():
        runs = runs_of()
        run = runs.does(runs.of_csv(people(3)))
    world.worker.drains()
    with world.app.app_context():
        with time_machine.travel(now() + timedelta(minutes=1)):
            do_run.count_messages(run.id)
        assert runs.found(run).tally == {"failed": 3}
        assert RunRow.count_failed(run.id) == 3
        assert steer_run.retry(runs.account, runs.found(run), by=runs.by) == 3
        while do_run.go_on(run.id, seconds=9):
            pass
        assert runs.found(run).status == "done"
        assert runs.found(run).done == 3
    world.postman.refusal = ""
    world.worker.drains()
    assert len(world.postman.letters) == 3
    with world.app.app_context():
        assert set(runs.messages().values()) == {1}, "the same link again"
        with pytest.raises(RunError, match="None of them failed"):
            steer_run.retry(runs.account, runs.found(run), by=runs.by)


def test_runs_of_another_account_are_not_there(world: World, runs_of: RunsOf) -> None:
    with world.app.app_context():
        runs, theirs = runs_of(), runs_of("birch", "bea@birch.example")
        run = runs.of_csv(people(2))
        assert Run.find(theirs.account.id, run.id) is None
        assert Run.page(theirs.account.id, None) == []
        for steer in (steer_run.pause, steer_run.cancel, steer_run.resume, steer_run.retry):
            with pytest.raises(RunError):
                steer(theirs.account, run, by=theirs.by)
        assert theirs.of_csv(people(2)).counts == {"new": 2}, "whom Acme knows is new to Birch"


def test_a_row_that_fails_unforeseen_does_not_keep_the_others_waiting(
    world: World, runs_of: RunsOf
) -> None:
    with world.app.app_context():
        runs = runs_of()
        run = runs.of_csv(people(12))
        odd = db.session.scalars(db.select(RunRow).where(RunRow.run_id == run.id)).all()[5]
        odd.tags = 5  # no code of ours writes this
        db.session.commit()
        run = runs.does(run)
        assert (run.status, run.done, run.failed) == ("done", 12, 1)
        assert runs.states(run) == {"done": 11, "failed": 1}
        assert sorted(runs.messages().values()) == [1] * 11
