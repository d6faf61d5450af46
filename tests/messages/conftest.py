"""The letters that several tests read."""

from __future__ import annotations

import pytest

from tests.messages.letters import letters
from tests.postman import Letter, Postman


@pytest.fixture(scope="session")
def sent() -> dict[str, Letter]:
    """Every built-in message, as it arrived over SMTP."""
    with Postman.started() as postman:
        return letters(postman)
