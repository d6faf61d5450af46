"""The secret halves: tokens of links, codes, cookies, and what is stored instead of them."""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256
from uuid import UUID

from portal.keys import keys_for

BODY_LENGTH = 22
TOKEN_LENGTH = 24
HANDLE_BYTES = 6
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_HANDLE = re.compile(r"[0-9a-f]{12}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}[A-Za-z0-9]{2}")


def new_nonce() -> bytes:
    return secrets.token_bytes(16)


def new_secret() -> str:
    """Return 256 random bits for a cookie."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """Return what is stored of *secret*: SHA-256, enough because the secret is random."""
    return sha256(secret.encode()).digest()


def derive_token(nonce: bytes, link_id: UUID) -> str:
    """Return the token of a new link, made with the newest key."""
    return _token(keys_for("link")[0], nonce, link_id)


def recover_token(nonce: bytes, link_id: UUID, token_digest: bytes) -> str:
    """Return the token whose digest is stored, whichever key made it.

    Raises LookupError when that key is no longer among PORTAL_SECRET_KEYS.
    """
    for key in keys_for("link"):
        token = _token(key, nonce, link_id)
        if token_digest_of(token) == token_digest:
            return token
    raise LookupError("The key that made this link is gone from PORTAL_SECRET_KEYS.")


def token_digest_of(token: str) -> bytes | None:
    """Return the digest of *token*, or None when it was cut or mistyped (its checksum is wrong)."""
    if len(token) != TOKEN_LENGTH or not _TOKEN.fullmatch(token):
        return None
    body = token[:BODY_LENGTH]
    return digest(body) if token[BODY_LENGTH:] == _checksum(body) else None


def handle_of(token_digest: bytes) -> str:
    """Return the public name of an opened link: it stands in the clean URL and opens nothing.

    It is the beginning of what is stored, so that a link is found whose cookie did not come back.
    """
    return token_digest[:HANDLE_BYTES].hex()


def digests_of(handle: str) -> tuple[bytes, bytes] | None:
    """Return the first and the last digest that *handle* may name, or None when it is none."""
    if not _HANDLE.fullmatch(handle):
        return None
    start = bytes.fromhex(handle)
    return start, start + b"\xff" * (sha256().digest_size - HANDLE_BYTES)


def tag_of(address: str) -> str:
    """Return a name for *address* that tells nobody which it is, for counters and cookies."""
    return hmac.digest(keys_for("flow")[0], address.encode(), "sha256").hex()[:32]


def code_of(token: str) -> str:
    """Return the eight digits that stand in the same message as *token*."""
    number = int.from_bytes(sha256(b"code" + token.encode()).digest()[:8])
    return f"{number % 10**8:08d}"


def code_macs(code: str, link_id: UUID) -> tuple[bytes, ...]:
    """Return the MACs of *code* under each key, newest first.

    A bare digest of eight digits would be guessed.
    """
    return tuple(
        hmac.digest(key, link_id.bytes + code.encode(), "sha256") for key in keys_for("code")
    )


def _token(key: bytes, nonce: bytes, link_id: UUID) -> str:
    mac = hmac.digest(key, nonce + link_id.bytes, "sha256")
    body = urlsafe_b64encode(mac)[:BODY_LENGTH].decode()
    return body + _checksum(body)


def _checksum(body: str) -> str:
    """Two letters or digits, never - or _: mail programs take those for the end of a sentence."""
    number = int.from_bytes(sha256(b"checksum" + body.encode()).digest()[:4])
    return _ALPHABET[number // 62 % 62] + _ALPHABET[number % 62]
