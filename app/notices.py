"""Tells people, from a page, what happened to their own way in."""

from sqlalchemy.orm import Session

from app.owner_mail import OwnerMail
from app.viewer import portal_settings, services
from ldap_schema.people import Person


def tell_owner(
    tx: Session, person: Person, what: str, key: str, *, only_to: str | None = None, **values: object
) -> bool:
    """Queue the mail of that name to the person; False if it can't be sent. See OwnerMail."""
    known = services()
    mail = OwnerMail(directory=known.directory, portal=portal_settings(), base_url=known.base_url)
    return mail.tell(tx, person.uid, what, key, known.clock(), only_to=only_to, **values)
