"""Who may write which value of a person: one table, used by feeds, by commands and by the portal."""

from enum import StrEnum
from types import MappingProxyType


class Owner(StrEnum):
    """Whose word counts for a value."""

    FEED = "the HR feed, or a directory manager where no feed has the person"
    LEADER = "the person"
    ORGANISATION = "the organisation's own entry"
    SYSTEM = "Counterpart"


_FIELDS = {
    Owner.FEED: (
        "full_name", "family_name", "given_name", "honorific", "honours", "title", "employee_number",
        "mail", "telephone", "mobile", "sign_in_address",
    ),
    Owner.LEADER: (
        "display_name", "known_as", "language", "pages", "assistants", "show", "reveal_mail_to",
        "reveal_telephone_to", "reveal_mobile_to", "reveal_until", "disputed",
    ),
    # Copies, so that mail programs find people by them.
    Owner.ORGANISATION: ("organisation_name", "sector", "town", "region"),
    Owner.SYSTEM: (
        "uid", "organisation_id", "status", "status_since", "sealed", "kind", "federated_ids", "feed",
        "feed_part", "feed_key", "sources", "mail_source", "telephone_source", "mobile_source",
    ),
}  # fmt: skip
OWNER_OF = MappingProxyType({field: owner for owner, fields in _FIELDS.items() for field in fields})


def owner_of(field: str) -> Owner:
    """Give the owner of a field of `Person`; KeyError for what is none."""
    return OWNER_OF[field]
