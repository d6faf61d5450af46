"""The facts that a verdict on a contact looks at, apart from how they are found."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class LinkFacts(NamedTuple):
    """The newest link. *is_cut*: a later sign-in, a new address or a new epoch ended it."""

    id: UUID
    kind: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    used_browser: str
    is_cut: bool


class DeliveryFacts(NamedTuple):
    """The message that carries the newest link, the last one when several channels did."""

    id: int
    channel: str
    kind: str
    status: str
    attempts: int
    due_at: datetime
    held: bool
    cause: str
    error: str
    reply: str
    finished_at: datetime | None


class Opening(NamedTuple):
    """Somebody or something looked at the newest link; *state* is why it was turned away, or ''."""

    at: datetime
    state: str
    browser: str
    is_program: bool


class SignIn(NamedTuple):
    """When and in which browser the contact was last let in."""

    at: datetime
    browser: str


class Story(NamedTuple):
    """All that a verdict looks at."""

    called: str
    email: str
    status: str
    is_open: bool
    ends_at: datetime | None
    last_seen_at: datetime | None
    link: LinkFacts | None
    delivery: DeliveryFacts | None
    openings: tuple[Opening, ...]
    sign_in: SignIn | None
    is_signed_in: bool
    paused: dict[str, str]
    """Why each paused channel of the account is paused."""
    task_id: int | None
