"""Mails that tell people what happened to their own way in, so that they notice what they did not do."""

from flask import current_app, render_template
from sqlalchemy.orm import Session

from app.viewer import services
from ldap_schema.people import Person
from store import outbox
from store.errors import BadMail
from store.outbox import Mail

SUBJECTS = {
    "linked": "Your entry was connected to a sign-in",
    "connected": "An account was connected to your entry",
    "used_link": "Somebody signed in with a link that was mailed to you",
    "link": "Your link to sign in",
    "device_added": "A mail program was added for you",
    "device_restored": "A mail program of yours may be used again",
}


def tell_owner(tx: Session, person: Person, what: str, key: str, **values: object) -> bool:
    """Queue the mail of that name to the person's sign-in address; False if it can't be sent there."""
    address = services().directory.people.get(person.uid).sign_in_address
    try:
        mail = Mail(
            to=address,
            subject=SUBJECTS[what],
            text=render_template(f"mail/{what}.txt", base_url=services().base_url, **values),
        )
    except BadMail as error:
        current_app.logger.warning("%s could not be told by mail (%s): %s", person.uid, what, error)
        return False
    outbox.enqueue(tx, mail, f"{what} {key}", services().clock())
    return True
