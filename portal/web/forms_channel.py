"""The forms of the channels' pages beside the one that each channel's plugin brings."""

from __future__ import annotations

from wtforms import IntegerField, StringField
from wtforms.validators import DataRequired, Length, NumberRange, Optional

from portal.languages import mark
from portal.models.channel_setting import ChannelSetting
from portal.web.forms import OwnForm, one_line


class OwnChannelForm(OwnForm):
    """What the portal itself asks of every channel."""

    rate = IntegerField(
        mark("Most messages a minute"),
        [
            Optional(),
            NumberRange(1, 60_000, mark("Type a number from 1 to 60,000, or nothing.")),
        ],
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
