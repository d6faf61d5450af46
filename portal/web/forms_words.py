"""The form of a message's words: plain text, and placeholders from a closed list."""

from __future__ import annotations

from wtforms import Field, StringField, TextAreaField, ValidationError
from wtforms.validators import Length

from portal import wording
from portal.languages import _, counted, mark
from portal.web.forms import OwnForm, one_line
from portal.wording import EMAIL, SHORT, OwnWords


def _text(value: str | None) -> str:
    return (value or "").replace("\0", "").replace("\r\n", "\n").strip()


class WordsForm(OwnForm):
    """Subject, paragraphs and button of an e-mail, or the one text of a short message."""

    subject = StringField(
        mark("Subject"), filters=[one_line], validators=[Length(max=wording.LONGEST_SUBJECT)]
    )
    body = TextAreaField(mark("Text"), filters=[_text])
    button = StringField(
        mark("Button"), filters=[one_line], validators=[Length(max=wording.LONGEST_BUTTON)]
    )

    def __init__(self, kind: str, form: str, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.kind, self.form = kind, form
        if form == SHORT:
            del self.subject
        if form == SHORT or kind == "magic":
            del self.button

    @property
    def words(self) -> OwnWords:
        found = {name: field.data or "" for name, field in self._fields.items()}
        return OwnWords(found["body"], found.get("subject", ""), found.get("button", ""))

    @classmethod
    def of(cls, kind: str, form: str, words: OwnWords) -> WordsForm:
        filled = cls(kind, form, formdata=None)
        for name, value in words._asdict().items():
            if name in filled:
                filled[name].data = value
        return filled

    def validate_subject(self, field: Field) -> None:
        if not field.data:
            raise ValidationError(_("Give the message a subject."))
        self._refuse_strange(field)

    def validate_button(self, field: Field) -> None:
        if not field.data:
            raise ValidationError(_("Give the button a word or two."))
        self._refuse_strange(field)

    def validate_body(self, field: Field) -> None:
        most = wording.LONGEST_BODY if self.form == EMAIL else wording.LONGEST_SHORT
        if not field.data:
            raise ValidationError(_("Write a text, or restore Portico's own."))
        if len(field.data) > most:
            raise ValidationError(_("Use at most %(count)s characters.", count=counted(most)))
        self._refuse_strange(field)
        if wrong := wording.fault_of_note(field.data):
            raise ValidationError(wrong)
        if self.form == SHORT and not wording.has(field.data, "link"):
            raise ValidationError(
                _("Put {{link}} where the link is to stand: nobody gets in without.")
            )

    def _refuse_strange(self, field: Field) -> None:
        names = wording.allowed(self.kind, self.form, field.name)
        if wrong := wording.fault(field.data or "", names):
            raise ValidationError(wrong)
