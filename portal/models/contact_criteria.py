"""What staff look for in the list of contacts, as conditions and as ways to find a few quickly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    any_,
    bindparam,
    column,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    table,
)

from portal.db import UtcDateTime, db, now
from portal.models.contact import Contact
from portal.models.contact_tag import ContactTag
from portal.models.delivery import TROUBLE, Delivery, Status
from portal.models.portal_access import LETS_IN, Access, PortalAccess
from portal.models.search_words import Search

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""What a contact's `seen_key` is as long as they have not signed in."""
SOON = timedelta(days=31)
"""Whose access ends no later than so is "ending": within 30 days, the last of them whole."""
DORMANT = timedelta(days=90)
"""Who has joined and was not seen for so long is dormant."""
NOT_INVITED, UNDELIVERED, BOUNCED, DORMANT_STATUS = "none", "undelivered", "bounced", "dormant"
UNOPENED, OPENED = "unopened", "opened"
ENDED, ENDING = "ended", "ending"
STANDINGS: dict[str, str] = {
    NOT_INVITED: "",
    DORMANT_STATUS: Access.JOINED,
    UNOPENED: Access.INVITED,
    **{str(status): status for status in Access},
}
_SHORTEST = 3
"""Words of fewer letters stand in no trigram index."""
_CONTACT = Contact.__table__
_TEXT = table("contact_search", column("rowid"))


@dataclass(frozen=True)
class Wanted:
    """What staff look for, and in which order. Empty fields match everyone.

    *status* is a status of an access, `none`, `unopened`, `opened`, `undelivered`, `bounced`,
    `dormant`, `ended` or `ending`; *reach* a kind of address that they have; *seen_since* and
    *seen_until* bound their last sign-in.
    """

    q: str = ""
    status: str = ""
    seen_since: datetime | None = None
    seen_until: datetime | None = None
    is_never_seen: bool = False
    tag_id: int | None = None
    reach: str = ""
    sort: str = "name"

    @property
    def search(self) -> Search:
        return Search.of(self.q)

    @property
    def picks(self) -> bool:
        """Not everyone is wanted."""
        return bool(
            self.search
            or self.status
            or self.is_seen_wanted
            or self.tag_id is not None
            or self.reach not in ("", "email")
        )

    @property
    def is_of_letters(self) -> bool:
        """Nothing is wanted but what stands in the search key."""
        others = self.status or self.is_seen_wanted or self.tag_id is not None
        return bool(self.search) and not others and self.reach in ("", "email")

    @property
    def is_tag_in_order(self) -> bool:
        """The wearers of the tag are walked through: they stand in the order of their names. Those
        of a status do so, too, and nearer to what is read of them."""
        has_other = (self.status and not self.is_end_wanted) or self.reach == "phone"
        return self.tag_id is not None and self.sort == "name" and not has_other

    @property
    def is_seen_wanted(self) -> bool:
        return bool(self.is_never_seen or self.seen_since or self.seen_until)

    @property
    def is_undelivered(self) -> bool:
        return self.status in (UNDELIVERED, BOUNCED)

    @property
    def is_end_wanted(self) -> bool:
        """By when their access ends, which no column of a contact tells."""
        return self.status in (ENDED, ENDING)


class Candidates(NamedTuple):
    """The *ids* that an index finds, and what is *left* to be asked of each."""

    ids: Select[Any]
    left: Wanted


def of(rows: Any, wanted: Wanted) -> list[ColumnElement[bool]]:
    """Return all conditions on *rows*, which are contacts or a walk through them."""
    found = [*_standing(rows, wanted), *_seen(rows, wanted), *_reached(rows, wanted)]
    if wanted.tag_id is not None:
        found.append(
            exists().where(ContactTag.tag_id == wanted.tag_id, ContactTag.contact_id == rows.id)
        )
    return [*found, *matching(rows, wanted.search)]


def ordered(rows: Any, wanted: Wanted) -> list[ColumnElement[bool]]:
    """Return the conditions that an index meets in the order of the list: no walk is needed."""
    if wanted.sort != "name":
        return _seen(rows, wanted) if wanted.sort == "seen" else []
    if wanted.is_tag_in_order:
        return [ContactTag.tag_id == wanted.tag_id, ContactTag.contact_id == rows.id]
    return _standing_itself(rows, wanted) or _phone(rows, wanted)


def matching(rows: Any, search: Search) -> list[ColumnElement[bool]]:
    """Return the condition that what was typed stands in the search key, letter for letter."""
    if not search:
        return []
    words = and_(*(rows.search_key.contains(word, autoescape=True) for word in search.words))
    if not search.number:
        return [words]
    return [or_(words, rows.search_key.contains(search.number, autoescape=True))]


def candidates(account_id: int, wanted: Wanted) -> Iterator[Candidates]:
    """Yield, for each filter that has an index, the contacts that this one matches, and perhaps
    others: what is left is still to be asked of them."""
    for ids in _by_text(account_id, wanted):
        yield Candidates(ids, wanted)
    if wanted.tag_id is not None:
        wearers = select(ContactTag.contact_id).where(ContactTag.tag_id == wanted.tag_id)
        yield Candidates(wearers, replace(wanted, tag_id=None))
    if wanted.is_end_wanted:
        ending = select(PortalAccess.contact_id).where(PortalAccess.account_id == account_id)
        yield Candidates(ending.where(*_end(wanted)), wanted)
    of_account = select(_CONTACT.c.id).where(_CONTACT.c.account_id == account_id)
    # In the order of the index that is meant: SQLite takes a partial one for nothing else.
    by_name = of_account.order_by(_CONTACT.c.sort_key, _CONTACT.c.id)
    for asked, conditions in (
        (by_name, _standing_itself(_CONTACT.c, wanted)),
        (of_account, _seen(_CONTACT.c, wanted)),
        (by_name, _phone(_CONTACT.c, wanted)),
    ):
        if conditions:
            yield Candidates(asked.where(*conditions), wanted)


