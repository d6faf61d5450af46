"""A device that makes and uses passkeys, as WebAuthn Level 3 has it, and can be told to cheat."""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, BACKUP_ABLE, BACKED_UP, HAS_KEY = 0x01, 0x04, 0x08, 0x10, 0x40


def encoded(value: bytes) -> str:
    return urlsafe_b64encode(value).decode().rstrip("=")


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Authenticator:
    """Holds one passkey for one person, once it has made it."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.flags = PRESENT | VERIFIED | BACKUP_ABLE | BACKED_UP
        self.credential_id = secrets.token_bytes(32)
        self.handle = b""
        self.count = 0
        self.key = ec.generate_private_key(ec.SECP256R1())

    def makes(self, options: dict[str, Any], **cheats: Any) -> str:
        self.handle = decoded(options["user"]["id"])
        client = self._client("webauthn.create", options["challenge"], cheats)
        attested = self._data(options["rp"]["id"], cheats, self.flags | HAS_KEY)
        attested += bytes(16) + len(self.credential_id).to_bytes(2) + self.credential_id
        attested += cbor2.dumps(self._public_key())
        statement = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": attested})
        response = {"attestationObject": encoded(statement), "transports": ["internal", "odd"]}
        return self._said(client, response)

    def signs(self, options: dict[str, Any], **cheats: Any) -> str:
        client = self._client("webauthn.get", options["challenge"], cheats)
        self.count += 1 if self.count else 0
        authenticated = self._data(options["rpId"], cheats, self.flags)
        signed = authenticated + sha256(client).digest()
        response = {
            "authenticatorData": encoded(authenticated),
            "signature": encoded(self.key.sign(signed, ec.ECDSA(hashes.SHA256()))),
            "userHandle": encoded(cheats.get("handle", self.handle)),
        }
        return self._said(client, response)

    def _client(self, kind: str, challenge: str, cheats: dict[str, Any]) -> bytes:
        origin = cheats.get("origin", self.origin)
        told = {"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False}
        return json.dumps({**told, **cheats.get("client", {})}).encode()

    def _data(self, rp_id: str, cheats: dict[str, Any], flags: int) -> bytes:
        flags &= ~cheats.get("without", 0)
        hashed = sha256(cheats.get("rp_id", rp_id).encode()).digest()
        return hashed + bytes([flags]) + cheats.get("count", self.count).to_bytes(4)

    def _public_key(self) -> dict[int, Any]:
        numbers = self.key.public_key().public_numbers()
        return {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}

    def _said(self, client: bytes, response: dict[str, Any]) -> str:
        name = encoded(self.credential_id)
        said = {"id": name, "rawId": name, "type": "public-key", "clientExtensionResults": {}}
        return json.dumps({**said, "response": {"clientDataJSON": encoded(client), **response}})
