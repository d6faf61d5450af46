"""Every form of the desk, filled in by somebody who means no good: each answer is a page."""

from __future__ import annotations

from collections.abc import Iterator

from tests.house.test_matrix import FORMS, TABLE, Visitor, town
from tests.house.town import Town

__all__ = ["town"]
LONG = "9" * 60_000
HOSTILE = ("a\0b", "\ud800", LONG, "-1", "'; DROP TABLE contact; --", "<script>alert(1)</script>",
           "1e999", "٣", "\r\nBcc: x@y.example", "../../etc/passwd", "")  # fmt: skip
NAMES = (
    "first", "second", "third",
    "reason", "tag", "seen", "sort", "columns", "scope", "tag_name",
    "addresses", "field-0", "has_head", "act-new", "ids", "to",
    "channel", "kind", "deed", "q", "status", "cause", "since", "until", "rate",
    "receipt_wait", "undo_one", "undo_bulk", "country", "send_at", "email", "name", "note", "phone",
    "locale", "external_id", "who", "contact_id", "contact_ids", "life", "target", "link_id",
    "regenerate", "code", "set-smtp_host", "set-smtp_port", "set-smtp_password", "set-from_address",
    "accent", "support", "footer", "use", "nearest", "what", "subject", "body", "button",
    "form", "language", "version", "view", "days", "place", "purpose", "credential",
    "host", "is_proxied",
    "life_self", "life_self-unit", "undo_one-unit", "client_idle", "keep_runs", "time_zone",
    "ends_at", "preset", "section",
    "set-dkim_key", "set-dkim_selector", "set-bounce_host", "set-bounce_folder",
)  # fmt: skip
DESK = ("contacts", "client_views", "reminders", "contact_tags", "views", "selection",
        "runs", "invitations", "login_emails", "magic_links", "deliveries", "delivery", "tasks",
        "channels", "support_codes", "branding", "domains", "words", "own_sign_in", "proving",
        "second_step", "passkeys", "team_factors", "access_ends", "account_settings")  # fmt: skip


def test_no_form_breaks_on_what_it_is_sent(town: Town) -> None:
    visitor = Visitor(town, "owner")
    broken = [
        f"{endpoint} on {sorted(form)} with {value[:20]!a}"
        for endpoint, method in TABLE
        if method == "POST" and endpoint.partition(".")[0] in DESK
        for value in HOSTILE
        for form in forms(FORMS.get(endpoint, lambda _place: {})(visitor.own), value)
        if status(visitor, endpoint, form) >= 500
    ]
    assert broken == []


def forms(usual: dict[str, str], value: str) -> Iterator[dict[str, str]]:
    """Yield the form with *value* in each of its fields, one by one, and then in all there are."""
    yield from ({**usual, name: value} for name in usual)
    yield {**usual, **dict.fromkeys(NAMES, value)}


def status(visitor: Visitor, endpoint: str, form: dict[str, str]) -> int:
    form = {**form, "csrf_token": visitor.token}
    data = {name: typed.encode("utf-8", "surrogatepass") for name, typed in form.items()}
    url = visitor.url(endpoint, visitor.own)
    return visitor.browser.asks("POST", url, data=data).status_code
