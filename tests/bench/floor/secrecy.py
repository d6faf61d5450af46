"""The product's rules of tokens and codes, written once more with nothing but the library."""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256

from tests.bench.floor.setting import SECRET

_LINK_KEY = hmac.digest(SECRET, b"link", "sha256")
_CODE_KEY = hmac.digest(SECRET, b"code", "sha256")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}[A-Za-z0-9]{2}")


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


def derive_token(nonce: bytes, link_id: bytes) -> str:
    body = urlsafe_b64encode(hmac.digest(_LINK_KEY, nonce + link_id, "sha256"))[:22].decode()
    return body + _checksum(body)


def token_digest(token: str) -> bytes | None:
    if not _TOKEN.fullmatch(token) or token[22:] != _checksum(token[:22]):
        return None
    return digest(token[:22])


def handle_of(found: bytes) -> str:
    return sha256(b"handle" + found).hexdigest()[:12]


def code_of(token: str) -> str:
    return f"{int.from_bytes(sha256(b'code' + token.encode()).digest()[:8]) % 10**8:08d}"


def code_mac(code: str, link_id: bytes) -> bytes:
    return hmac.digest(_CODE_KEY, link_id + code.encode(), "sha256")


def _checksum(body: str) -> str:
    number = int.from_bytes(sha256(b"checksum" + body.encode()).digest()[:4])
    return _LETTERS[number // 62 % 62] + _LETTERS[number % 62]
