"""Fills a channel's settings form as a browser does, and keeps what the portal would keep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import wtforms
from werkzeug.datastructures import MultiDict

from portal.channel import Channel, SettingsForm

NO_SECRET = "s3cret-of-the-contract-"  # noqa: S105 - typed into forms by tests


def typed_into(form: type[SettingsForm], values: Mapping[str, Any]) -> Any:
    """Return *form* as it is after somebody typed *values*; what they leave out stays as the
    page shows it at first."""
    pairs: list[tuple[str, str]] = []
    for name, value in {**shown_again(form, {}), **values}.items():
        if isinstance(value, bool):
            pairs += [(name, "y")] if value else []
        elif isinstance(value, (list, tuple, set, frozenset)):
            pairs += [(name, str(one)) for one in value]
        elif value is not None:
            pairs.append((name, str(value)))
    return form(MultiDict(pairs))


def shown_again(form: type[SettingsForm], saved: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a browser sends when the page of *saved* is sent back untouched."""
    page = form(data=dict(saved))
    return {field.name: _sent_back(field) for field in page if _sent_back(field) is not None}


def with_secrets(
    form: type[SettingsForm], typed: Mapping[str, Any], saved: Mapping[str, Any]
) -> dict[str, Any]:
    """Put the saved secrets where *typed* is blank, as the portal does before it checks a form."""
    kept = {name: saved.get(name) for name in secret_fields(form) if not typed.get(name)}
    return {**typed, **kept}


def secret_fields(form: type[SettingsForm] | None) -> list[str]:
    if form is None:
        return []
    return [field.name for field in form() if isinstance(field, wtforms.PasswordField)]


def made_up(channel: Channel | type[Channel], server: str) -> dict[str, Any]:
    """Return settings for a channel whose author gave none: its defaults, a made-up secret for
    each secret field, and *server* where the form asks for an address on the web."""
    if channel.SettingsForm is None:
        return {}
    typed: dict[str, Any] = {}
    for field in channel.SettingsForm():
        typed[field.name] = _made_up(field, server)
    return {name: value for name, value in typed.items() if value is not None}


def _made_up(field: Any, server: str) -> Any:
    if isinstance(field, wtforms.PasswordField):
        return NO_SECRET + field.name
    asks_for_url = isinstance(field, wtforms.URLField) or field.name.endswith(("url", "endpoint"))
    if asks_for_url:
        return server
    if field.data not in (None, ""):
        return field.data
    if isinstance(field, wtforms.EmailField) or "email" in field.name:
        return "portal@acme.example"
    if isinstance(field, wtforms.SelectField):
        return next((value for value, *_rest in field.iter_choices()), None)
    if isinstance(field, (wtforms.IntegerField, wtforms.DecimalField, wtforms.FloatField)):
        return 1
    return "test" if isinstance(field, wtforms.StringField) else None


def _sent_back(field: Any) -> Any:
    if isinstance(field, wtforms.BooleanField):
        return bool(field.data)
    if isinstance(field, wtforms.PasswordField):
        return ""
    if isinstance(field, wtforms.SelectField):
        return field.data
    value = getattr(field, "_value", lambda: None)()
    return None if value is None else str(value)
