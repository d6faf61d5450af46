"""What staff and the operator changed, in plain words: what a line of the history says of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from portal.languages import _, _n, listed, mark
from portal.messages import isolate
from portal.web import setting_words
from portal.web.admin import factor_words
from portal.web.templating import when

SAYS = {
    "account_opened": (mark("The account was opened"), "arch"),
    "account_changed": (mark("%(by)s changed the account"), "settings"),
    "words_changed": (mark("%(by)s changed the words of a message"), "edit"),
    "staff_added": (mark("%(by)s added somebody to the staff"), "user-plus"),
    "role_changed": (mark("%(by)s changed somebody's role"), "users"),
    "staff_link_made": (mark("A sign-in link was made for %(by)s"), "link"),
    "staff_signed_in": (mark("%(by)s signed in to the desk"), "check"),
    "staff_signed_out": (mark("%(by)s signed out of the desk"), "log-out"),
    "password_chosen": (mark("%(by)s chose a password"), "settings"),
    "password_changed": (mark("%(by)s changed their password"), "settings"),
    "channel_checked": (mark("%(by)s had %(channel)s checked"), "settings"),
    "channel_tested": (mark("%(by)s had a test sent by %(channel)s"), "send"),
    "channel_paused": (mark("%(channel)s was paused"), "pause", "note"),
    "channel_resumed": (mark("%(channel)s goes on"), "refresh", "good"),
    "reminders_changed": (mark("%(by)s changed the reminders"), "clock"),
    "domain_asked": (mark("%(by)s asked for a domain of the portal's own"), "globe"),
    "domain_changed": (mark("%(by)s changed the portal's own domain"), "globe"),
    "domain_verified": (mark("The portal's own domain is in use"), "globe", "good"),
    "domain_failing": (mark("The portal's own domain is not in use any more"), "globe", "bad"),
    "domain_removed": (mark("%(by)s removed the portal's own domain"), "globe", "note"),
    "viewed": (mark("%(by)s looked at the portal as %(to)s sees it"), "eye", "note"),
    "hurried": (mark("%(by)s let the message to %(to)s go at once"), "send"),
    "task_closed": (mark("%(by)s took %(to)s off the list of links to hand over"), "check"),
    "staff_invited": (mark("%(by)s invited somebody to the team"), "user-plus"),
    "staff_uninvited": (mark("%(by)s withdrew an invitation to the team"), "x"),
    "staff_joined": (mark("%(by)s joined the team"), "user-plus"),
    "staff_removed": (mark("%(by)s took somebody off the team"), "users", "note"),
    "handed_on": (mark("%(by)s handed the account over"), "users", "note"),
    "staff_session_ended": (mark("%(by)s signed another browser out of the desk"), "log-out"),
    "merged": (mark("%(by)s merged another contact into %(to)s"), "users", "note"),
    "deleted": (mark("%(by)s deleted a contact for good"), "x", "note"),
    "person_exported": (mark("%(by)s exported the personal data of %(to)s"), "file"),
    "run_begun": (mark("%(by)s began a run"), "users"),
    "run_paused": (mark("%(by)s paused a run"), "pause", "note"),
    "run_resumed": (mark("%(by)s let a run go on"), "refresh", "good"),
    "run_cancelled": (mark("%(by)s cancelled a run"), "x", "note"),
    "run_retried": (mark("%(by)s had what failed in a run tried once more"), "refresh"),
    "history_adopted": (mark("%(by)s took the history as it stood"), "alert", "note"),
    **factor_words.SAYS,
}
_NAMES = {
    "email": mark("E-mail address"),
    "phone": mark("Phone number"),
    "locale": mark("Language"),
    "external_id": mark("External id"),
    "accent": mark("Accent colour"),
    "support": mark("Support contact"),
    "footer": mark("Footer line"),
    "icon": mark("Favicon"),
    "rate": mark("Most messages a minute"),
    "receipt_wait": mark("Wait for receipts"),
    "time_zone": mark("Time zone"),
    "reminders": mark("Reminders"),
    "ends_at": mark("Access ends"),
}
_WHY = {"handed over": mark("The link was handed over"), "not needed": mark("It was not needed")}

_ROLES = {"owner": mark("owner"), "admin": mark("admin"), "support": mark("support")}
_VIA = {
    "link": mark("With a link"),
    "password": mark("With their password"),
    "passkey": mark("With a passkey"),
}
_KINDS = {
    "invite": mark("Invite"),
    "login": mark("Login"),
    "self": mark("Self"),
    "magic": mark("Magic"),
}


def name_of(field: str) -> str:
    return _(
        _NAMES.get(field) or setting_words.NAMES.get(field) or field.replace("_", " ").capitalize()
    )


def parts(detail: dict[str, Any]) -> Iterator[str]:
    """Yield what is to be said of a change besides who made it."""
    if "owner" in detail:
        yield _("Its owner is %(who)s", who=isolate(str(detail["owner"])))
    if "who" in detail and "role" in detail:
        yield _role(detail)
    yield from _merged(detail.get("merged", {}))
    for field, (before, after) in detail.get("changes", {}).items():
        yield _(
            "%(field)s: %(before)s → %(after)s",
            field=name_of(field),
            before=_value(field, before),
            after=_value(field, after),
        )
    if detail.get("changed"):
        fields = listed([name_of(field) for field in detail["changed"]])
        yield _("Changed: %(fields)s", fields=fields)
    if "to" in detail:
        yield _("To %(who)s", who=isolate(str(detail["to"])))
    if "via" in detail and "link_kind" not in detail:
        yield _via(str(detail["via"]))
    if detail.get("sessions_ended"):
        yield _n(
            "One other browser was signed out",
            "%(count)s others signed out",
            detail["sessions_ended"],
        )
    if detail.get("why") in _WHY:
        yield _(_WHY[detail["why"]])
    yield from _of_domain(detail)
    yield from _of_words(detail)
    yield from factor_words.parts(detail)
    yield from _run(detail)
    if "erased" in detail:
        yield _("The details were erased with the contact")


def _role(detail: dict[str, Any]) -> str:
    who, role, was = isolate(str(detail["who"])), _of_role(detail["role"]), detail.get("was")
    if was:
        return _("%(who)s: %(role)s, was %(before)s", who=who, role=role, before=_of_role(was))
    return _("%(who)s: %(role)s", who=who, role=role)


def _of_role(role: Any) -> str:
    return _(_ROLES.get(str(role), str(role)))


def _via(way: str) -> str:
    known = _VIA.get(way)
    return _(known) if known else _("With their %(way)s", way=way)


def _of_domain(detail: dict[str, Any]) -> Iterator[str]:
    if "host" in detail:
        yield isolate(str(detail["host"]))
    if "is_proxied" in detail:
        is_proxied = detail["is_proxied"]
        yield _("A proxy stands in front of it") if is_proxied else _("No proxy is in front of it")


def _run(detail: dict[str, Any]) -> Iterator[str]:
    if "run" in detail:
        yield _("Run %(number)s", number=str(detail["run"]))
    if "run" in detail and "contacts" in detail:
        yield _n("%(count)s contact", "%(count)s contacts", detail["contacts"])
    if detail.get("taken_back"):
        taken = detail["taken_back"]
        yield _n("%(count)s message taken back", "%(count)s messages taken back", taken)


def _merged(other: dict[str, Any]) -> Iterator[str]:
    if other:
        details = listed([isolate(str(one)) for one in other.values()])
        yield _("The other one: %(details)s", details=details)


def _of_words(detail: dict[str, Any]) -> Iterator[str]:
    if "form" in detail and "language" in detail:
        kind = str(detail.get("kind", ""))
        values = {"kind": _(_KINDS.get(kind, kind)), "language": str(detail["language"])}
        if detail["form"] == "email":
            yield _("%(kind)s, e-mail, %(language)s", **values)
        else:
            yield _("%(kind)s, text message, %(language)s", **values)
        if detail.get("restored"):
            yield _("Back to Portico's own words")


def _value(field: str, value: Any) -> str:
    if field == "ends_at":
        return when(datetime.fromisoformat(value)) if value else _("no end")
    chosen = setting_words.chosen(field, value)
    return _shown(value) if chosen is None else chosen


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return listed([str(one) for one in value]) or _("nothing")
    return _("nothing") if value in (None, "") else isolate(str(value))
