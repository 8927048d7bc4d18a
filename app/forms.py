"""Form fields that come out as GOV.UK components, and the one class all forms here are made from."""

import unicodedata
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from govuk_frontend_wtf.wtforms_widgets import (
    GovRadioInput,
    GovSubmitInput,
    GovTextArea,
    GovTextInput,
)
from wtforms.fields import RadioField, StringField, SubmitField, TextAreaField
from wtforms.validators import DataRequired, Length, ValidationError


class PortalForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """A form with its token; every page with one is `errors_of` it first, then its fields."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]  # Flask-WTF has no types
        """Takes what a form of ours sends, texts; Flask-WTF would take files and JSON for them as well."""

        def wrap_formdata(self, form: FlaskForm, formdata: Any) -> Any:
            """Return the fields that were posted; None when the page is only asked for."""
            return request.form if request.method == "POST" else None


def text_field(label: str, *, needed: str, longest: int, hint: str = "", lines: bool = False) -> Any:
    """Return a text field that is needed, bounded, and free of control characters."""
    checks = [
        DataRequired(needed),
        Length(max=longest, message=f"Use {longest} characters or fewer."),
        printable,
    ]
    kind, widget = (TextAreaField, GovTextArea()) if lines else (StringField, GovTextInput())
    return kind(label, description=hint, validators=checks, filters=[stripped], widget=widget)


def choice_field(label: str, needed: str) -> Any:
    """Return radio buttons, whose choices a view fills in."""
    return RadioField(label, validators=[DataRequired(needed)], widget=GovRadioInput(), validate_choice=True)


def submit_field(label: str) -> Any:
    """Return the button that sends the form."""
    return SubmitField(label, widget=GovSubmitInput())


def stripped(value: Any) -> Any:
    """Take spaces off both ends, as they are never meant."""
    return value.strip() if isinstance(value, str) else value


def printable(form: PortalForm, field: Any) -> None:
    """Refuse control characters and halves of characters: nobody types them, and they break mails."""
    for letter in field.data or "":
        if unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\r\n\t":
            raise ValidationError("Take out the control characters and try again.")
