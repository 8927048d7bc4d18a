"""One's own mail programs: each gets a way into the directory, shown once and revoked with one button."""

import re

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from app.forms import PortalForm, choice_field, submit_field, text_field
from app.mail_programs import BY_KEY, PROFILE_TYPE, PROGRAMS, Access, Program, apple_profile, snippet
from app.permissions import leader_signed_in
from app.viewer import portal_settings, services, viewer
from ldap_schema.credentials import Credential
from store import ledger, waiting

bp = Blueprint("devices", __name__)

MOST = 10  # devices a person may have; more is a mistake or misuse
PASSWORD = re.compile(r"[a-z2-7]{5}(-[a-z2-7]{1,5})+")  # as the gateway makes them
STAND_IN = "(the password)"  # in snippets that are shown again
OTHER = "other"  # for who chose no program: the steps for the others stand on the same page


class DeviceForm(PortalForm):
    """What a person calls a device of theirs, and what it runs."""

    label = text_field(
        "Name of the mail program or device",
        needed="Enter a name, so that you know later which one it is.",
        longest=60,
        hint="For example, Thunderbird on my laptop.",
    )
    program = choice_field("Which mail program is it?", "Choose one from the list.")
    submit = submit_field("Make a password")


@bp.get("/devices")
@leader_signed_in
def index() -> Response:
    """List the devices and offer to add one."""
    return _page(_form())


@bp.post("/devices")
@leader_signed_in
def add() -> Answer:
    """Make a credential and show its password, this once."""
    form = _form()
    form.program.data = form.program.data or OTHER
    who, credentials = viewer(), services().directory.credentials
    if not form.validate():
        return _page(form)
    if len(credentials.of(who.uid)) >= MOST:
        form.form_errors.append(f"You have {MOST} devices. Remove one you no longer use first.")
        return _page(form)
    made = credentials.issue(who.uid, form.label.data, services().clock())
    _record("device added", made.credential.id)
    access = _access(made.credential, made.password)
    return _steps("devices/made.html", made.credential, BY_KEY[form.program.data], access)


@bp.get("/devices/<id>/set-up/<program>")
@leader_signed_in
def set_up(id: str, program: str) -> Response:
    """Say again how a program is set up; its password can't be said again."""
    credential = _mine(id)
    if program not in BY_KEY:
        abort(404)
    return _steps("devices/set_up.html", credential, BY_KEY[program], _access(credential))


@bp.post("/devices/<id>/profile")
@leader_signed_in
def profile(id: str) -> Response:
    """Put what the page that shows the password holds into a file for Apple's devices.

    The password comes from that page and goes back in the answer; it is never part of an address, and nothing
    keeps it here.
    """
    credential, password = _mine(id), request.form.get("password", "")
    if not PASSWORD.fullmatch(password):
        abort(400)
    answer = make_response(apple_profile(_access(credential, password), credential.id, credential.label))
    answer.mimetype = PROFILE_TYPE
    answer.headers["Content-Disposition"] = 'attachment; filename="directory.mobileconfig"'
    return answer


@bp.post("/devices/<id>/remove")
@leader_signed_in
def remove(id: str) -> Answer:
    """Revoke a credential of one's own; its program is refused from now on."""
    services().directory.credentials.revoke(id, viewer().uid)
    _record("device removed", id)
    return redirect(url_for("devices.index", done="removed"), 303)


@bp.post("/devices/<id>/restore")
@leader_signed_in
def restore(id: str) -> Answer:
    """Let a device work again that was suspended for what it asked: its owner knows what it was."""
    services().directory.credentials.restore(id, viewer().uid)
    _record("device restored", id)
    return redirect(url_for("devices.index", done="restored"), 303)


def _form() -> DeviceForm:
    form = DeviceForm()
    form.program.choices = [(program.key, program.name) for program in PROGRAMS]
    return form


def _page(form: DeviceForm) -> Response:
    page = render_template(
        "devices/index.html",
        form=form,
        devices=services().directory.credentials.of(viewer().uid),
        done=request.args.get("done", ""),
        hints=[{"hint": {"text": program.hint}} if program.hint else {} for program in PROGRAMS],
    )
    return make_response(page, 400 if form.errors else 200)


def _steps(template: str, credential: Credential, program: Program, access: Access) -> Response:
    shown = access if access.password else _access(credential, STAND_IN)
    page = render_template(
        template,
        credential=credential,
        program=program,
        programs=PROGRAMS,
        access=access,
        snippets={each.key: snippet(each.key, shown) for each in PROGRAMS},
    )
    return make_response(page)


def _mine(id: str) -> Credential:
    """Return a credential of the viewer's own; somebody else's is not there."""
    for credential in services().directory.credentials.of(viewer().uid):
        if credential.id == id:
            return credential
    abort(404)


def _access(credential: Credential, password: str = "") -> Access:
    settings = portal_settings()
    bind_dn, base_dn = services().directory.credentials.access(credential.id)
    return Access(
        service=settings.service_name,
        host=settings.directory_host,
        tls_port=settings.directory_tls_port,
        port=settings.directory_port,
        base_dn=base_dn,
        bind_dn=bind_dn,
        password=password,
    )


def _record(event: str, credential: str) -> None:
    """Write down who did it; a suspended device that is removed or restored is off the desk as well."""
    now, uid = services().clock(), viewer().uid
    with services().store.transaction() as tx:
        ledger.append(tx, event, uid, credential, {}, now)
        waiting.settle_matter(tx, waiting.SUSPENDED_DEVICE, credential, uid, now)
