"""The rows of an account as it is after two years, as many as wanted, written set by set.

Indexes and triggers are away meanwhile and put back as they were; what triggers keep is written
as they would have kept it. The history is taken up as it was found, without proofs of its own.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from portal.models.address import folded
from portal.models.contact_list import PAGE
from portal.models.search_words import search_key
from tests.bench.desk_bulk import Bulk

FIRST = ("Ann", "José", "Zoë", "Maren", "Tomás", "Priya", "Jonas", "Grace", "Hana", "Sam", "Inès",
         "Mateusz", "Layla", "Carl", "Dora", "Ng")  # fmt: skip
SYLLABLES = ("ba", "den", "ker", "lo", "mi", "nor", "ster", "ul", "va", "wick", "zan", "fer", "gro",
             "hol", "jin", "kow", "pra", "quin", "ros", "tam")  # fmt: skip
STANDINGS = (("joined", 60), ("invited", 20), ("", 15), ("suspended", 3), ("revoked", 2))
LONG, EVERY = 500, 1_000
"""Of every thousand, the five hundredth has a long history: 300 messages."""
RARE = {"rare": "500", "tasked": "9973", "waiting": "995", "delivered": "900", "bounced": "930",
        "failed": "950", "expired": "960", "complained": "965", "unknown": "970",
        "cancelled": "990"}  # fmt: skip
RARE_OF_FEW = {"rare": "16", "tasked": "17", "waiting": "940", "delivered": "790", "bounced": "825",
               "failed": "860", "expired": "895", "complained": "930", "unknown": "965",
               "cancelled": "1000"}  # fmt: skip
"""One in so many has the rarer tag, or a task; of a thousand messages those up to a number ended
so, and from a number on they wait. Among few contacts more do: a page is compared with a page that
shows as much."""
TABLES = ("contact", "portal_access", "contact_tag", "magic_link", "delivery", "event",
          "client_session", "reminder", "staff_task", "run", "run_row")  # fmt: skip
PERSON = ("id", "account_id", "name", "email", "email_norm", "phone", "locale", "external_id",
          "addresses", "sort_key", "search_key", "created_at", "standing", "seen_key",
          "undelivered", "opened")  # fmt: skip
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def fill(bulk: Bulk, count: int) -> None:
    """Give the one account of an empty installation *count* contacts and all that comes of them."""
    at = datetime.now(UTC)
    with bulk.without_indexes(TABLES):
        bulk.copy("contact", PERSON, people(count, at, bulk))
        rare = RARE if count // int(RARE["rare"]) > PAGE else RARE_OF_FEW
        words = {"now": str(int((at - EPOCH).total_seconds()) * 1_000_000), **_SHORT, **rare}
        for statement in _STATEMENTS:
            bulk.run(statement, words)


def people(count: int, at: datetime, bulk: Bulk) -> Iterator[tuple[Any, ...]]:
    dice = random.Random(1)
    names, shares = zip(*STANDINGS, strict=True)
    for n in range(1, count + 1):
        last = "".join(dice.choices(SYLLABLES, k=3)).capitalize()
        name = f"{dice.choice(FIRST)} {last}"
        email = f"{last.lower()}.{n}@example-{n % 997}.example"
        phone = f"+44207{n:07}" if n % 3 == 0 else ""
        standing = "joined" if n % EVERY == LONG else dice.choices(names, shares)[0]
        has_been = standing not in ("", "invited")
        seen = at - timedelta(days=dice.expovariate(1 / 40)) if has_been else EPOCH
        undelivered = bool(standing) and dice.random() < 0.03
        opened = standing == "invited" and not undelivered and dice.random() < 0.3
        added = at - timedelta(days=730) + timedelta(days=700) * n / count
        yield (n, 1, name, email, email, phone, "", f"C-{n}", "{}", folded(name),
               search_key(name, email, phone, f"C-{n}"), bulk.time(added), standing,
               bulk.time(seen), undelivered, opened)  # fmt: skip


# {at:…} becomes the time of so many microseconds, {json:…} a JSON value and so on: see desk_bulk.
_SHORT = {"day": "86400000000", "many": "count(*)"}
_ACCESS = """
    INSERT INTO portal_access (contact_id, account_id, status, invited_at, joined_at, last_seen_at,
        auth_epoch, undelivered, opened_at)
    SELECT id, 1, standing, created_at,
        CASE WHEN seen_key > {at:0} THEN seen_key END,
        CASE WHEN seen_key > {at:0} THEN seen_key END, 1, undelivered,
        CASE WHEN opened THEN created_at END
    FROM contact WHERE standing <> ''
"""
_TAGS = """
    INSERT INTO contact_tag (tag_id, contact_id, sort_key)
    SELECT 1, id, sort_key FROM contact WHERE id % 2 = 1 UNION ALL
    SELECT 2, id, sort_key FROM contact WHERE id % {rare} = 0
