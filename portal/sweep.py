"""The sweep: finds work that nobody was woken for, and what has waited for its time."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import NamedTuple
from uuid import uuid4

from portal import metrics, queue, scrapes
from portal.config import settings
from portal.db import atomic, db
from portal.errors import QueueDownError
from portal.flows.do_run import give_up_lost
from portal.flows.forget import forget, look_for
from portal.flows.poll_channel import to_poll
from portal.flows.remind import BATCH as REMIND_BATCH
from portal.flows.remind import remind
from portal.flows.seal_history import HistoryError, seal
from portal.flows.take_over import stop_waiting
from portal.models import outbox
from portal.models.account_domain import AccountDomain
from portal.models.channel_setting import ChannelSetting
from portal.models.channel_trial import ChannelTrial
from portal.models.client_view import ClientView
from portal.models.rate_count import RateCount
from portal.models.retention import Kept
from portal.models.run import Run
from portal.models.sign_in_request import SignInRequest
from portal.models.staff_challenge import StaffChallenge
from portal.models.staff_half_sign_in import StaffHalfSignIn
from portal.models.support_code import SupportCode
from portal.models.worker_sign import WorkerSign

log = logging.getLogger(__name__)
GRACE = timedelta(seconds=3)
"""How long a committed row may wait for its wake before the sweep takes it up."""
BATCH = 500
LEAST_BATCH, EACH = 100, 20
"""Wakes of one round, in all and for each worker, which goes on by itself once it is awake."""
LOW_WATER = 100
"""While more wakes than this are waiting, workers have enough to do."""
DOMAINS = 20
"""Accounts' own domains that are looked at in one round."""
SEAL_SECONDS = 0.25
"""How long one round seals the history."""
REMIND_SECONDS = 0.5
"""After so long, those who are still to be reminded wait for the next round."""
FORGET_EVERY, FORGET_SECONDS = 60.0, 0.25
"""How often what accounts no longer keep is looked for, and how long it is taken out at once."""
ROUND_SECONDS = 1.0
"""Between two looks for what has waited for its time: an undo window, a pause, a turn."""

Verbs = dict[str, Callable[[int], None]]


class Work(NamedTuple):
    """Something to wake a worker for; *was_lost* when somebody had been woken for it before."""

    verb: str
    row_id: int
    was_lost: bool


class Sweep:
    """Runs round after round in a process of its own; nothing it knows is needed by the next."""

    def __init__(self, verbs: Verbs) -> None:
        self._verbs = verbs
        self._next_chores = self._next_forgetting = 0.0
        self._to_forget: deque[Kept] = deque()
        self._sign, self._started_at = uuid4(), datetime.now(UTC)

    def round(self) -> int:
        """Wake workers for what is due; return for how much."""
        if not self._next_chores:  # the first round of this process
            scrapes.listen()
        found = self.wake()
        if time.monotonic() >= self._next_chores:
            self._next_chores = time.monotonic() + settings().sweep
            self.chores()
        return found

    def wake(self) -> int:
        """Wake workers for messages, requests, trials and polls, unless they have enough to do."""
        if _queue_depth() > LOW_WATER:
            return 0
        work = _due(GRACE, max(LEAST_BATCH, EACH * settings().workers))
        for one in work:
            self._wake_or_do(one)
        metrics.note_wake_lost(sum(one.was_lost for one in work))
        return len(work)

    def chores(self) -> None:
        """Do what need not be done every second."""
        _tidy()
        self._show_life()
        give_up_lost()
        self._forget()
        for delivery_id in _without_receipt():
            stop_waiting(delivery_id)
        for domain_id in _domains_due():
            self._wake_or_do(Work("domain", domain_id, False))
        _remind()
        _seal_history()

    def _forget(self) -> None:
        """Take out what accounts no longer keep; what is left when the time is up waits."""
        if not self._to_forget:
            if time.monotonic() < self._next_forgetting:
                return
            self._next_forgetting = time.monotonic() + FORGET_EVERY
            self._to_forget = look_for()
        forget(self._to_forget, FORGET_SECONDS)

    @atomic
    def _show_life(self) -> None:
        WorkerSign.beat(
            self._sign,
            started_at=self._started_at,
            version=version("portico-portal"),
            processes=settings().workers,
        )

    def _wake_or_do(self, work: Work) -> None:
        """A queue that is down must not stop the messages: the sweep then does the work itself."""
        try:
            queue.current().wake(work.verb, work.row_id)
        except QueueDownError:
            try:
                self._verbs[work.verb](work.row_id)
            except Exception:
                db.session.rollback()
                log.exception(
                    "The sweep could not %s %s; the others go on.", work.verb, work.row_id
                )


def drain(verbs: Verbs, limit: int = 10_000) -> int:
    """Do all that is due now, here and without the queue; return how much that was."""
    done = 0
    while done < limit:
        work = [one for one in _due(timedelta()) if one.verb != "poll"]
        if not work:
            break
        for one in work:
            verbs[one.verb](one.row_id)
        done += len(work)
    return done


def _due(grace: timedelta, limit: int = BATCH) -> list[Work]:
    try:
        found = [Work("answer", one, True) for one in SignInRequest.overdue(by=grace, limit=BATCH)]
        found += [Work("deliver", *one) for one in outbox.overdue(by=grace, limit=limit)]
        found += [Work("try", one, True) for one in ChannelTrial.waiting(by=grace)]
        found += [Work("poll", one, False) for one in to_poll()]
        found += [Work("run", one, False) for one in Run.due()]
    finally:
        db.session.rollback()
    return found


def _queue_depth() -> int:
    try:
        return queue.current().size()
    except Exception:  # it is down: the sweep works on
        return 0


def _without_receipt() -> list[int]:
    found = outbox.without_receipt(BATCH)
    db.session.rollback()
    return found


def _domains_due() -> list[int]:
    found = AccountDomain.due(limit=DOMAINS)
    db.session.rollback()
    return found


def _remind() -> None:
    """Queue the reminders that are due; a long list goes on in the next round."""
    until = time.monotonic() + REMIND_SECONDS
    while remind() == REMIND_BATCH and time.monotonic() < until:
        pass


def _seal_history() -> None:
    """Seal what was written since the last time; when that was much, the rest waits a little."""
    until = time.monotonic() + SEAL_SECONDS
    try:
        while seal() and time.monotonic() < until:
            pass
    except HistoryError as error:  # only an operator can help; messages go out all the same
        log.error("%s", error)


@atomic
def _tidy() -> None:
    outbox.catch_up()
    ChannelSetting.catch_up()
    RateCount.forget_ended()
    ChannelTrial.give_up_lost()
    SupportCode.forget_ended()
    ClientView.forget_ended()
    StaffChallenge.forget_ended()
    StaffHalfSignIn.forget_ended()
