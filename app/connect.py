"""Connecting the account of a second organisation to one's own entry, proved from both sides: signed in here
through the first a short while ago, and now at the second. It opens the entry once that belongs there.
"""

from collections.abc import Sequence

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from app.finding import clean
from app.forms import PortalForm, submit_field, text_field
from app.permissions import leader_acts
from app.refusals import refused
from app.sign_in import sent_to_provider
from app.viewer import portal_session, services, sessions, viewer
from saml.errors import LinkRefused, SignInRefused
from saml.held_keys import keys_of
from saml.linking import fingerprint, provider_of
from saml.provider import Provider
from saml.state import CONNECT
from saml.vouching import links_of
from store import ledger

bp = Blueprint("connect", __name__)

ACT = "change the accounts that open your entry"


class AddressForm(PortalForm):
    """The address at the other organisation says which provider has to confirm it."""

    address = text_field(
        "Your work e-mail address at the other organisation",
        needed="Enter your work e-mail address there.",
        longest=254,
    )
    submit = submit_field("Continue")


@bp.get("/sessions/accounts")
@leader_acts(ACT)
def index() -> Answer:
    """List the accounts that open one's entry, and offer to add one."""
    return _page(AddressForm())


@bp.post("/sessions/accounts")
@leader_acts(ACT)
def begin() -> Answer:
    """Send the person to the other organisation's provider, which has to ask them anew."""
    form = AddressForm()
    wanted = clean(request.form.get("provider", ""))
    if not wanted:
        if not form.validate():
            return _page(form)
        found = services().sign_on.find(form.address.data)
        if not found.sure:
            if not found.providers:
                form.address.errors = ["No organisation that signs people in here has that address."]
            return _page(form, found.providers)
        wanted = found.providers[0].id
    try:
        begun = services().sign_on.begin(
            wanted, url_for("connect.index", done="yes"), purpose=CONNECT,
            uid=viewer().uid, session=portal_session().digest,
        )  # fmt: skip
    except SignInRefused as refusal:
        return refused(refusal)
    return sent_to_provider(begun)


@bp.post("/sessions/accounts/remove")
@leader_acts(ACT)
def remove() -> Answer:
    """Cut an account off, with the sessions that it began; never the one that this session stands on."""
    wanted, mine = request.form.get("account", ""), portal_session()
    key = next((key for key in _keys() if fingerprint(key) == wanted), "")
    if not key or wanted in links_of(mine):
        return redirect(url_for("connect.index"), 303)
    try:
        with services().store.transaction() as tx:  # the directory last, so no removal without its entry
            told = {"provider": provider_of(key)}
            ledger.append(tx, "provider removed", viewer().uid, viewer().uid, told, services().clock())
            services().sign_on.linking.remove(viewer().uid, key)
    except LinkRefused:
        return redirect(url_for("connect.index"), 303)  # gone already
    sessions().end_all(viewer().uid, lambda values: wanted in links_of(values))
    return redirect(url_for("connect.index", done="yes"), 303)


def _keys() -> tuple[str, ...]:
    return keys_of(services().directory.people.get(viewer().uid))


def _page(form: AddressForm, found: Sequence[Provider] = ()) -> Answer:
    accounts = [
        {
            "id": fingerprint(key),
            "provider": services().sign_on.provider(provider_of(key)),
            "current": fingerprint(key) in links_of(portal_session()),
        }
        for key in _keys()
    ]
    page = render_template(
        "connect/index.html", form=form, found=found, accounts=accounts, done="done" in request.args
    )
    return make_response(page, 400 if form.errors or form.address.errors else 200)