"""
# One row for each message: whose, how many came before it, when it was owed.
_STEPS = """
    CREATE TABLE bench_step AS
    WITH RECURSIVE number(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM number WHERE k < 300),
    person AS (SELECT id, standing, undelivered, phone,
        CASE WHEN standing = '' THEN 0 WHEN id % 1000 = 500 THEN 300
            WHEN standing = 'joined' THEN 1 + (id * 7919 / 13) % 5
            WHEN standing = 'invited' THEN 1 + (id * 7919 / 13) % 3 ELSE 3 END AS many
        FROM contact),
    owed AS (
        SELECT * FROM person JOIN number ON k <= many WHERE many <= 5 AND k <= 5
        UNION ALL SELECT * FROM person JOIN number ON k <= many WHERE many > 5),
    cast_dice AS (SELECT *, (id * 7919 + k * 104729 + id / 7) % 1000 AS dice FROM owed),
    fated AS (SELECT *, CASE
        WHEN k = many AND undelivered THEN CASE WHEN dice % 2 = 0 THEN 'bounced' ELSE 'failed' END
        WHEN k = many AND dice >= {waiting} THEN 'queued'
        WHEN k = many THEN CASE WHEN dice < 750 THEN 'sent' ELSE 'delivered' END
        WHEN dice < 700 THEN 'sent' WHEN dice < {delivered} THEN 'delivered'
        WHEN dice < {bounced} THEN 'bounced' WHEN dice < {failed} THEN 'failed'
        WHEN dice < {expired} THEN 'expired' WHEN dice < {complained} THEN 'complained'
        WHEN dice < {unknown} THEN 'unknown' WHEN dice < {cancelled} THEN 'cancelled'
        ELSE 'sent' END AS status FROM cast_dice),
    timed AS (SELECT *, CASE WHEN status = 'queued' THEN {now} - dice * 1000000
        ELSE {now} - (id * 2654435761 % 15552000) * 1000000 - 60000000
            - (many - k) * (550 * {day} / many) END AS us FROM fated)
    SELECT row_number() OVER (ORDER BY us, id, k) AS id, id AS contact_id, k, many, dice, us,
        status,
        CASE WHEN k = 1 OR standing = 'invited' THEN 'invite' WHEN dice % 3 = 0 THEN 'self'
            ELSE 'login' END AS kind,
        CASE WHEN phone <> '' AND dice % 10 = 0 THEN 'sms' ELSE 'email' END AS channel,
        CASE WHEN standing <> 'invited' AND status IN ('sent', 'delivered')
            AND (dice % 2 = 1 OR k = many) THEN us + 600000000 END AS used_us,
        {uuid} AS link_id
    FROM timed
"""
_LINKS = """
    INSERT INTO magic_link (id, account_id, contact_id, kind, nonce, token_digest, target,
        issued_by, auth_epoch, life, created_at, expires_at, used_at, used_bound, used_browser,
        revoked_why, reminder)
    SELECT link_id, 1, contact_id, kind, {random:16}, {random:32}, '', CASE WHEN kind <> 'self'
        THEN 1 END, 1, CASE WHEN kind = 'invite' THEN 604800 ELSE 3600 END, {at:us},
        {at:us + CASE WHEN kind = 'invite' THEN 7 * {day} ELSE 3600000000 END},
        CASE WHEN used_us IS NOT NULL THEN {at:used_us} END, FALSE,
        CASE WHEN used_us IS NOT NULL THEN 'Safari on iPhone' ELSE '' END, '', 0
    FROM bench_step ORDER BY id
"""
_DELIVERIES = """
    INSERT INTO delivery (id, account_id, contact_id, link_id, channel, kind, status, attempts,
        due_at, deadline_at, held, provider_id, cause, error, reply, note, created_at, finished_at)
    SELECT id, 1, contact_id, link_id, channel, kind, status, 1,
        CASE WHEN status = 'queued' THEN {at:us + {day} } ELSE {at:us} END, {at:us + 7 * {day} },
        FALSE, CASE WHEN channel = 'sms' THEN 'SM' || id ELSE '' END,
        CASE WHEN status = 'bounced' THEN 'no_mailbox' WHEN status = 'failed' THEN 'refused'
            ELSE '' END,
        CASE WHEN status IN ('bounced', 'failed') THEN 'The mailbox does not exist.' ELSE '' END,
        CASE WHEN status IN ('sent', 'delivered') THEN '2.0.0 taken' ELSE '' END, '', {at:us},
        CASE WHEN status <> 'queued' THEN {at:us + 2000000} END
    FROM bench_step ORDER BY id
