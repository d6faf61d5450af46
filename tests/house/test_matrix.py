"""Every route, every role, and what each may name: its own, another account's, nothing at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from portal.db import db, now
from portal.models import Account, Staff, StaffHalfSignIn, StaffPasskey, account_choices
from tests.house.town import EMAILS, PLUGIN, ROLES, STAFF, Place, Town, csrf_of, seen

TOO_LARGE = 10**100
NUMBERS = ("run_id", "contact_id", "session_id", "delivery_id", "task_id", "tag_id", "view_id",
           "staff_id", "invitation_id", "desk_id", "passkey_id")  # fmt: skip


class Row(NamedTuple):
    """What a route answers to staff, to a client and to nobody.

    *own* is for what belongs to them; *no_id* for an id of another account, or of none, below an
    address that is theirs; *other* and *absent* for the address of another account and of none.
    """

    own: str
    no_id: str = ""
    other: str = ""
    absent: str = ""
    only: tuple[str, ...] = ()
    """The roles of staff who may; to the others it is not there."""

    def status(self, column: str, role: str) -> int:
        if self.only and role in STAFF and role not in self.only:
            return 404
        staff, client, nobody = getattr(self, column).split()
        return int(client if role == "client" else nobody if role == "nobody" else staff)


DESK = {"other": "404 303 303", "absent": "404 303 303"}
PAGE, DEED = Row("200 303 303", **DESK), Row("303 303 303", **DESK)
ONE_PAGE, ONE_DEED = PAGE._replace(no_id="404 303 303"), DEED._replace(no_id="404 303 303")
LEADERS = ("owner", "admin", "another")
LED_PAGE, LED_DEED = PAGE._replace(only=LEADERS), DEED._replace(only=LEADERS)
ONE_LED_PAGE, ONE_LED_DEED = ONE_PAGE._replace(only=LEADERS), ONE_DEED._replace(only=LEADERS)
OWN_BROWSER = Row("303 303 303", no_id="404 303 303", only=("owner", "another"))
OWN_PASSKEY = OWN_BROWSER
DOOR = Row("200 200 200", other="200 200 200", absent="404 404 404")
ROOM = Row("303 200 303", other="303 303 303", absent="404 404 404")
LEAVE = Row("303 303 303", other="303 303 303", absent="404 404 404")
ALL = Row("200 200 200")
LETTER = Row("200 200 200", no_id="404 404 404")

REPORT = Row("400 400 400", no_id="404 404 404")
"""Empty, so that no channel understands it."""

# In this order, because the last ones sign the asking browser in or out.
TABLE: dict[tuple[str, str], Row] = {
    ("static", "GET"): Row("200 200 200", no_id="404 404 404"),
    ("front.page", "GET"): Row("303 303 303"),
    ("health.alive", "GET"): ALL,
    ("health.domain", "GET"): Row("404 404 404"),
    ("health.ready", "GET"): Row("503 503 503"),  # no worker runs in these tests
    ("brand.css", "GET"): DOOR,
    # No account has a picture with that name.
    ("brand.picture", "GET"): Row("404 404 404", other="404 404 404", absent="404 404 404"),
    ("staff.accounts", "GET"): Row("200 303 303"),
    ("own_sign_in.index", "GET"): Row("200 303 303"),
    ("own_sign_in.rename", "POST"): OWN_PASSKEY,
    ("own_sign_in.begin_codes", "POST"): Row("303 303 303"),
    ("own_sign_in.codes", "GET"): Row("200 303 303"),
    ("own_sign_in.codes", "POST"): Row("200 303 303"),
    ("own_sign_in.recovery", "GET"): Row("200 303 303"),
    ("own_sign_in.make_recovery_codes", "POST"): Row("200 303 303"),
    ("proving.page", "GET"): Row("200 303 303"),
    ("proving.page", "POST"): Row("200 303 303"),
    ("second_step.page", "GET"): Row("303 303 303"),
    ("second_step.page", "POST"): Row("303 303 303"),
    # The portal's address is a number here: browsers keep no passkeys for it.
    ("passkeys.ask", "POST"): Row("422 422 422"),
    ("passkeys.answer", "POST"): Row("422 422 422"),
    ("staff.password", "GET"): Row("200 303 303"),
    ("staff.password", "POST"): Row("200 303 303"),
    ("staff.sign_in", "GET"): Row("303 200 200"),
    ("staff.sign_in", "POST"): Row("303 200 200"),
    ("overview.page", "GET"): PAGE,
    ("overview.activity", "GET"): PAGE,
    ("contacts.index", "GET"): PAGE,
    ("contacts.suggest", "GET"): PAGE,
    ("contacts.new", "GET"): PAGE,
    ("contacts.new", "POST"): DEED,
    ("contacts.show", "GET"): ONE_PAGE,
    ("contacts.timeline", "GET"): ONE_PAGE,
    ("contact_tags.add", "POST"): ONE_DEED,
    ("contact_tags.remove", "POST"): ONE_DEED,
    ("selection.confirm", "GET"): Row("404 303 303", **DESK),  # no deed is named
    ("selection.act", "POST"): DEED,
    ("selection.export", "POST"): PAGE,
    ("runs.index", "GET"): PAGE,
    ("runs.new", "GET"): PAGE,
    ("runs.new", "POST"): DEED,
    ("runs.show", "GET"): ONE_PAGE,
    ("runs.live", "GET"): ONE_PAGE,
    ("runs.rejected", "GET"): ONE_PAGE,
    ("runs.columns", "POST"): ONE_DEED,
    ("runs.begin", "POST"): ONE_DEED,
    ("runs.begin_now", "POST"): ONE_DEED,
    ("runs.pause", "POST"): ONE_DEED,
    ("runs.resume", "POST"): ONE_DEED,
    ("runs.retry", "POST"): ONE_DEED,
    ("runs.cancel", "POST"): ONE_DEED,
    ("views.save", "POST"): DEED,
    ("views.edit", "GET"): ONE_PAGE,
    ("views.edit", "POST"): ONE_DEED,
    ("views.delete", "POST"): ONE_DEED,
    ("contacts.edit", "GET"): ONE_PAGE,
    ("contacts.edit", "POST"): ONE_DEED,
    ("contacts.revoke", "GET"): ONE_PAGE,
    ("contacts.resend_invite", "POST"): ONE_DEED,
    ("contacts.send_login_email", "POST"): ONE_DEED,
    ("merging.choose", "GET"): ONE_PAGE,
    ("access_ends.page", "GET"): ONE_PAGE,
    ("access_ends.page", "POST"): ONE_DEED,
    ("team.index", "GET"): LED_PAGE,
    ("team.invite", "POST"): LED_PAGE,  # no mail server is set up, so the link is shown
    ("team.member", "GET"): ONE_LED_PAGE,
    ("own_sessions.index", "GET"): Row("200 303 303"),
    ("own_language.choose", "GET"): Row("200 303 303"),
    ("own_language.choose", "POST"): Row("422 303 303"),  # an empty form chooses nothing
    ("joining.open_link", "GET"): Row("303 303 303", no_id="303 303 303"),
    ("joining.page", "GET"): Row("410 410 410"),
    ("joining.page", "POST"): Row("410 410 410"),
    ("contact_data.delete", "GET"): ONE_LED_PAGE,
    ("contact_data.export", "POST"): ONE_LED_PAGE,
    ("adoption.page", "GET"): PAGE,
    ("reminders.page", "GET"): LED_PAGE,
    ("reminders.page", "POST"): LED_DEED,
    ("client_views.new", "GET"): ONE_PAGE,
    ("client_views.new", "POST"): ONE_DEED,
    ("client_views.end", "POST"): DEED,  # at once: nothing else of the portal can be pressed
    ("invitations.new", "GET"): PAGE,
    ("invitations.new", "POST"): DEED,
    ("login_emails.new", "GET"): PAGE,
    ("login_emails.new", "POST"): DEED,
    ("magic_links.new", "GET"): PAGE,
    ("magic_links.new", "POST"): PAGE,
    ("deliveries.index", "GET"): PAGE,
    ("deliveries.live", "GET"): PAGE,
    ("deliveries.retry_all", "GET"): PAGE,
    ("deliveries.retry_all", "POST"): DEED,
    ("deliveries.undo", "POST"): DEED,
    ("deliveries.send_now", "POST"): DEED,
    ("deliveries.try_now", "POST"): DEED,
    ("delivery.show", "GET"): ONE_PAGE,
    ("delivery.story", "GET"): ONE_PAGE,
    ("delivery.html", "GET"): ONE_PAGE,
    ("delivery.retry", "POST"): ONE_DEED,
    # No other channel is set up, so there is nothing to send it by.
    ("delivery.send_by", "POST"): ONE_DEED._replace(own="404 303 303"),
    ("tasks.index", "GET"): PAGE,
    ("support_codes.enter", "GET"): PAGE,
    # A code that no page showed.
    ("support_codes.enter", "POST"): DEED._replace(own="422 303 303"),
    ("tasks.show_link", "POST"): ONE_PAGE,
    ("tasks.close", "POST"): ONE_DEED,
    ("receipts.take", "GET"): REPORT,
    ("receipts.take", "POST"): REPORT,
    ("channels.index", "GET"): LED_PAGE,
    ("account_settings.page", "GET"): LED_PAGE,
    ("account_settings.save", "POST"): LED_DEED,
    ("channels.order", "POST"): LED_DEED,
    ("channels.show", "GET"): ONE_LED_PAGE,
    ("channels.trials", "GET"): ONE_LED_PAGE,
    ("channels.save", "POST"): ONE_LED_DEED,
    ("channels.check", "POST"): ONE_LED_DEED,
    ("channels.test", "POST"): ONE_LED_DEED,
    ("channels.rotate", "POST"): ONE_LED_DEED,
    ("history.index", "GET"): LED_PAGE,
    ("history.export", "GET"): LED_PAGE,
    ("domains.show", "GET"): LED_PAGE,
    ("domains.ask", "POST"): LED_DEED,
    ("domains.check", "POST"): LED_DEED,
    ("domains.proxy", "POST"): LED_DEED,
    ("domains.remove", "GET"): LED_PAGE,
    ("domains.remove", "POST"): LED_DEED,
    ("branding.show", "GET"): LED_PAGE,
    ("branding.save", "POST"): LED_DEED,
    ("branding.change_picture", "POST"): LED_DEED,
    ("words.index", "GET"): LED_PAGE,
    ("words.edit", "GET"): LED_PAGE,
    ("words.save", "POST"): LED_DEED,
    ("words.restore", "POST"): LED_DEED,
    # No channel is set up that could carry it.
    ("words.test", "POST"): LED_PAGE._replace(own="422 303 303"),
    ("words.preview", "GET"): LED_PAGE,
    ("words.preview", "POST"): LED_PAGE,
    ("plugins.index", "GET"): PAGE._replace(only=("owner", "another")),
    ("portal.front", "GET"): DOOR,
    ("portal.section", "GET"): ROOM._replace(no_id="303 404 303"),
    ("portal.access", "GET"): ROOM,
    ("portal.code", "GET"): LEAVE,
    ("portal.code", "POST"): LEAVE,
    ("portal.ask_again", "POST"): LEAVE,
    ("portal.front", "POST"): ROOM,
    ("links.page", "GET"): Row("200 303 200", no_id="410 410 410"),
    # What was opened here is a magic link, and no invitation.
    ("links.refuse", "GET"): Row("410 410 410", no_id="410 410 410"),
    ("links.refuse", "POST"): Row("410 410 410", no_id="410 410 410"),
    ("links.renew", "POST"): Row("303 303 303", no_id="410 410 410"),
    ("mailbox.index", "GET"): ALL,
    ("mailbox.messages", "GET"): ALL,
    ("mailbox.message", "GET"): LETTER,
    ("mailbox.text", "GET"): LETTER,
    ("mailbox.html", "GET"): LETTER,
    ("mailbox.raw", "GET"): LETTER,
    ("mailbox.delete", "POST"): Row("303 303 303"),
    ("portal.end_session", "POST"): LEAVE._replace(no_id="303 404 303"),
    ("links.page", "POST"): Row("303 303 303", no_id="410 410 410"),
    ("links.open_link", "GET"): Row("303 303 303", no_id="303 303 303"),
    ("portal.end_all", "POST"): LEAVE,
    ("portal.sign_out", "POST"): LEAVE,
    ("contacts.suspend", "POST"): ONE_DEED,
    ("contacts.revoke", "POST"): ONE_DEED,
    ("contacts.restore", "POST"): ONE_DEED,
    ("team.member", "POST"): ONE_LED_DEED,
    ("team.withdraw", "POST"): ONE_LED_DEED,
    ("team.hand_over", "POST"): ONE_LED_DEED,  # the admin is told that only owners do
    ("team_factors.require", "POST"): LED_DEED,
    ("team_factors.stop_requiring", "POST"): LED_DEED,
    ("team_factors.reset", "POST"): ONE_LED_DEED,
    ("team.remove", "POST"): ONE_LED_DEED,
    ("own_sessions.end", "POST"): OWN_BROWSER,
    ("own_sessions.end_others", "POST"): Row("303 303 303"),
    ("own_sign_in.stop_codes", "POST"): Row("303 303 303"),
    ("own_sign_in.remove", "POST"): OWN_PASSKEY,
    ("merging.merge", "POST"): ONE_DEED,  # with themselves, which changes nothing
    # No address is named, so that nobody is deleted.
    ("contact_data.delete", "POST"): ONE_LED_DEED,
    ("staff.open_link", "GET"): Row("303 303 303", no_id="303 303 303"),
    ("staff.link_page", "GET"): Row("410 410 410"),
    ("staff.link_page", "POST"): Row("410 410 410"),
    ("staff.sign_out", "POST"): Row("303 303 303"),
}
WORDS = {"kind": "login", "subject": "Come in", "body": "Hello {{client}}", "button": "In"}
FORMS: dict[str, Callable[[Place], dict[str, Any]]] = {
    "team.invite": lambda place: {"email": f"new@{place.slug}.example", "role": "support"},
    "team.member": lambda _place: {"role": "support"},
    "team_factors.require": lambda _place: {"days": "7"},
    "own_sign_in.rename": lambda _place: {"name": "My phone"},
    "own_sign_in.codes": lambda _place: {"code": "123456"},
    "proving.page": lambda _place: {"code": "123456"},
    "second_step.page": lambda _place: {"code": "123456"},
    "passkeys.ask": lambda _place: {"purpose": "sign-in"},
    "passkeys.answer": lambda _place: {"purpose": "sign-in", "credential": "{}"},
    "merging.merge": lambda place: {"other": str(place.contact_id)},
    "contacts.new": lambda place: {"email": f"new@{place.slug}.example", "locale": ""},
    "contacts.edit": lambda place: {"email": EMAILS.get(place.slug, "a@b.example"), "locale": ""},
    "selection.act": lambda place: {"deed": "tag", "contact_ids": str(place.contact_id)},
    "selection.export": lambda place: {"contact_ids": str(place.contact_id)},
    "runs.new": lambda place: {"what": "add", "addresses": f"new@{place.slug}.example"},
    "runs.columns": lambda _place: {"field-0": "email"},
    "runs.begin": lambda _place: {"act-known": "send"},
    "views.save": lambda _place: {"name": "Mine", "status": "joined"},
    "views.edit": lambda _place: {"name": "Ours"},
    "client_views.new": lambda _place: {"reason": "To see what they see"},
    "reminders.page": lambda _place: {"is_on": "y", "first": "2", "second": "5"},
    "contact_tags.add": lambda _place: {"tag": "VIP"},
    "invitations.new": lambda place: {"who": f"guest@{place.slug}.example"},
    "login_emails.new": lambda place: {"contact_ids": str(place.contact_id)},
    "magic_links.new": lambda place: {"contact_id": str(place.contact_id), "life": "900"},
    "account_settings.save": lambda _place: {
        "section": "general",
        "locale": "en",
        "time_zone": "UTC",
        "country": "",
    },
    "channels.order": lambda _place: {"kind": "invite", "channel": "email", "deed": "up"},
    "domains.ask": lambda place: {"host": f"clients.{place.slug}.localhost"},
    "domains.proxy": lambda _place: {"is_proxied": "y"},
    "branding.save": lambda _place: {"name": "Acme", "accent": "#1f6f5c"},
    "words.save": lambda _place: WORDS,
    "words.test": lambda _place: {**WORDS, "to": "test@acme.example"},
    "words.preview": lambda _place: WORDS,
    "branding.change_picture": lambda _place: {"what": "logo", "deed": "remove"},
    "channels.test": lambda place: {"to": f"test@{place.slug}.example"},
    "support_codes.enter": lambda _place: {"code": "K7M-4QX"},
    "delivery.send_by": lambda _place: {"channel": "sms"},
    "portal.front": lambda _place: {"email": "carl@carter.example"},
    "portal.code": lambda _place: {"code": "1234 5678"},
}
IN_QUERIES = ("invitations.new", "login_emails.new", "magic_links.new")


@pytest.fixture
def town(make_app: Callable[..., Flask], tmp_path: Path) -> Town:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "filing.py").write_text(PLUGIN)
    return Town(make_app(smtp_url="", limits="off"), tmp_path)


class Visitor:
    """A role that asks for addresses."""

    def __init__(self, town: Town, role: str) -> None:
        self.town, self.role = town, role
        self.own, self.other, self.absent = town.own(role), town.other(role), town.absent
        self.browser = town.browser(role)
        self.token = csrf_of(self.browser)

    def asks(self, endpoint: str, method: str, place: Place, **form: Any) -> TestResponse:
        if method == "POST":
            form = {"csrf_token": self.token, **FORMS.get(endpoint, lambda _place: {})(place)}
            return self.browser.asks(method, self.url(endpoint, place), data=form)
        answer = self.browser.asks(method, self.url(endpoint, place))
        answer.get_data()
        answer.close()  # a file in portal/static
        return answer

    def url(self, endpoint: str, place: Place) -> str:
        return address(self.town.app, endpoint, place)


def address(app: Flask, endpoint: str, place: Place) -> str:
    rule = next(iter(app.url_map.iter_rules(endpoint)))
    values = {name: value for name, value in place._asdict().items() if name in rule.arguments}
    return app.url_map.bind("127.0.0.1:8000", url_scheme="http").build(endpoint, values)


def routes(app: Flask) -> list[tuple[Rule, str]]:
    return [
        (rule, method)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def arguments(app: Flask, endpoint: str) -> set[str]:
    return next(iter(app.url_map.iter_rules(endpoint))).arguments


def hidden(*places: Place) -> dict[str, str]:
    """Only a section's name may be echoed: into the address to come back to after signing in."""
    return {place.name: "…" for place in places}


