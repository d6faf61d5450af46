"""The proof of an event: what shows that the portal wrote it, and that it has not changed since."""

from __future__ import annotations

import hmac
import json
import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from portal.keys import keys_for

SALT_BYTES, MAC_BYTES = 12, 16
ERASED = "erased"
"""The one key of a detail that was erased; its value is the digest of what stood there."""
_written = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Line(NamedTuple):
    """What of an event is proven. *subject_id* and *author_id* are the contact and the staff
    member as they were written down: they stay when the rows they name are gone."""

    account_id: int
    subject_id: int | None
    author_id: int | None
    link_id: UUID | None
    delivery_id: int | None
    actor: str
    kind: str
    detail: dict[str, Any]
    request_id: str
    at: datetime
    proof: bytes | None = None

    @property
    def is_erased(self) -> bool:
        is_unsalted = self.proof is None or len(self.proof) == MAC_BYTES
        return is_unsalted and set(self.detail) == {ERASED}


def prove(line: Line) -> bytes:
    """Return the proof of a new line: a salt, and what only a holder of the keys can make."""
    salt = secrets.token_bytes(SALT_BYTES)
    return salt + _mac(keys_for("history")[0], leaf(line._replace(proof=salt)))


def is_genuine(line: Line) -> bool:
    """Tell whether the portal wrote *line*, with any of the keys it still has."""
    if line.proof is None:
        return False
    found, proven = leaf(line), line.proof[-MAC_BYTES:]
    return any(hmac.compare_digest(_mac(key, found), proven) for key in keys_for("history"))


def leaf(line: Line) -> bytes:
    """Return the digest of the whole line, in which its detail stands as a digest of its own: so
    the detail can be erased, and everything else is proven as before."""
    facts = [
        line.account_id,
        line.subject_id,
        line.author_id,
        line.link_id.hex if line.link_id else None,
        line.delivery_id,
        line.actor,
        line.kind,
        line.detail[ERASED] if line.is_erased else detail_digest(line),
        line.request_id,
        microseconds(line.at),
    ]
    return sha256(_written(facts).encode()).digest()


def detail_digest(line: Line) -> str:
    """Return what stays of the detail when it is erased. Without the salt nobody can guess it."""
    salt = (line.proof or b"")[:SALT_BYTES]
    return sha256(salt + _written(line.detail).encode()).hexdigest()


def microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def sign(words: bytes) -> bytes:
    """Sign with the newest key what stands for a whole history."""
    return hmac.digest(keys_for("history")[0], words, "sha256")


def is_signed(words: bytes, mac: bytes | None) -> bool:
    return any(
        hmac.compare_digest(hmac.digest(key, words, "sha256"), mac or b"")
        for key in keys_for("history")
    )


def _mac(key: bytes, found: bytes) -> bytes:
    return hmac.digest(key, found, "sha256")[:MAC_BYTES]
