"""The forms of the channels' pages beside the one that each channel's plugin brings."""

from __future__ import annotations

from functools import cache

import phonenumbers
from babel import Locale
from wtforms import IntegerField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, NumberRange, Optional

from portal.languages import mark
from portal.models.account import Account
from portal.models.channel_setting import ChannelSetting
from portal.web.forms import OwnForm, one_line


class OwnChannelForm(OwnForm):
    """What the portal itself asks of every channel."""

    rate = IntegerField(
        mark("Most messages a minute"),
        [Optional(), NumberRange(1, 60_000, mark("Type a number from 1 to 60,000, or nothing."))],
    )
    receipt_wait = IntegerField(
        mark("Minutes to wait for a receipt"),
        [
            Optional(),
            NumberRange(0, 10_080, mark("Type minutes from 0 to 10,080, which is a week.")),
        ],
    )

    @classmethod
    def of(cls, row: ChannelSetting | None) -> OwnChannelForm:
        form = cls(formdata=None)
        if row is not None:
            form.rate.data = row.rate
            form.receipt_wait.data = row.receipt_wait // 60 or None
        return form


class TestForm(OwnForm):
    """Where a test message goes."""

    __test__ = False

    to = StringField(
        mark("Send the test to"),
        filters=[one_line],
        validators=[DataRequired(mark("Type where the test is to go.")), Length(max=300)],
    )


class AccountSendingForm(OwnForm):
    """How the account sends, whichever the channel."""

    undo_one = IntegerField(
        mark("Seconds to take back one message"),
        [Optional(), NumberRange(0, 300, mark("Type seconds from 0 to 300."))],
    )
    undo_bulk = IntegerField(
        mark("Seconds to take back many at once"),
        [Optional(), NumberRange(0, 3600, mark("Type seconds from 0 to 3,600."))],
    )
    country = SelectField(mark("Country of phone numbers"), validate_choice=True)

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.country.choices = [SelectChoice("", mark("None")), *countries()]

    @classmethod
    def of(cls, account: Account) -> AccountSendingForm:
        form = cls(formdata=None)
        form.undo_one.data = int(account.undo_window().total_seconds())
        form.undo_bulk.data = int(account.undo_window(many=True).total_seconds())
        form.country.data = account.choices.get("country") or ""
        return form


@cache
def countries() -> list[SelectChoice]:
    """Return (ISO 3166 code, name) of every country that has phone numbers, by name."""
    names = Locale("en").territories
    named = ((code, names.get(code, code)) for code in phonenumbers.SUPPORTED_REGIONS)
    return [SelectChoice(*one) for one in sorted(named, key=lambda one: one[1])]