def test_every_route_is_in_the_table(town: Town) -> None:
    known = {(rule.endpoint, method) for rule, method in routes(town.app)}
    assert known == set(TABLE)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_gets_what_the_table_says_and_no_more(town: Town, role: str) -> None:
    visitor = Visitor(town, role)
    own, other, absent = visitor.own, visitor.other, visitor.absent
    wrong = []
    for (endpoint, method), row in TABLE.items():
        asked = {"other": [other], "absent": [absent], "no_id": ids_of_no_one(visitor, endpoint)}
        answered = {}
        for column, places in asked.items():
            if not getattr(row, column):
                continue
            answers = [visitor.asks(endpoint, method, place) for place in places]
            answered[column] = answers[0]
            wrong += [
                f"{method} {url(answer)} by {role}: {answer.status_code}, not {expected}"
                for answer in answers
                if answer.status_code != (expected := row.status(column, role))
            ]
            if column == "no_id":
                wrong += different(answers, hidden(other, absent), f"{method} {endpoint}")
        if row.other and row.other == row.absent:
            pair = [answered[column] for column in ("other", "absent")]
            wrong += different(pair, {}, f"{method} {endpoint}")
        answer = visitor.asks(endpoint, method, own)
        if answer.status_code != row.status("own", role):
            wrong.append(f"{method} {url(answer)} by {role}: {answer.status_code}, not {row.own}")
    assert not wrong, "\n".join(line[:600] for line in wrong)


