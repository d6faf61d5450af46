"""The floor's account and clients, and links for them, written by the bench."""

from __future__ import annotations

import secrets
from pathlib import Path

from tests.bench.floor import secrecy, store


def prepare(clients: int) -> None:
    store.connection().executescript(Path(__file__).with_name("schema.sql").read_text())
    with store.writing() as db:
        db.execute("INSERT INTO account VALUES (1, 'acme', 'Acme', 'UTC', '#1f6f5c')")
        for n in range(clients):
            email = f"carl{n}@carter.example"
            person = (n + 1, f"Carl Carter {n}", email, email)
            db.execute("INSERT INTO contact VALUES (?,1,?,?,?)", person)
            db.execute("INSERT INTO access VALUES (?,'invited',1,NULL,NULL)", (n + 1,))


def issue_links(count: int) -> list[str]:
    now, tokens = store.microseconds(), []
    with store.writing() as db:
        for contact_id in range(1, count + 1):
            link_id, nonce = secrets.token_bytes(16), secrets.token_bytes(16)
            token = secrecy.derive_token(nonce, link_id)
            db.execute(
                "INSERT INTO magic_link (id, account_id, contact_id, nonce, token_digest, "
                "auth_epoch, created_at, expires_at) VALUES (?,1,?,?,?,1,?,?)",
                (link_id, contact_id, nonce, secrecy.token_digest(token), now, now + 3600 * 10**6),
            )
            tokens.append(token)
    return tokens
