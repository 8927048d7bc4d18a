"""One's own mail programs: each gets a way into the directory, shown once and revoked with one button."""

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from app.forms import PortalForm, submit_field, text_field
from app.permissions import leader_signed_in
from app.viewer import services, viewer
from store import ledger

bp = Blueprint("devices", __name__)

MOST = 10  # devices a person may have; more is a mistake or misuse


class DeviceForm(PortalForm):
    """What a person calls a device of theirs."""

    label = text_field(
        "Name of the mail program or device",
        needed="Enter a name, so that you know later which one it is.",
        longest=60,
        hint="For example, Thunderbird on my laptop.",
    )
    submit = submit_field("Make a password")


@bp.get("/devices")
@leader_signed_in
def index() -> Response:
    """List the devices and offer to add one."""
    return _page(DeviceForm())


@bp.post("/devices")
@leader_signed_in
def add() -> Answer:
    """Make a credential and show its password, this once."""
    form = DeviceForm()
    who, credentials = viewer(), services().directory.credentials
    if not form.validate():
        return _page(form)
    if len(credentials.of(who.uid)) >= MOST:
        form.form_errors.append(f"You have {MOST} devices. Remove one you no longer use first.")
        return _page(form)
    made = credentials.issue(who.uid, form.label.data, services().clock())
    _record("device added", who.uid, made.credential.id)
    return make_response(render_template("devices/made.html", made=made))


@bp.post("/devices/<id>/remove")
@leader_signed_in
def remove(id: str) -> Answer:
    """Revoke a credential of one's own; its program is refused from now on."""
    services().directory.credentials.revoke(id, viewer().uid)
    _record("device removed", viewer().uid, id)
    return redirect(url_for("devices.index", removed="yes"), 303)


def _page(form: DeviceForm) -> Response:
    page = render_template(
        "devices/index.html",
        form=form,
        devices=services().directory.credentials.of(viewer().uid),
        removed="removed" in request.args,
        suffix=services().directory_suffix,
    )
    return make_response(page, 400 if form.errors else 200)


def _record(event: str, uid: str, credential: str) -> None:
    with services().store.transaction() as tx:
        ledger.append(tx, event, uid, credential, {}, services().clock())
