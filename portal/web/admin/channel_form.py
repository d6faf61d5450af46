"""A channel's settings form as a page: its fields in groups, its secrets never shown.

The form is a plugin's. Whatever it does, the page says so in words, and it counts as its fault.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple, TypeVar

from markupsafe import Markup
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Field, HiddenField, PasswordField, URLField

from portal.channel import Channel, Settings, SettingsForm
from portal.db import db
from portal.languages import _, mark
from portal.plugins import current
from portal.plugins.guard import About
from portal.web.form_words import speak

T = TypeVar("T")

PREFIX, REMOVE = "set-", "remove-"
NAMES_OF_PLACES = ("url", "host", "server", "endpoint")
ASK_AGAIN = mark("Type it again: what you changed decides where it is sent.")
UNDRAWABLE = ("SubmitField", "FormField", "FieldList", "FileField", "MultipleFileField")


class FieldView(NamedTuple):
    """One field, drawn. *note* is what the field says of its own content."""

    id: str
    name: str
    label: str
    html: Markup
    description: str
    errors: list[str]
    is_check: bool
    is_secret: bool
    is_kept: bool
    note: str


class Group(NamedTuple):
    title: str
    fields: list[FieldView]


class Drawn(NamedTuple):
    """A form that could be drawn; *values* is what it holds when *is_valid*."""

    groups: list[Group]
    is_valid: bool = False
    values: Mapping[str, Any] | None = None


def draw(channel: Channel, settings: Settings, account_id: int) -> Drawn | None:
    """Return the channel's form as it is to be filled in, or None when its plugin failed."""

    def act() -> Drawn:
        form = _form(channel, None, _shown(channel, settings))
        return Drawn(_groups(form, settings))

    return _guarded(channel, "SettingsForm", act, settings, account_id)


def read(
    channel: Channel, settings: Settings, posted: MultiDict[str, str], account_id: int
) -> Drawn | None:
    """Return the form as it was sent, validated; a blank secret is the one that is kept.

    None when its plugin failed.
    """

    def act() -> Drawn:
        blank = _form(channel, None, {})
        strayed = _strayed(_form(channel, posted, {}), settings, posted)
        filled = _with_kept_secrets(blank, settings, posted, but=strayed)
        form = _form(channel, filled, {})
        is_valid = bool(form.validate()) and not strayed
        for name in strayed:
            form[name].errors = [_(ASK_AGAIN)]
        values = {name: field.data for name, field in form._fields.items()} if is_valid else None
        if values is not None:
            json.dumps(values)
        return Drawn(_groups(form, settings), is_valid, values)

    return _guarded(channel, "SettingsForm", act, settings, account_id)


def is_ready(channel: Channel, settings: Settings, account_id: int) -> bool:
    """Tell whether the channel can send with *settings*; a plugin that fails cannot."""

    def act() -> bool:
        return bool(channel.is_ready(settings))

    return bool(_guarded(channel, "is_ready", act, settings, account_id))


def _guarded(
    channel: Channel, verb: str, act: Callable[[], T], settings: Settings, account_id: int
) -> T | None:
    found = current()
    db.session.commit()  # a plugin may take its time, and its fault is written down beside us
    secrets = tuple(str(value) for value in settings.values() if isinstance(value, str))
    return found.guarded(found.plugin_of(channel.id), verb, act, None, About(account_id, secrets))


def _form(
    channel: Channel, posted: MultiDict[str, str] | None, values: Mapping[str, Any]
) -> SettingsForm:
    kind = channel.SettingsForm
    if kind is None:
        raise TypeError(f"the channel {channel.id} has no SettingsForm")
    return kind(posted, prefix=PREFIX, data=dict(values) or None)


def _shown(channel: Channel, settings: Settings) -> dict[str, Any]:
    """Return what may stand in the page: everything but the secrets."""
    blank = _form(channel, None, {})
    secret = {name for name, field in blank._fields.items() if isinstance(field, PasswordField)}
    return {name: value for name, value in settings.items() if name not in secret}


def _strayed(form: SettingsForm, settings: Settings, posted: MultiDict[str, str]) -> frozenset[str]:
    """Return the secrets that were left blank although they would now go elsewhere.

    Who may change the settings need not know the password: it must not be sent to a new server.
    """
    return frozenset(
        name
        for name, field in form._fields.items()
        if isinstance(field, PasswordField)
        and settings.get(name)
        and not posted.get(field.name)
        and REMOVE + name not in posted
        and any(_plain(form[place].data) != _plain(settings.get(place))
                for place in _places(form, name))
    )  # fmt: skip


def _places(form: SettingsForm, secret: str) -> Sequence[str]:
    if secret in form.goes_to:
        return form.goes_to[secret]
    return [
        name
        for name, field in form._fields.items()
        if isinstance(field, URLField) or name.lower().endswith(NAMES_OF_PLACES)
    ]


def _plain(value: object) -> str:
    """Return *value* as it is compared: browsers change the ends of lines."""
    return "" if value is None else "\n".join(str(value).strip().splitlines())


def _with_kept_secrets(
    form: SettingsForm,
    settings: Settings,
    posted: MultiDict[str, str],
    *,
    but: frozenset[str],
) -> MultiDict[str, str]:
    """Put the stored secret where a field was left blank, for the form's own rules to see it."""
    filled = MultiDict(posted)
    for name, field in form._fields.items():
        if isinstance(field, PasswordField) and not filled.get(field.name):
            removes = REMOVE + name in posted or name in but
            filled[field.name] = "" if removes else str(settings.get(name) or "")
    return filled


def _groups(form: SettingsForm, settings: Settings) -> list[Group]:
    fields = [
        field
        for field in form._fields.values()
        if not isinstance(field, HiddenField) and field.type not in UNDRAWABLE
    ]
    first_bad = next((field for field in fields if field.errors), None)
    grouped = groupby(fields, key=lambda field: str((field.render_kw or {}).get("data-group", "")))
    return [
        Group(title, [_view(field, settings, is_first_bad=field is first_bad) for field in some])
        for title, some in grouped
    ]


def _view(field: Field, settings: Settings, *, is_first_bad: bool) -> FieldView:
    speak(field)
    is_secret = isinstance(field, PasswordField)
    errors = [str(words) for words in field.errors]
    name = str(field.short_name)
    described = [f"{field.id}-hint"] * bool(field.description) + [f"{field.id}-error"] * bool(
        errors
    )
    attributes: dict[str, Any] = {"value": ""} if is_secret else {}
    if described:
        attributes["aria-describedby"] = " ".join(described)
    if errors:
        attributes["aria-invalid"] = "true"
    if is_first_bad:
        attributes["autofocus"] = True
    return FieldView(
        id=field.id,
        name=name,
        label=str(field.label.text),
        html=Markup(field(**attributes)),  # noqa: S704 - drawn by WTForms, which escapes
        description=str(field.description or ""),
        errors=errors,
        is_check=isinstance(field, BooleanField),
        is_secret=is_secret,
        is_kept=is_secret and bool(settings.get(name)),
        note=str(getattr(field, "note", "") or ""),
    )
