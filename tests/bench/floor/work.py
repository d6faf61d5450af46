"""The worker: claims a row of the outbox, renders it, hands it over, writes the end."""

from __future__ import annotations

import smtplib
from typing import Any

from huey import SqliteHuey, crontab

from tests.bench.floor import mail, store
from tests.bench.floor.setting import QUEUE

SECOND = 10**6

huey = SqliteHuey(filename=str(QUEUE), results=False, fsync=False)

CLAIM = """
    UPDATE delivery SET status = 'sending', attempts = attempts + 1, lease_until = ?
    WHERE id = ? AND (status = 'queued' AND due_at <= ? OR status = 'sending' AND lease_until <= ?)
    RETURNING attempts, link_id, browser
"""
JOB = """
    SELECT l.id, l.nonce, l.expires_at, c.name, c.email, a.name, a.slug, a.time_zone, a.accent
    FROM magic_link l JOIN contact c ON c.id = l.contact_id JOIN account a ON a.id = l.account_id
    JOIN access x ON x.contact_id = l.contact_id AND x.auth_epoch = l.auth_epoch
    WHERE l.id = ? AND x.status IN ('invited', 'joined') AND l.used_at IS NULL
        AND l.revoked_at IS NULL
"""


@huey.task()
def deliver(delivery_id: int) -> None:
    taken = _claim(delivery_id)
    if taken is None:
        return None
    attempt, browser, job = taken
    if job is None:
        return _finish(delivery_id, attempt, "cancelled", "")
    try:
        reply = mail.send(delivery_id, mail.Job(*job, browser))
    except (OSError, smtplib.SMTPException) as error:
        return _put_back(delivery_id, attempt, str(error)[:200])
    return _finish(delivery_id, attempt, "sent", reply)


@huey.periodic_task(crontab())
def sweep() -> None:
    now = store.microseconds()
    rows = store.connection().execute(
        "SELECT id FROM delivery WHERE status = 'queued' AND due_at <= ? "
        "OR status = 'sending' AND lease_until <= ? LIMIT 200",
        (now - 3 * SECOND, now),
    )
    for (delivery_id,) in rows.fetchall():
        deliver(delivery_id)


def _claim(delivery_id: int) -> tuple[int, str, Any] | None:
    now = store.microseconds()
    with store.writing() as db:
        row = db.execute(CLAIM, (now + 60 * SECOND, delivery_id, now, now)).fetchone()
        if row is None:
            return None
        attempt, link_id, browser = row
        db.execute(
            "UPDATE magic_link SET expires_at = ? WHERE id = ?", (now + 600 * SECOND, link_id)
        )
        return attempt, browser, db.execute(JOB, (link_id,)).fetchone()


def _finish(delivery_id: int, attempt: int, status: str, reply: str) -> None:
    with store.writing() as db:
        db.execute(
            "UPDATE delivery SET status = ?, reply = ?, finished_at = ?, lease_until = NULL "
            "WHERE id = ? AND attempts = ? AND status = 'sending'",
            (status, reply, store.microseconds(), delivery_id, attempt),
        )


def _put_back(delivery_id: int, attempt: int, error: str) -> None:
    with store.writing() as db:
        db.execute(
            "UPDATE delivery SET status = 'queued', due_at = ?, lease_until = NULL, reply = ? "
            "WHERE id = ? AND attempts = ? AND status = 'sending'",
            (store.microseconds() + 15 * SECOND, error, delivery_id, attempt),
        )
