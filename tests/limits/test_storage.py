"""Where limits are counted: the portal's own database, or Redis or Valkey when it is set."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.cast import Browser, World
from tests.servers import Redis


@pytest.mark.parametrize("scheme", ["redis", "valkey"])
def test_limits_are_counted_in_the_store_that_is_set(
    world: World, make_app: Callable[..., Flask], redis_server: Redis, scheme: str
) -> None:
    redis_server.flush()
    url = redis_server.url.replace("redis", scheme, 1)
    app = make_app(limit_storage_url=url, limit_links_per_ip=1)
    page = Browser(app).opens("/p/acme/")
    assert page.presses("Email me a sign-in link", email="a@carter.example").status == 200
    again = (
        Browser(app).opens("/p/acme/").presses("Email me a sign-in link", email="b@carter.example")
    )
    again.is_status(429)
    redis_server.flush()
    page.presses("Email me a sign-in link", email="c@carter.example").is_status(200)
