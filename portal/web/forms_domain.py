"""The form of an account's own domain."""

from __future__ import annotations

from wtforms import StringField, ValidationError
from wtforms.validators import DataRequired, Length

from portal.errors import AddressError
from portal.languages import mark
from portal.models.account_domain import wanted_host
from portal.web.forms import OwnForm, one_line


class DomainForm(OwnForm):
    """The host that clients are to come in at."""

    host = StringField(
        mark("Domain"),
        filters=[one_line],
        validators=[DataRequired(mark("Type a domain name.")), Length(max=253)],
    )

    def validate_host(self, field: StringField) -> None:
        try:
            wanted_host(field.data or "")
        except AddressError as error:
            raise ValidationError(str(error)) from None
