"""Finding the person that a command is about; shared by the commands that name one."""

from counterpart.refused import Refused
from ldap_schema.directory import Directory
from ldap_schema.errors import NotFound
from ldap_schema.people import Person


def find_person(directory: Directory, reference: str) -> Person:
    """The person with that sign-in address or uid; Refused, naming what else to try, if it is not exactly
    one.
    """
    if "@" not in reference:
        return _by_uid(directory, reference)
    person = directory.people.by_sign_in_address(reference)
    if person is not None:
        return person
    others = directory.people.by_mail_or_sign_in([reference]).get(reference.lower(), [])
    if len(others) == 1:
        return others[0]
    if others:
        uids = ", ".join(sorted(other.uid for other in others))
        raise Refused(
            f"{len(others)} people use {reference}. Nothing was changed. Give one of their uids: {uids}."
        )
    raise Refused(
        f"Nobody in the directory has the address {reference}. Nothing was changed. Try `counterpart search`."
    )


def _by_uid(directory: Directory, uid: str) -> Person:
    try:
        return directory.people.get(uid)
    except NotFound:
        raise Refused(
            f"Nobody in the directory has the uid {uid}. Nothing was changed. Give an address or a uid; "
            "`counterpart search` finds it."
        ) from None