"""
_EVENTS = """
    INSERT INTO event (id, account_id, contact_id, staff_id, link_id, delivery_id, actor, kind,
        detail, request_id, at, subject_id, author_id)
    SELECT 100 + row_number() OVER (ORDER BY us, contact_id, kind), 1, contact_id, staff_id,
        link_id, delivery_id, actor, kind, {json:detail}, request_id, {at:us}, contact_id, staff_id
    FROM (
        SELECT us, contact_id, CASE WHEN kind <> 'self' THEN 1 END AS staff_id, link_id,
            id AS delivery_id, CASE WHEN kind = 'self' THEN 'client' ELSE 'staff' END AS actor,
            CASE kind WHEN 'self' THEN 'asked' WHEN 'login' THEN 'login_email' ELSE 'invited' END
                AS kind, '{{}}' AS detail, 'r' || id AS request_id FROM bench_step
        UNION ALL SELECT us + 2000000, contact_id, NULL, link_id, id, 'portal', status,
            '{{"reply": "2.0.0 taken"}}', '' FROM bench_step
            WHERE status NOT IN ('queued', 'cancelled')
        UNION ALL SELECT us + 300000000, contact_id, NULL, link_id, NULL, 'client', 'opened',
            CASE WHEN dice % 3 = 0 THEN '{{"browser": "another program", '
                || '"network": "192.0.2.0/24", "signs": ["network"], "is_program": true}}'
            ELSE '{{"browser": "Safari on iPhone", "network": "198.51.100.0/24"}}' END,
            'o' || id FROM bench_step WHERE status IN ('sent', 'delivered') AND dice % 5 < 2
        UNION ALL SELECT used_us, contact_id, NULL, link_id, NULL, 'client', 'signed_in',
            '{{"browser": "Safari on iPhone", "via": "link"}}', 's' || id FROM bench_step
            WHERE used_us IS NOT NULL
        UNION ALL SELECT us - 1000000, contact_id, 1, NULL, NULL, 'staff', 'edited',
            '{{"changes": {{"name": ["Ann", "Anna"]}}}}', 'e' || id FROM bench_step
            WHERE k = 1 AND contact_id % 4 = 0
    ) AS line
"""
_SESSIONS = """
    INSERT INTO client_session (account_id, contact_id, digest, link_id, via, bound, browser,
        auth_epoch, signed_in_on, created_at, last_seen_at, expires_at)
    SELECT 1, contact_id, {random:32}, link_id, 'link', FALSE, 'Safari on iPhone', 1,
        {date:used_us}, {at:used_us}, {at:used_us}, {at:used_us + 30 * {day} }
    FROM bench_step WHERE used_us > {now} - 30 * {day} ORDER BY id
"""
_SIGN_INS = """
    INSERT INTO sign_in_day (account_id, day, count) SELECT 1, {date:used_us}, {many}
    FROM bench_step WHERE used_us IS NOT NULL GROUP BY {date:used_us}
"""
_TALLY = """
    INSERT INTO account_tally (account_id, invited, joined, undelivered, opened, unreached)
    SELECT 1, {many} FILTER (WHERE status = 'invited'), {many} FILTER (WHERE status = 'joined'),
        {many} FILTER (WHERE undelivered),
        {many} FILTER (WHERE status = 'invited' AND NOT undelivered AND opened_at IS NOT NULL),
        {many} FILTER (WHERE status = 'invited' AND undelivered) FROM portal_access
"""
_TASKS = """
    INSERT INTO staff_task (account_id, contact_id, link_id, delivery_id, reason, expires_at,
        created_at, done_why)
    SELECT 1, contact_id, link_id, id, 'Tell them in person.', {at:{now} + 3 * {day} }, {at:us}, ''
    FROM bench_step WHERE contact_id % {tasked} = 7 AND k = many
"""
_REMINDERS = """
    INSERT INTO reminder (contact_id, account_id, staff_id, invited_at, number, due_at, ended)
    SELECT id, 1, 1, created_at, 1, {at:{now} + (1 + id % 7) * {day} }, '' FROM contact
    WHERE standing = 'invited' AND NOT undelivered
"""
_RUNS = """
    INSERT INTO run (id, account_id, staff_id, what, tag, source, file_name, status, asked, shape,
        plan, counts, tally, position, total, done, skipped, failed, error, request_id, created_at,
        begin_at, since_done, finished_at, claim)
    WITH RECURSIVE number(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM number WHERE k < 60)
    SELECT k, 1, 1, 'invite', '', 'file', 'clients.csv', 'done', {json:'{{}}'}, {json:'{{}}'},
        {json:'{{"new": "invite"}}'}, {json:'{{"new": 1000}}'}, {json:'{{"sent": 1000}}'}, 1000,
        1000, 1000, 0, 0, '', '', {at:{now} - (61 - k) * {day} }, {at:{now} - (61 - k) * {day} }, 0,
        {at:{now} - (61 - k) * {day} + 60000000}, 1
    FROM number
"""
_RUN_ROWS = """
    INSERT INTO run_row (run_id, line, email, email_norm, name, phone, external_id, tags, verdict,
        reason, suggestion, state, error, contact_id)
    SELECT 60 - id % 30, id, email, email_norm, name, phone, external_id, {json:'[]'}, 'new', '',
        '', 'done', '', id
    FROM contact WHERE id % 4 = 0 ORDER BY id
"""
_STATEMENTS = (_ACCESS, _TAGS, _STEPS, _LINKS, _DELIVERIES, _EVENTS, _SESSIONS, _SIGN_INS, _TALLY,
               _TASKS, _REMINDERS, _RUNS, _RUN_ROWS, "DROP TABLE bench_step")  # fmt: skip
