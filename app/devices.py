"""Mail programs, one's own and those of leaders one acts for: each gets a password of its own, shown once."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from app.device_owners import Owner, device_of, makers, owners
from app.forms import PortalForm, choice_field, submit_field, text_field
from app.mail_programs import BY_KEY, PROFILE_TYPE, PROGRAMS, Access, Program, apple_profile, snippet
from app.notices import notice_to
from app.permissions import leader_acts, leader_signed_in
from app.viewer import portal_settings, services, viewer
from ldap_schema.credentials import Credential
from ldap_schema.passwords import new_id
from store import ledger, waiting

bp = Blueprint("devices", __name__)

MOST = 10  # devices a person may have; more is a mistake or misuse
PASSWORD = re.compile(r"[a-z2-7]{5}(-[a-z2-7]{1,5})+")  # as the gateway makes them
STAND_IN = "(the password)"  # in snippets that are shown again
# What an owner is told by mail when a delegate did it -> name of the mail.
TOLD = {"device added": "device_added", "device restored": "device_restored"}
OTHER = "other"  # for who chose no program: the steps for the others stand on the same page


class DeviceForm(PortalForm):
    """What a person calls a device of theirs, and what it runs."""

    label = text_field(
        "Name of the mail program or device",
        needed="Enter a name, so that you know later which one it is.",
        longest=60,
        hint="For example, Thunderbird on my laptop.",
    )
    owner = choice_field("Who is it for?", "Choose one from the list.")
    program = choice_field("Which mail program is it?", "Choose one from the list.")
    submit = submit_field("Make a password")


@bp.get("/devices")
@leader_signed_in
def index() -> Response:
    """List the devices and offer to add one."""
    return _page(_form(owners()), owners())


@bp.post("/devices")
@leader_acts("make a password for a mail program")
def add() -> Answer:
    """Make a credential and show its password, this once."""
    whose = owners()
    form, credentials = _form(whose), services().directory.credentials
    form.program.data = form.program.data or OTHER
    if len(whose) == 1:  # nobody was asked who it is for
        form.owner.data = form.owner.data or viewer().uid
    if not form.validate():
        return _page(form, whose)
    owner = next(each for each in whose if each.uid == form.owner.data)
    if len(credentials.of(owner.uid)) >= MOST:
        form.form_errors.append(f"{MOST} devices are the most. Remove one that is no longer used first.")
        return _page(form, whose)
    label, id_ = form.label.data, new_id()
    with _recorded("device added", id_, label, owner):
        made = credentials.issue(owner.uid, label, services().clock(), id_=id_)
    access = _access(made.credential, made.password)
    return _steps("devices/made.html", (owner, made.credential), BY_KEY[form.program.data], access)


@bp.get("/devices/<id>/set-up/<program>")
@leader_signed_in
def set_up(id: str, program: str) -> Response:
    """Say again how a program is set up; its password can't be said again."""
    device = device_of(id)
    if program not in BY_KEY:
        abort(404)
    return _steps("devices/set_up.html", device, BY_KEY[program], _access(device[1]))


@bp.post("/devices/<id>/profile")
@leader_signed_in
def profile(id: str) -> Response:
    """Put what the page that shows the password holds into a file for Apple's devices.

    The password comes from that page and goes back in the answer; it is never part of an address, and nothing
    keeps it here.
    """
    (_, credential), password = device_of(id), request.form.get("password", "")
    if not PASSWORD.fullmatch(password):
        abort(400)
    answer = make_response(apple_profile(_access(credential, password), credential.id, credential.label))
    answer.mimetype = PROFILE_TYPE
    answer.headers["Content-Disposition"] = 'attachment; filename="directory.mobileconfig"'
    return answer


@bp.post("/devices/<id>/remove")
@leader_signed_in
def remove(id: str) -> Answer:
    """Revoke a credential; its program is refused from now on."""
    owner, credential = device_of(id)
    with _recorded("device removed", id, credential.label, owner):
        services().directory.credentials.revoke(id, owner.uid)
    return redirect(url_for("devices.index", done="removed"), 303)


@bp.post("/devices/<id>/restore")
@leader_signed_in
def restore(id: str) -> Answer:
    """Let a device work again that was suspended for what it asked: its owner knows what it was."""
    owner, credential = device_of(id)
    with _recorded("device restored", id, credential.label, owner):
        services().directory.credentials.restore(id, owner.uid)
    return redirect(url_for("devices.index", done="restored"), 303)


def _form(whose: list[Owner]) -> DeviceForm:
    form = DeviceForm()
    form.program.choices = [(program.key, program.name) for program in PROGRAMS]
    form.owner.choices = [(each.uid, "Me" if each.mine else each.name) for each in whose]
    return form


def _page(form: DeviceForm, whose: list[Owner]) -> Response:
    devices = {each.uid: services().directory.credentials.of(each.uid) for each in whose}
    page = render_template(
        "devices/index.html",
        form=form,
        owners=whose,
        devices=devices,
        makers=makers([device for own in devices.values() for device in own]),
        now=services().clock(),
        done=request.args.get("done", ""),
        hints=[{"hint": {"text": program.hint}} if program.hint else {} for program in PROGRAMS],
    )
    return make_response(page, 400 if form.errors else 200)


def _steps(template: str, device: tuple[Owner, Credential], program: Program, access: Access) -> Response:
    owner, credential = device
    shown = access if access.password else _access(credential, STAND_IN)
    page = render_template(
        template,
        owner=owner,
        credential=credential,
        program=program,
        programs=PROGRAMS,
        access=access,
        snippets={each.key: snippet(each.key, shown) for each in PROGRAMS},
    )
    return make_response(page)


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


@contextmanager
def _recorded(event: str, id_: str, label: str, owner: Owner) -> Iterator[None]:
    """Write down who does it, for whom, and tell an owner for whom somebody else does it; then do it.

    The block changes the directory, last in the store's transaction: without the store nothing is changed,
    and what the directory refuses is not written down. A suspended device that is removed or restored is off
    the desk as well.
    """
    now, who = services().clock(), viewer()
    details = {} if owner.mine else {"for": owner.uid}
    notice = None
    if not owner.mine and event in TOLD:
        key = f"{id_} {now.isoformat()}"
        notice = notice_to(owner.person, TOLD[event], key, by=who.name, label=label, when=now)
    with services().store.transaction() as tx:
        ledger.append(tx, event, who.uid, id_, details, now)
        waiting.settle_matter(tx, waiting.SUSPENDED_DEVICE, id_, who.uid, now)
        if notice:
            notice.queue(tx)
        yield
