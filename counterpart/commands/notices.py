"""Telling a person by mail what a command did to their own way in; shared by the commands that do so."""

from app.owner_mail import Notice, OwnerMail
from counterpart.commands.common import Tools
from ldap_schema.people import Person


def notice_to(tools: Tools, person: Person, what: str, key: str, **values: str) -> Notice:
    """Write the mail of that name to the person, to be queued in the store's transaction. See OwnerMail."""
    settings = tools.settings
    mail = OwnerMail(
        directory=tools.portal_directory, portal=settings.portal, base_url=settings.saml.base_url
    )
    return mail.notice(person.uid, what, key, tools.clock(), only_to=None, **values)