def ids_of_no_one(visitor: Visitor, endpoint: str) -> list[Place]:
    """Ids below the visitor's own address: another account's, nobody's, and one beyond any row."""
    own, absent = visitor.own, visitor.absent
    if endpoint == "receipts.take":
        return [absent, own._replace(key=absent.key), own._replace(channel_id=absent.channel_id)]
    if endpoint.startswith("channels."):
        return [own._replace(channel_id=absent.channel_id)]
    below = arguments(visitor.town.app, endpoint) - {"slug"}
    if not below or below & {"message_id", "filename"}:
        return [absent] if below else []
    found = [place._replace(slug=own.slug) for place in (visitor.other, absent)]
    if below & set(NUMBERS):
        found.append(own._replace(**dict.fromkeys(NUMBERS, TOO_LARGE)))
    return found


def desks(app: Flask) -> list[tuple[str, str]]:
    """Return each page and press of an account's desk."""
    found = [
        (rule.endpoint, method)
        for rule, method in routes(app)
        if rule.rule.startswith("/admin/") and "slug" in rule.arguments
    ]
    assert len(found) > 15
    return found


def sends_all(visitor: Visitor, to: str) -> None:
    for endpoint, method in desks(visitor.town.app):
        answer = visitor.asks(endpoint, method, visitor.own)
        assert answer.status_code == 303, f"{endpoint} answered {answer.status_code}"
        assert answer.headers["Location"] == to, endpoint