def _by_text(account_id: int, wanted: Wanted) -> Iterator[Select[Any]]:
    """Yield the contacts that the text index finds; nothing for words too short to stand in it.

    Of an address first what stands before its domain: many share the parts of that, and an index
    goes through all of them.
    """
    search = wanted.search
    words = [word for word in search.words if len(word) >= _SHORTEST]
    parts = [_before_domain(word) for word in words]
    if parts != words:
        yield _found_by(account_id, parts, search.number)
    if words:
        yield _found_by(account_id, words, search.number)


def _before_domain(word: str) -> str:
    local, sign, _domain = word.partition("@")
    return local + sign if len(local) >= _SHORTEST else word


def _found_by(account_id: int, words: list[str], number: str) -> Select[Any]:
    """Return whom the text index finds. On SQLite those of other accounts are among them: nothing
    bounds a look at whose each is."""
    if db.engine.dialect.name == "postgresql":
        conditions = matching(_CONTACT.c, Search(tuple(words), number))
        return select(_CONTACT.c.id).where(_CONTACT.c.account_id == account_id, *conditions)
    asked = " AND ".join(_quoted(word) for word in words)
    if number:
        asked = f"({asked}) OR {_quoted(number)}"
    return select(_TEXT.c.rowid).where(literal_column("contact_search").op("MATCH")(asked))


def is_one_of(row_id: ColumnElement[Any], ids: Sequence[int]) -> ColumnElement[bool]:
    """Return the condition on *row_id*, with the numbers written out: they may be thousands."""
    return row_id.in_(bindparam("few", list(ids), expanding=True, literal_execute=True))


def is_in(row_id: ColumnElement[Any], chosen: Select[Any]) -> ColumnElement[bool]:
    """Return the condition that *row_id* is one of those *chosen*. Of an array PostgreSQL looks the
    rows up in their order, in half the time of a join."""
    if db.engine.dialect.name == "postgresql":
        return row_id == any_(func.array(chosen.scalar_subquery()))
    return row_id.in_(chosen)


def _standing(rows: Any, wanted: Wanted) -> list[ColumnElement[bool]]:
    found = _standing_itself(rows, wanted)
    if wanted.status == BOUNCED:
        found.append(_last_trouble(rows) == Status.BOUNCED)
    if wanted.status == UNOPENED:
        found += [rows.opened.is_(False), rows.undelivered.is_(False)]
    if wanted.is_end_wanted:
        found.append(exists().where(PortalAccess.contact_id == rows.id, *_end(wanted)))
    if wanted.status == DORMANT_STATUS:
        found.append(rows.seen_key < literal(now() - DORMANT, UtcDateTime()))
    return found


def _standing_itself(rows: Any, wanted: Wanted) -> list[ColumnElement[bool]]:
    if not wanted.status or wanted.is_end_wanted:
        return []
    if wanted.is_undelivered or wanted.status == OPENED:
        # In the very words of its index: SQLite would not know "undelivered = 1" again.
        name = OPENED if wanted.status == OPENED else UNDELIVERED
        return [literal_column(f"{rows[name].table.name}.{name}")]
    return [rows.standing == STANDINGS[wanted.status]]


def _end(wanted: Wanted) -> list[ColumnElement[bool]]:
    """The access has ended, or ends soon; of those suspended and revoked that says nothing."""
    at, ends_at = now(), PortalAccess.ends_at
    bounds = [ends_at <= at] if wanted.status == ENDED else [ends_at > at, ends_at <= at + SOON]
    return [ends_at.is_not(None), *bounds, LETS_IN]


def _seen(rows: Any, wanted: Wanted) -> list[ColumnElement[bool]]:
    if wanted.is_never_seen:
        return [rows.seen_key == literal(NEVER, UtcDateTime())]
    since, until = wanted.seen_since, wanted.seen_until
    if until is not None and since is None:
        since = NEVER + timedelta(microseconds=1)
    found = [] if since is None else [rows.seen_key >= literal(since, UtcDateTime())]
    return found if until is None else [*found, rows.seen_key < literal(until, UtcDateTime())]


def _reached(rows: Any, wanted: Wanted) -> list[ColumnElement[bool]]:
    if wanted.reach in ("", "email", "phone"):
        return _phone(rows, wanted)
    return [rows.addresses[wanted.reach].as_string().is_not(None)]


def _phone(rows: Any, wanted: Wanted) -> list[ColumnElement[bool]]:
    return [rows.phone != literal_column("''")] if wanted.reach == "phone" else []


def _last_trouble(rows: Any) -> ColumnElement[Any]:
    """How the contact's latest message that failed ended."""
    return (
        select(Delivery.status)
        .where(Delivery.contact_id == rows.id, Delivery.status.in_(TROUBLE))
        .order_by(Delivery.created_at.desc(), Delivery.id.desc())
        .limit(1)
        .scalar_subquery()
    )


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'
