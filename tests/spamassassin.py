"""SpamAssassin from Debian, on its own rules: no network, no learning, nobody's configuration."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

RULES = Path("/usr/share/spamassassin")
FROM = b"From portal@acme.example "
MESSAGE_ID = re.compile(rb"^Message-ID: (<[^>]+>)", re.MULTILINE | re.IGNORECASE)
MODULES = Path("/etc/spamassassin")
STATUS = re.compile(rb"^X-Spam-Status: \w+, score=(-?[\d.]+) .*?tests=(\S*)", re.MULTILINE)


class Verdict(NamedTuple):
    score: float
    rules: str


def spamassassin_program() -> str | None:
    return shutil.which("spamassassin") if RULES.is_dir() and MODULES.is_dir() else None


def judge(messages: Sequence[bytes], home: Path) -> list[Verdict]:
    """Return what SpamAssassin says of each of *messages*, all in one run: its start takes longer
    than the messages. *home* is an empty folder."""
    for module in MODULES.glob("*.pre"):
        shutil.copy(module, home)
    done = subprocess.run(
        [
            spamassassin_program() or "spamassassin",
            "--local",
            "--test-mode",
            "--mbox",
            "--nocreate-prefs",
            f"--configpath={RULES}",
            f"--siteconfigpath={home}",
            "--cf=use_bayes 0",
            "--cf=fold_headers 0",
            "--cf=report_safe 0",
        ],
        input=b"".join(map(_in_mbox, messages)),
        capture_output=True,
        check=True,
        env={**os.environ, "HOME": str(home)},
        timeout=120,
    )
    told = dict(map(_verdict, done.stdout.split(FROM)[1:]))
    return [told[_id(message)] for message in messages]


def _verdict(message: bytes) -> tuple[bytes, Verdict]:
    found = STATUS.search(message)
    assert found, message[:500]
    return _id(message), Verdict(float(found[1]), found[2].decode())


def _id(message: bytes) -> bytes:
    """Return the Message-ID: SpamAssassin answers in an order of its own."""
    found = MESSAGE_ID.search(message)
    assert found, message[:500]
    return found[1]


def _in_mbox(message: bytes) -> bytes:
    """Return *message* as a mailbox holds it, with the line of the server that took it."""
    received = (
        b"%sSun Nov 22 13:22:05 2026\n"
        b"Received: from portal.acme.example (portal.acme.example [65.109.30.7])\n"
        b"\tby mx.carter.example with ESMTPS id 4F2A; %s\n"
    )
    date = re.search(rb"^Date: (.*)\r$", message, re.MULTILINE)
    assert date
    return received % (FROM, date[1]) + message.replace(b"\r\n", b"\n") + b"\n"