def test_each_account_page_sends_strangers_to_the_door(town: Town) -> None:
    for role in ("nobody", "client"):
        sends_all(Visitor(town, role), "/admin/")


def test_no_page_of_an_account_opens_before_the_second_factor(town: Town) -> None:
    without = Visitor(town, "owner")
    with town.app.app_context():
        owner, admin = (Staff.by_email(STAFF[role]) for role in ("owner", "admin"))
        acme = Account.by_slug("acme")
        assert owner
        assert admin
        assert acme
        half = StaffHalfSignIn.begin(admin.id, "password")
        StaffPasskey.remove_all(owner.id)
        account_choices.choose(acme, second_factor_from=now().isoformat())
        db.session.commit()
    sends_all(without, "/admin/_sign-in/")
    halfway = Visitor(town, "nobody")
    halfway.browser.http.set_cookie("portal_staff_half", half, domain="127.0.0.1")
    assert halfway.browser.asks("GET", "/admin/_second/").status_code == 200
    sends_all(halfway, "/admin/")


@pytest.mark.parametrize("role", STAFF)
def test_ids_of_others_in_queries_and_forms_are_like_none(town: Town, role: str) -> None:
    visitor = Visitor(town, role)
    own = visitor.own
    strange = [own._replace(contact_id=p.contact_id) for p in (visitor.other, visitor.absent)]
    for endpoint in IN_QUERIES:
        for name in ("contact_id", "contact_ids"):
            answers = [
                visitor.browser.asks(
                    "GET", visitor.url(endpoint, own), query_string={name: place.contact_id}
                )
                for place in strange
            ]
            assert different(answers, ids_of(*strange), endpoint) == []
    for endpoint in ("login_emails.new", "magic_links.new"):
        answers = [visitor.asks(endpoint, "POST", place) for place in strange]
        assert [answer.status_code for answer in answers] == [422, 422]
        assert different(answers, ids_of(*strange), endpoint) == []


