"""The directory manager links a sign-in that waits on the desk to a record, as for somebody who moved or
whose mail domain many share.
"""

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from app.finding import clean
from app.forms import PortalForm, submit_field, text_field
from app.notices import notice_to
from app.permissions import directory_manager_acts, directory_manager_signed_in
from app.viewer import services, sessions, viewer
from ldap_schema.errors import BadValue, NotFound
from ldap_schema.people import Person
from saml.errors import LinkRefused
from saml.held_keys import keys_of, was_cut_off
from saml.linking import fingerprint, provider_of
from saml.vouching import links_of
from store import ledger, waiting

bp = Blueprint("linking", __name__)

ACT = "link a sign-in to a record"


class ReasonForm(PortalForm):
    """Why the sign-in is the person's; it is kept in the ledger."""

    reason = text_field(
        "How do you know that it is this person?",
        needed="Say how you know, for instance: called back on the office line, reference read out.",
        longest=300,
        hint="For instance: called back on the office line, and they read the reference out. It is kept.",
    )
    submit = submit_field("Link")


@bp.get("/desk/<int:id>/link")
@directory_manager_signed_in
def show(id: int) -> str:
    """Find the record, and see whether it is the right one."""
    item = _item(id)
    wanted = clean(request.args.get("person", "")) or item.details.get("candidate", "")
    return _page(item, _person(wanted), wanted, ReasonForm())


@bp.post("/desk/<int:id>/link")
@directory_manager_acts(ACT)
def link(id: int) -> Answer:
    """Link the sign-in to the record, cut off what it takes the place of, and write it down."""
    item, form = _item(id), ReasonForm()
    uid = clean(request.form.get("uid", ""))
    person = _person(uid)
    if person is None:
        abort(404)
    if not form.validate():
        return make_response(_page(item, person, uid, form), 400)
    try:
        linked = _link(item, person, form.reason.data)
    except LinkRefused as reason:
        form.form_errors.append(str(reason))
        return make_response(_page(item, person, uid, form), 409)
    stays = {fingerprint(key) for key in keys_of(linked)}
    sessions().end_all(person.uid, lambda values: stays.isdisjoint(links_of(values)))
    return redirect(url_for("desk.index", done="yes"), 303)


def _link(item: waiting.Item, person: Person, reason: str) -> Person:
    """In one transaction of the store, the directory last: no link without its entry in the ledger."""
    key, now = item.details["federated_id"], services().clock()
    notice = notice_to(person, "linked", f"linked {item.id}")
    with services().store.transaction() as tx:
        waiting.settle(tx, item.id, viewer().uid, now)
        told = {"provider": provider_of(key), "reason": reason}
        ledger.append(
            tx, "sign-in linked by a manager", viewer().uid, person.uid, told, now, about=person.uid
        )
        notice.queue(tx)
        return services().sign_on.link(person.uid, key)


def _item(id: int) -> waiting.Item:
    with services().store.reading() as tx:
        item = waiting.get(tx, id)
    if not item.details.get("federated_id"):
        abort(404)
    return item


def _person(wanted: str) -> Person | None:
    """The one record that somebody means by a uid or a sign-in address, as the manager may see it."""
    if not wanted:
        return None
    try:
        found = services().directory.people.by_sign_in_address(wanted) if "@" in wanted else None
        return viewer().directory.people.get(found.uid if found else wanted)
    except (NotFound, BadValue):
        return None


def _page(item: waiting.Item, person: Person | None, wanted: str, form: ReasonForm) -> str:
    provider = services().sign_on.provider(provider_of(item.details["federated_id"]))
    known = services().directory.people.get(person.uid) if person else None
    return render_template(
        "linking/show.html",
        item=item,
        person=person,
        wanted=wanted,
        form=form,
        provider=provider,
        linked=[services().sign_on.provider(provider_of(key)) for key in keys_of(known)] if known else [],
        cut_off=known is not None and was_cut_off(known),
    )
