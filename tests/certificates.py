"""Certificates that nobody has signed, and a server's side of TLS with one of them."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest


def self_signed(folder: Path, name: str = "localhost") -> Path:
    """Make a certificate for *name*, good for two days, with its key beside it as `.key`."""
    if not shutil.which("openssl"):
        pytest.skip("needs openssl: apt-get install -y openssl")
    path = folder / f"{name}.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    names = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    output = ["-keyout", str(path.with_suffix(".key")), "-out", str(path)]
    subprocess.run([*command.split(), *names, *output], check=True, capture_output=True)
    return path


def serving(certificate: Path) -> ssl.SSLContext:
    """Return what a server needs to show *certificate*."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    return context
