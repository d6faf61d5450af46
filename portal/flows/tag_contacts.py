"""Tag contacts: put a word on one or many of them, or take it off."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from portal.db import atomic
from portal.errors import TagError
from portal.languages import _
from portal.models.account import Account
from portal.models.contact import Contact
from portal.models.contact_hold import once_more
from portal.models.contact_tag import ContactTag
from portal.models.event import Event
from portal.models.staff import Staff
from portal.models.tag import Tag

BATCH = 500


def tag_contacts(
    account: Account, name: str, contact_ids: Sequence[int], *, by: Staff, request_id: str = ""
) -> int:
    """Put the tag called *name* on the account's contacts; return how many did not have it.

    In transactions of five hundred, so that nobody waits long. Raises TagError for no name.
    """
    tag = _tag(account, name)
    return _in_batches(account, tag, "tagged", ContactTag.put_on, contact_ids, by, request_id)


def untag_contacts(
    account: Account, tag: Tag, contact_ids: Sequence[int], *, by: Staff, request_id: str = ""
) -> int:
    """Take *tag* off the account's contacts; return how many had it. In transactions of five
    hundred."""
    return _in_batches(account, tag, "untagged", ContactTag.take_off, contact_ids, by, request_id)


@atomic
def _tag(account: Account, name: str) -> Tag:
    if not name:
        raise TagError(_("Type a tag, such as VIP."))
    return Tag.find_or_add(account.id, name)


def _in_batches(
    account: Account,
    tag: Tag,
    kind: str,
    act: Callable[[int, Sequence[int]], list[int]],
    contact_ids: Sequence[int],
    by: Staff,
    request_id: str,
) -> int:
    ids = sorted(set(contact_ids))
    return sum(
        _one_batch(account, tag, kind, act, ids[start : start + BATCH], by, request_id)
        for start in range(0, len(ids), BATCH)
    )


@once_more
@atomic
def _one_batch(
    account: Account,
    tag: Tag,
    kind: str,
    act: Callable[[int, Sequence[int]], list[int]],
    ids: Sequence[int],
    by: Staff,
    request_id: str,
) -> int:
    """A run that writes about some of the same contacts may hold them in another order."""
    own = sorted(contact.id for contact in Contact.find_all(account, ids))
    done = act(tag.id, own) if own else []
    of_all = {"account_id": account.id, "staff_id": by.id, "actor": "staff"}
    detail = {"tag": tag.name}
    if done:
        Event.record_many(
            [
                {
                    **of_all,
                    "kind": kind,
                    "contact_id": one,
                    "request_id": request_id,
                    "detail": detail,
                }
                for one in sorted(done)
            ]
        )
    return len(done)
