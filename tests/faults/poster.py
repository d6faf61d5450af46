"""Ada's browser, posting invitations to an installation whose processes die under it."""

from __future__ import annotations

import http.client
import time
from typing import Any

from tests.cast import SEE_OTHER
from tests.live import Portico
from tests.surfer import Owner, Surfer


class Poster:
    """Posts the same invitation form for one address after the other."""

    def __init__(self, running: Portico, patience: float = 60) -> None:
        """*patience* is in seconds: so long may nobody listen."""
        owner = Owner(running)
        button, form = owner.at("invitations/new")._button("Send Invite")
        assert button
        self.data: dict[str, Any] = owner.at("invitations/new")._data(form)
        self.patience = patience
        self.base, self.cookies = running.url, owner.browser.cookies  # type: ignore[attr-defined]

    def posts(self, address: str) -> str:
        """Return *address* when the portal said that its invitation is on its way."""
        browser = Surfer(self.base)
        browser.cookies = dict(self.cookies)
        deadline = time.monotonic() + self.patience
        while True:
            try:
                answer = browser.asks(
                    "POST", "/admin/acme/invitations/new", data={**self.data, "who": address}
                )
            except ConnectionRefusedError:  # nobody listens, so nobody took it
                assert time.monotonic() < deadline, "the web did not come back"
                time.sleep(0.05)
            except (OSError, http.client.HTTPException):
                return ""
            else:
                return address if answer.status_code == SEE_OTHER else ""
