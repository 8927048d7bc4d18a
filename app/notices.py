"""Tells people, from a page, what happened to their own way in."""

from app.owner_mail import Notice, OwnerMail
from app.viewer import portal_settings, services
from ldap_schema.people import Person


def notice_to(person: Person, what: str, key: str, *, only_to: str | None = None, **values: object) -> Notice:
    """Write the mail of that name to the person, to be queued in the store's transaction. See OwnerMail."""
    known = services()
    mail = OwnerMail(directory=known.directory, portal=portal_settings(), base_url=known.base_url)
    return mail.notice(person.uid, what, key, known.clock(), only_to=only_to, **values)