def test_every_press_needs_its_token_and_its_own_site(town: Town) -> None:
    for role in ("owner", "client"):
        visitor, strange = Visitor(town, role), Visitor(town, "nobody").token
        before = rows_of(town.app)
        for rule, method in routes(town.app):
            if method == "GET" or rule.endpoint == "receipts.take":
                continue  # what providers report proves itself in other ways
            target, form = visitor.url(rule.endpoint, visitor.own), FORMS.get(rule.endpoint)
            data = form(visitor.own) if form else {}
            for forged in ({}, {"csrf_token": ""}, {"csrf_token": strange}, {"csrf_token": "ø"}):
                answer = visitor.browser.asks(method, target, data={**data, **forged})
                assert answer.status_code == 400, f"{rule.endpoint} took a press with {forged}"
            answer = visitor.browser.asks(
                method,
                target,
                data={**data, "csrf_token": visitor.token},
                headers={"Sec-Fetch-Site": "same-site"},
            )
            assert answer.status_code == 403, f"{rule.endpoint} took a press from elsewhere"
        assert rows_of(town.app) == before


def ids_of(*places: Place) -> dict[str, str]:
    return {f'value="{place.contact_id}"': "…" for place in places}


def different(answers: list[TestResponse], words: dict[str, str], what: str) -> list[str]:
    """Name *what* if the answers are not the same, byte for byte."""
    shown = [seen(answer, words) for answer in answers]
    return [f"{what} tells {url(answer)} apart: {one} {shown[0]}" for answer, one in
            zip(answers, shown, strict=True) if one != shown[0]]  # fmt: skip


def url(answer: TestResponse) -> str:
    return answer.request.path


def rows_of(app: Flask) -> dict[str, list[Any]]:
    with app.app_context():
        found = {
            table.name: sorted(map(repr, db.session.execute(table.select())))
            for table in db.metadata.sorted_tables
        }
        db.session.rollback()
    return found


def test_the_same_holds_for_heads(town: Town) -> None:
    visitor = Visitor(town, "owner")
    for (endpoint, method), row in TABLE.items():
        if method != "GET" or not row.absent:
            continue
        answer = visitor.browser.asks("HEAD", visitor.url(endpoint, visitor.absent))
        assert answer.status_code == row.status("absent", "owner")
        assert answer.get_data() == b""
