"""What an account set for a channel, and what a check of it found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import wtforms


@dataclass(frozen=True)
class AccountInfo:
    """What a channel may know of the account it works for.

    *country* is an ISO 3166 code such as `GB`, or empty. *proof* is a secret-free word that is the
    account's own for ever, for proofs such as a DNS record.
    """

    slug: str = ""
    name: str = ""
    locale: str = "en"
    country: str = ""
    proof: str = ""


class Settings(Mapping[str, Any]):
    """What the account's staff typed into the channel's `SettingsForm`, by field name.

    Empty when they have set nothing. *facts* is what the last successful `check` found out.
    `allows(name, limit, seconds)` counts once more under *name*, for this account and channel and
    over all processes, and tells whether that is within *limit* in so many seconds.
    Its text form shows no values, so that no secret reaches a log. In a test of your own, build one
    from what would be typed: `Settings({"url": server.url})`.
    """

    def __init__(
        self,
        values: Mapping[str, Any] | None = None,
        *,
        account: AccountInfo | None = None,
        facts: Mapping[str, str] | None = None,
        allows: Callable[[str, int, int], bool] | None = None,
    ) -> None:
        self._values = dict(values or {})
        self.allows: Callable[[str, int, int], bool] = allows or _without_limit
        self.account = account or AccountInfo()
        self.facts: Mapping[str, str] = MappingProxyType(dict(facts or {}))

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<Settings {', '.join(sorted(self._values)) or 'none'}>"


def _without_limit(_name: str, _limit: int, _seconds: int) -> bool:
    return True


class SettingsForm(wtforms.Form):  # type: ignore[misc]
    """The base of a channel's settings form: WTForms fields, shown as the channel's page.

    A `wtforms.PasswordField` is a secret: encrypted, never shown again, and kept when it is left
    blank. It has to be typed again when a field changes that decides where it is sent, so that
    nobody sends a password that they do not know to a server of their own. Name those fields in
    `goes_to`, by the secret's field. Of a secret that is not in it, each URLField counts, and each
    field whose name ends in `url`, `host`, `server` or `endpoint`. Write `validate_<field>` for
    rules, as in any WTForms form.
    """

    goes_to: ClassVar[Mapping[str, Sequence[str]]] = {}


@dataclass(frozen=True)
class Finding:
    """One thing that `check` looked at. *level* is `good`, `note` or `bad`.

    *record* is a line to copy when something has to be set elsewhere, such as a DNS record.
    """

    level: Literal["good", "note", "bad"]
    title: str
    detail: str = ""
    record: str = ""


@dataclass(frozen=True)
class Report:
    """What `check` found: what staff read, and *facts* that are handed to later calls."""

    findings: tuple[Finding, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
