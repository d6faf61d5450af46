"""The list of contacts as its address has it: filters, order, columns; and what each row shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from flask import request, url_for

from portal import plugins
from portal.db import now
from portal.languages import mark
from portal.models import access_end, contact_list
from portal.models.account import Account
from portal.models.contact_criteria import Wanted
from portal.models.contact_list import ContactPage
from portal.models.contact_walk import ContactLine
from portal.models.saved_view import SavedView
from portal.models.tag import Tag
from portal.web import keys
from portal.web.forms import LOCALES, whole_number

STATUSES = [
    ("", mark("Everyone")),
    ("none", mark("Not invited")),
    ("invited", mark("Invited")),
    ("unopened", mark("Invited, not opened")),
    ("opened", mark("Opened, not joined")),
    ("joined", mark("Joined")),
    ("undelivered", mark("Undelivered")),
    ("bounced", mark("Bounced")),
    ("dormant", mark("Dormant")),
    ("ending", mark("Ends within 30 days")),
    ("ended", mark("Ended")),
    ("suspended", mark("Suspended")),
    ("revoked", mark("Revoked")),
]
SEEN = [
    ("", mark("Any time")),
    ("7", mark("In the last 7 days")),
    ("30", mark("In the last 30 days")),
    ("not30", mark("Not in the last 30 days")),
    ("not90", mark("Not in the last 90 days")),
    ("never", mark("Never")),
]
SORTS = [("", mark("Name")), ("seen", mark("Last sign-in")), ("added", mark("Added last"))]
COLUMNS = [
    ("phone", mark("Phone")),
    ("reference", mark("Your reference")),
    ("tags", mark("Tags")),
    ("language", mark("Language")),
    ("added", mark("Added")),
]
FOLDED = ("seen", "tag", "channel", "sort", "columns")
"""These stand under "More filters", which is open when one of them is used."""
NAMES = ("q", "status", *FOLDED)
_CHOICES = {"status": STATUSES, "seen": SEEN, "sort": SORTS}


class Fact(NamedTuple):
    """One column of one row."""

    label: str
    words: str = ""
    at: datetime | None = None


class View(NamedTuple):
    """One saved view above the list."""

    id: int
    name: str
    url: str
    is_open: bool


def asked() -> dict[str, str]:
    """Return what can be used of this page's address or form, by name."""
    given: dict[str, str] = {
        **request.values,
        "columns": ",".join(request.values.getlist("columns")),
    }
    found = {
        name: given.get(name, "")
        for name, choices in _CHOICES.items()
        if given.get(name) in dict(choices)
    }
    found["q"] = " ".join(given.get("q", "").replace("\0", "").split())[:200]
    found["tag"] = str(whole_number(given.get("tag")) or "")
    found["channel"] = given.get("channel", "") if given.get("channel") in dict(channels()) else ""
    columns = given["columns"].split(",")
    found["columns"] = ",".join(name for name, _label in COLUMNS if name in columns)
    return {name: found[name] for name in NAMES if found.get(name)}


def wanted(account: Account, found: Mapping[str, str]) -> Wanted:
    """Return what the models look for. A tag that is another account's matches nobody."""
    seen, channel = found.get("seen", ""), found.get("channel", "")
    days = timedelta(days=int(seen.removeprefix("not"))) if seen not in ("", "never") else None
    tag = Tag.find(account.id, int(found["tag"])) if "tag" in found else None
    return Wanted(
        q=found.get("q", ""),
        status=found.get("status", ""),
        seen_since=now() - days if days and not seen.startswith("not") else None,
        seen_until=now() - days if days and seen.startswith("not") else None,
        is_never_seen=seen == "never",
        tag_id=(tag.id if tag else 0) if "tag" in found else None,
        reach=plugins.current().channels[channel].caps.address if channel else "",
        sort=found.get("sort") or "name",
    )


def views(account: Account, found: dict[str, str]) -> list[View]:
    """Return the account's saved views, and which of them this list is."""
    return [
        View(one.id, one.name, url_for("contacts.index", **as_query(one.asked)), one.asked == found)
        for one in SavedView.of_account(account.id)
    ]


def as_query(found: dict[str, str]) -> dict[str, Any]:
    """Return the filters for an address, and nothing else: they may come from a stored view."""
    return {name: value for name, value in found.items() if name in NAMES}


def channels() -> list[tuple[str, str]]:
    """Return the channels that reach some contacts only: everybody has an e-mail address."""
    found = plugins.current().channels.values()
    return [(one.id, one.name) for one in found if one.caps.address not in ("", "email")]


def listed(account: Account, found: dict[str, str]) -> dict[str, Any]:
    """Return one page of the list, with its neighbours, for the template."""
    looked_for = wanted(account, found)
    kinds = _key_kinds(looked_for.sort)
    after, before = (keys.read(request.args.get(name, ""), *kinds) for name in ("after", "before"))
    page = contact_list.page(account, looked_for, after=after, before=None if after else before)
    return {
        "contacts": page.lines,
        "facts": facts(page.lines, found.get("columns", "")),
        "ends": access_end.of([line.id for line in page.lines]),
        "is_cut": page.is_cut,
        "is_filtered": looked_for.picks,
        **_neighbours(found, page, is_inside=bool(after or before)),
    }


def facts(lines: list[ContactLine], columns: str) -> dict[int, list[Fact]]:
    """Return what the chosen columns say of each contact, without those that say nothing."""
    chosen = [one for one in COLUMNS if one[0] in columns.split(",")]
    ids = [line.id for line in lines]
    tags = Tag.of_contacts(ids) if "tags" in dict(chosen) and ids else {}
    says: dict[str, Callable[[ContactLine], Fact]] = {
        "phone": lambda line: Fact("", line.phone),
        "reference": lambda line: Fact("", line.external_id),
        "tags": lambda line: Fact("", ", ".join(tag.name for tag in tags.get(line.id, []))),
        "language": lambda line: Fact("", dict(LOCALES).get(line.locale, "") * bool(line.locale)),
        "added": lambda line: Fact("", at=line.created_at),
    }
    return {
        line.id: [
            fact._replace(label=label)
            for name, label in chosen
            if (fact := says[name](line)).words or fact.at
        ]
        for line in lines
    }


def _neighbours(found: dict[str, str], page: ContactPage, *, is_inside: bool) -> dict[str, Any]:
    kept: dict[str, Any] = {**found, **({"select": "1"} if "select" in request.args else {})}
    return {
        "first_url": url_for("contacts.index", **kept) if is_inside else None,
        "previous_url": _to("before", page.back, kept) if is_inside else None,
        "next_url": _to("after", page.on, kept),
    }


def _to(name: str, key: tuple[Any, int] | None, kept: dict[str, Any]) -> str | None:
    if key is None:
        return None
    value, row_id = key
    part = value.isoformat() if isinstance(value, datetime) else value
    return url_for("contacts.index", **{**kept, name: keys.write(part, row_id)})


def _key_kinds(sort: str) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    return (keys.words if sort == "name" else keys.moment), keys.row_id
