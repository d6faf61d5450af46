"""Private keys for DKIM, as people paste them."""

from __future__ import annotations

import base64
import re

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

PrivateKey = RSAPrivateKey | Ed25519PrivateKey

ARMOUR = re.compile(r"-----BEGIN ([A-Z ]+)-----(.*?)-----END \1-----", re.DOTALL)
WEAK = 1024  # bits; RFC 8301 section 3.2 refuses less, and wants 2048


def private_key(text: str) -> PrivateKey:
    """Read a private key in PEM, even on one line, as a password field leaves it.

    Raises ValueError, which never repeats the key.
    """
    try:
        key = serialization.load_pem_private_key(_mended(text), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("This is not a private key without a password, in PEM form.") from None
    if isinstance(key, Ed25519PrivateKey):
        return key
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("DKIM takes an RSA or an Ed25519 key. Make one of these.")
    if key.key_size < WEAK:
        raise ValueError(f"The key is too short ({key.key_size} bits). Make one of 2048 bits.")
    return key


def public_half(key: PrivateKey) -> str:
    """Return the public key as the `p=` of a DNS record holds it."""
    public = key.public_key()
    encoding, form = serialization.Encoding, serialization.PublicFormat
    if isinstance(key, RSAPrivateKey):
        return in_base64(public.public_bytes(encoding.DER, form.SubjectPublicKeyInfo))
    return in_base64(public.public_bytes(encoding.Raw, form.Raw))  # RFC 8463 section 4.2


def _mended(text: str) -> bytes:
    found = ARMOUR.search(text)
    if not found:
        return text.encode()
    kind, content = found[1], "".join(found[2].split())
    lines = [content[n : n + 64] for n in range(0, len(content), 64)]
    return "\n".join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----", ""]).encode()


def in_base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()
