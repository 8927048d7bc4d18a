"""The forms of SAML's HTTP-POST binding: each field once on the way in, sent on by itself on the way out; and
how a browser leaves for its provider at all.

A page of ours may send its forms to ourselves alone (CSP form-action), and Chromium applies that to every
redirect that follows, the provider's own included. So no form of ours is answered by a redirect to a
provider: it is answered by one page that goes on by itself, or with its button (decision 0038). A program
that asks for no page gets the plain redirect of the HTTP-Redirect binding.
"""

from urllib.parse import parse_qsl, urlsplit

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


def leave(onward: Onward) -> Response:
    """Answer a form of ours: the page that takes the browser to the provider, over either binding."""
    if not onward.fields and "text/html" not in request.headers.get("Accept", ""):
        return redirect(onward.url, 303)  # no browser: all of them ask for text/html by name
    parts = urlsplit(onward.url)
    let_forms_reach(f"{parts.scheme}://{parts.netloc}")
    # A form that is sent by GET writes its own query, so what stands in the address goes into its fields.
    fields = onward.fields or parse_qsl(parts.query, keep_blank_values=True)
    return make_response(render_template("sign_in/onward.html", onward=onward, fields=fields))


def pass_on(onward: Onward) -> Response:
    """Answer a provider's message: at once where that is possible, as it may have come in a hidden frame."""
    return leave(onward) if onward.fields else redirect(onward.url, 303)
