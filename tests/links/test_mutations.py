"""Ten thousand tokens that are nobody's: no session, no error, one answer."""

from __future__ import annotations

import random
from collections.abc import Iterator
from hashlib import sha256
from urllib.parse import quote

from flask import Flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

from portal import tokens
from tests.cast import Client, World
from tests.links import rows
from tests.links.acme import Acme
from tests.links.browsers import cookie

BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
# NUL is not among them: an address with one is refused as a whole, before anyone looks at it.
ODD = [chr(n) for n in range(1, 256) if chr(n) != "/"]
ODD += [
    "…",
    "—",
    "\N{ZERO WIDTH SPACE}",
    "é",
    "\ud7ff",
    "\U0001f600",
    "\N{ARABIC-INDIC DIGIT THREE}",
]


def mutations(token: str, count: int, *, seed: int) -> Iterator[str]:
    """Yield *count* tokens a little or a lot unlike *token*, the same ones each time."""
    dice = random.Random(seed)
    made = 0
    while made < count:
        mutant = dice.choice((cut, swapped, changed, odd, longer, fresh))(token, dice)
        if mutant not in ("", ".", "..", token):
            made += 1
            yield mutant


def cut(token: str, dice: random.Random) -> str:
    return token[dice.randrange(3) : dice.randrange(1, 25)]


def swapped(token: str, dice: random.Random) -> str:
    at = dice.randrange(len(token) - 1)
    return token[:at] + token[at + 1] + token[at] + token[at + 2 :]


def changed(token: str, dice: random.Random) -> str:
    at = dice.randrange(len(token))
    return token[:at] + dice.choice(BASE64) + token[at + 1 :]


def odd(token: str, dice: random.Random) -> str:
    at = dice.randrange(len(token) + 1)
    return token[:at] + dice.choice(ODD) + token[at + dice.randrange(2) :]


def longer(token: str, dice: random.Random) -> str:
    return token + dice.choice((token, ".", ">", "=", "\n", " ", "%0d", token[:3]))


def fresh(_token: str, dice: random.Random) -> str:
    return "".join(dice.choice(BASE64) for _ in range(24))


def with_right_checksum(mutant: str) -> str:
    """Make the mutant pass for a whole token, as only someone who has read our code can."""
    body = sha256(mutant.encode()).hexdigest()[: tokens.BODY_LENGTH]
    return body + tokens._checksum(body)


class Quick:
    """Asks without a browser's bookkeeping, thousands of times."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.environ = EnvironBuilder(base_url=app.config["PORTAL_SETTINGS"].url).get_environ()

    def gets(self, path: str, cookie: str = "") -> tuple[int, str, dict[str, str]]:
        environ = {**self.environ, "PATH_INFO": path.encode().decode("latin-1")}
        environ["REQUEST_URI"] = environ["RAW_URI"] = quote(path)
        if cookie:
            environ["HTTP_COOKIE"] = cookie
        body, status, headers = run_wsgi_app(self.app.wsgi_app, environ)
        return int(status[:3]), b"".join(body).decode(), dict(headers)


def test_ten_thousand_mutated_tokens_open_nothing(
    world: World, acme: Acme, invited: Client
) -> None:
    token = acme.copies_link(invited.email).rsplit("/", 1)[1]
    before = rows.dump(world.app)
    asks = Quick(world.app)
    bodies: dict[int, set[str]] = {410: set(), 404: set()}
    forged = [with_right_checksum(mutant) for mutant in mutations(token, 1_000, seed=23)]
    for mutant in [*mutations(token, 9_000, seed=22), *forged]:
        status, body, headers = asks.gets(f"/l/{mutant}")
        assert "portal_acme=" not in headers.get("Set-Cookie", "")
        if status == 303:  # the checksum is right; what it opens is still nobody's
            held = headers["Set-Cookie"].split(";")[0]
            status, body, _ = asks.gets(headers["Location"], cookie=held)
            assert status == 404
        bodies[status].add(body)
    assert len(bodies[410]) == 1
    assert bodies[404] == bodies[410]
    assert rows.dump(world.app) == before


def test_a_forged_cookie_of_an_opened_link_signs_nobody_in(
    world: World, acme: Acme, invited: Client
) -> None:
    token = acme.copies_link(invited.email).rsplit("/", 1)[1]
    browser = invited.another_browser()
    csrf = browser.opens("/p/acme/").field("csrf_token")
    for number, mutant in enumerate(mutations(token, 60, seed=24)):
        forged = with_right_checksum(mutant)
        digest = tokens.token_digest_of(forged)
        assert digest
        handle = tokens.handle_of(digest)
        held = forged if number % 2 else quote(mutant, safe="")
        browser.http.set_cookie(f"portal_link_{handle}", f"{held}.{'n' * 22}", domain="127.0.0.1")
        browser.address = f"203.0.113.{number}"
        answer = browser.asks(
            "POST", f"/l/open/{handle}", data={"csrf_token": csrf, "portal": "acme"}
        )
        assert answer.status_code == (404 if number % 2 else 410)
    assert rows.sessions(world.app) == []
    assert not cookie(browser, "portal_acme")
