"""Writing to a person: a short form, and a mail whose answer goes straight to the sender."""

import hashlib
from dataclasses import dataclass
from typing import cast

from flask import Blueprint, Response, abort, current_app, make_response, render_template
from flask import session as browser_session

from app.forms import PortalForm, choice_field, submit_field, text_field
from app.limits import MessageLimits, TooManyMessages
from app.permissions import leader_signed_in
from app.viewer import Viewer, services, viewer
from ldap_schema.people import Person
from store import outbox
from store.errors import BadMail
from store.outbox import Mail

bp = Blueprint("contact", __name__)

LONGEST_SUBJECT = 150
LONGEST_TEXT = 5000


@dataclass(frozen=True, slots=True)
class Address:
    """Where a message can go."""

    key: str
    label: str
    mail: str


class MessageForm(PortalForm):
    """What somebody wants to say to a person, and through whom."""

    to = choice_field("Send it to", "Choose where to send it.")
    subject = text_field("Subject", needed="Enter a subject.", longest=LONGEST_SUBJECT)
    text = text_field("Message", needed="Write your message.", longest=LONGEST_TEXT, lines=True)
    submit = submit_field("Send message")


@bp.route("/people/<uid>/write", methods=["GET", "POST"])
@leader_signed_in
def write(uid: str) -> Response:
    """Show the form, and queue the mail when it is sent."""
    who = viewer()
    person = who.directory.people.get(uid)
    addresses, answer_to = _addresses(who, person), _answer_to(who)
    if uid == who.uid:
        abort(404)
    if not addresses or not answer_to:
        return make_response(render_template("contact/not_possible.html", person=person, addresses=addresses))
    form = MessageForm()
    form.to.choices = [(one.key, one.label) for one in addresses]
    if len(addresses) == 1:
        form.to.data = addresses[0].key
    if form.validate_on_submit():
        chosen = next(one for one in addresses if one.key == form.to.data)
        if _queued(form, who, person, chosen, answer_to):
            return make_response(render_template("contact/sent.html", person=person, chosen=chosen))
    return _page(form, person, addresses, answer_to)


def _page(form: MessageForm, person: Person, addresses: list[Address], answer_to: str) -> Response:
    page = render_template(
        "contact/write.html",
        form=form,
        person=person,
        addresses=addresses,
        answer_to=answer_to,
        longest=LONGEST_TEXT,
    )
    return make_response(page, 400 if form.errors else 200)


def _addresses(who: Viewer, person: Person) -> list[Address]:
    """List where this viewer can write: addresses they may see themselves, the person's own first."""
    found = (
        [Address("person", person.display_name or person.full_name, person.mail[0])] if person.mail else []
    )
    for number, office in enumerate(who.directory.offices.serving(person.uid), 1):
        if office.mail:
            found.append(Address(f"office-{number}", office.name, office.mail[0]))
    return found


def _answer_to(who: Viewer) -> str:
    """Return the viewer's own address, to which the answer goes: their mail, or the one they sign in with."""
    own = who.directory.people.get(who.uid)
    return own.mail[0] if own.mail else services().directory.people.get(who.uid).sign_in_address


def _queued(form: MessageForm, who: Viewer, person: Person, chosen: Address, answer_to: str) -> bool:
    """Put the mail into the outbox; False, with the reason in the form, when it can't be sent."""
    message = {
        "sender": who,
        "person": person,
        "chosen": chosen,
        "text": form.text.data,
        "answer_to": answer_to,
    }
    try:
        mail = Mail(
            to=chosen.mail,
            subject=form.subject.data,
            text=render_template("mail/message.txt", **message),
            html=render_template("mail/message.html", **message),
            reply_to=answer_to,
            from_name=f"{who.name} through {_service_name()}"[:190],
        )
        _limits().count(who.uid, person.uid)
    except (BadMail, TooManyMessages) as reason:
        form.form_errors.append(str(reason))
        return False
    now = services().clock()
    with services().store.transaction() as tx:
        outbox.enqueue(tx, mail, _key(who, chosen, mail), now)
    return True


def _key(who: Viewer, chosen: Address, mail: Mail) -> str:
    """Name the message, so that sending the same form twice in one session sends one mail."""
    said = "\0".join((who.uid, str(browser_session.get("started")), chosen.mail, mail.subject, mail.text))
    return "message " + hashlib.sha256(said.encode()).hexdigest()


def _limits() -> MessageLimits:
    return cast(MessageLimits, current_app.extensions["counterpart-message-limits"])


def _service_name() -> str:
    return str(current_app.jinja_env.globals["service_name"])
