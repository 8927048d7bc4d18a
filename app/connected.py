"""What becomes of an account that a provider confirmed for somebody who was adding it to their own entry."""

from flask import current_app, make_response, redirect, render_template
from werkzeug.wrappers import Response as Answer

from app.notices import notice_to
from app.viewer import services, sessions, vouched_for
from saml.errors import LinkRefused
from saml.held_keys import keys_of
from saml.identity import MAY_SIGN_IN
from saml.outcomes import SignedIn
from saml.return_paths import local_path
from store import ledger

OVER = "You are not signed in any more as the person who began this. Sign in, then connect the account again."


def connect(signed_in: SignedIn) -> Answer:
    """Add the account; the browser stays signed in as it was. Says so if it can't be added."""
    uid, provider = signed_in.person.uid, signed_in.provider.id
    try:
        _add(signed_in)
    except LinkRefused as reason:
        current_app.logger.warning("an account of %s was not connected to %s: %s", provider, uid, reason)
        return not_connected(reason)
    return redirect(local_path(signed_in.return_to), 303)


def not_connected(reason: LinkRefused) -> Answer:
    """The page that says why the account was not added."""
    return make_response(render_template("sign_in/not_connected.html", reason=str(reason)), 403)


def _add(signed_in: SignedIn) -> None:
    """In one transaction of the store, the directory last: no link without its entry in the ledger and the
    owner's mail."""
    person, now = signed_in.person, services().clock()
    if not _still_stands(signed_in):
        raise LinkRefused(OVER)
    if signed_in.federated_id in keys_of(person):
        return
    about = f"{person.uid} {now.isoformat()}"
    notice = notice_to(person, "connected", about, provider=signed_in.provider.name, when=now)
    with services().store.transaction() as tx:
        told = {"provider": signed_in.provider.id}
        ledger.append(tx, "provider connected", person.uid, person.uid, told, now)
        notice.queue(tx)
        services().sign_on.linking.add(person.uid, signed_in.federated_id)


def _still_stands(signed_in: SignedIn) -> bool:
    """Whether the session that began this goes on: on a shared computer its owner may have signed out since,
    and somebody else have finished the page that they left open at the provider. The cookie can't say so: no
    browser sends it with a form of the provider's."""
    person, values = signed_in.person, sessions().standing(signed_in.person.uid, signed_in.replaces)
    return values is not None and person.status in MAY_SIGN_IN and vouched_for(values, person)
