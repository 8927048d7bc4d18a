"""The forms of SAML's HTTP-POST binding: each field once on the way in, sent on by itself on the way out."""

from urllib.parse import urlsplit

from flask import make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from app.security import let_forms_reach
from saml.errors import SignInRefused
from saml.outcomes import Onward


def posted_once(refusal: type[SignInRefused]) -> dict[str, str]:
    """The posted fields. Raises `refusal` where one comes twice: readers differ in which one counts."""
    form = request.form
    if any(len(values) > 1 for _, values in form.lists()) or request.files:
        raise refusal("a field of the form comes twice, or is a file")
    return {name: form[name] for name in form}


def send(onward: Onward) -> Response:
    """Take the browser to the provider: at once, or by a form that sends itself or has a button."""
    if not onward.fields:
        return redirect(onward.url, 303)
    parts = urlsplit(onward.url)
    let_forms_reach([f"{parts.scheme}://{parts.netloc}"])
    return make_response(render_template("sign_in/onward.html", onward=onward))
