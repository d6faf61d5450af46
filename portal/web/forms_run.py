"""The form that begins a run: what it is for, and whom it is about."""

from __future__ import annotations

from flask_wtf.file import FileField
from wtforms import SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from portal.languages import mark
from portal.models.run import What
from portal.models.tag import LONGEST
from portal.web.admin.run_words import WHATS
from portal.web.forms import OwnForm, one_line


class RunForm(OwnForm):
    """A file or pasted addresses; the file wins."""

    what = SelectField(
        mark("What to do"), choices=[SelectChoice(str(one), WHATS[one]) for one in What]
    )
    tag = StringField(mark("Tag"), filters=[one_line], validators=[Length(max=LONGEST)])
    file = FileField(mark("CSV file"))
    addresses = TextAreaField(mark("Or paste addresses"))
