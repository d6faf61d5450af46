"""The forms of the settings: one for each section of the page."""

from __future__ import annotations

from functools import cache
from typing import Any

import phonenumbers
from babel import Locale
from wtforms import BooleanField, Field, IntegerField, SelectField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional

from portal.flows.change_account import is_time_zone, time_zones
from portal.languages import _, mark
from portal.models import account_rules
from portal.models.account import Account
from portal.models.account_rules import DAY, HOUR, KEEPS, LIVES, MINUTE, SESSIONS, SWITCHES, UNDO
from portal.models.address import folded
from portal.web.forms import LOCALES, OwnForm, one_line
from portal.web.languages import language
from portal.web.setting_words import NAMES, amount
from portal.web.span_field import SpanField


def _is_allowed(_form: OwnForm, field: Field) -> None:
    name = field.short_name
    if field.data is None or account_rules.allows(name, field.data):
        return
    least, most = (amount(name, one) for one in account_rules.bounds(name))
    raise ValidationError(_("Choose from %(least)s to %(most)s.", least=least, most=most))


def _span(name: str, *units: int) -> SpanField:
    return SpanField(NAMES[name], [_is_allowed], units=units)


def _days(name: str) -> IntegerField:
    return IntegerField(NAMES[name], [Optional(), _is_allowed])


class SettingsForm(OwnForm):
    """A section: each of its fields is one choice of the account, by the name of that choice."""

    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, account: Account) -> SettingsForm:
        return cls(formdata=None, data={name: account.choices.get(name) for name in cls.names})

    @property
    def chosen(self) -> dict[str, Any]:
        return {name: self[name].data for name in self.names}


class GeneralForm(SettingsForm):
    """The account's language, its time zone, and where its phone numbers are from."""

    names = ("locale", "time_zone", "country")

    locale = SelectField(mark("Language of clients"))
    time_zone = StringField(mark("Time zone"), filters=[one_line])
    country = SelectField(NAMES["country"])

    def __init__(self, *args: Any, known_locale: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        listed = {code: name for code, name in LOCALES if code}
        if known_locale and known_locale not in listed:  # an operator may choose any
            listed[known_locale] = known_locale
        self.locale.choices = [SelectChoice(*one) for one in listed.items()]
        self.country.choices = [SelectChoice("", mark("None")), *countries(language())]

    @classmethod
    def of(cls, account: Account) -> GeneralForm:
        data = {"locale": account.locale, "time_zone": account.time_zone}
        data["country"] = account.choices.get("country") or ""
        return cls(formdata=None, known_locale=account.locale, data=data)

    def validate_time_zone(self, field: StringField) -> None:
        if not is_time_zone(field.data or ""):
            raise ValidationError(_("Choose a time zone of the list, such as Europe/London."))


class LinksForm(SettingsForm):
    """How long links work."""

    names = LIVES

    life_invite = _span("life_invite", HOUR, DAY)
    life_login = _span("life_login", MINUTE, HOUR)
    life_magic = _span("life_magic", MINUTE, HOUR)
    life_self = _span("life_self", MINUTE, HOUR)


class SignInForm(SettingsForm):
    """How clients may sign in, and for how long."""

    names = (*SWITCHES, *SESSIONS)

    may_ask = BooleanField(NAMES["may_ask"])
    may_renew = BooleanField(NAMES["may_renew"])
    has_code = BooleanField(NAMES["has_code"])
    client_idle = _span("client_idle", MINUTE, HOUR, DAY)
    client_session = _span("client_session", MINUTE, HOUR, DAY)

    @classmethod
    def of(cls, account: Account) -> SettingsForm:
        data = {name: account.choices.get(name, True) for name in SWITCHES}
        data |= {name: account.choices.get(name) for name in SESSIONS}
        return cls(formdata=None, data=data)


class UndoForm(SettingsForm):
    """How long messages can be taken back."""

    names = UNDO

    undo_one = _span("undo_one", 1, MINUTE)
    undo_bulk = _span("undo_bulk", 1, MINUTE)


class KeepingForm(SettingsForm):
    """How long what has ended is kept."""

    names = KEEPS

    keep_messages = _days("keep_messages")
    keep_browsers = _days("keep_browsers")
    keep_runs = _days("keep_runs")


FORMS: dict[str, type[SettingsForm]] = {
    "general": GeneralForm,
    "links": LinksForm,
    "sign-in": SignInForm,
    "undo": UndoForm,
    "keeping": KeepingForm,
}


@cache
def countries(spoken: str) -> list[SelectChoice]:
    """Return (ISO 3166 code, name) of every country that has phone numbers, by name."""
    names = Locale(spoken).territories
    named = ((code, names.get(code, code)) for code in phonenumbers.SUPPORTED_REGIONS)
    return [SelectChoice(*one) for one in sorted(named, key=lambda one: folded(one[1]))]


def zones_of_places() -> list[str]:
    """Return the zones to choose from: those that are named after places, and UTC."""
    return sorted(one for one in time_zones() if one == "UTC" or ("/" in one and one[:3] != "Etc"))
