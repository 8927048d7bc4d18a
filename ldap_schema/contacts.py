"""Whom a piece of a telephone number or mail address belongs to, asked as whoever may see it.

slapd looks at a value only where the viewer may search it: a filter item that it may not look at is undefined
(RFC 4511, section 4.5.1.7) and finds nobody. So a concealed number finds its owner for nobody else.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ldap_schema.filters import all_of, any_of, begins, contains, equals
from ldap_schema.link import Link
from ldap_schema.offices import CODEC as OFFICES
from ldap_schema.offices import IS_OFFICE, Office
from ldap_schema.people import CANARY, Person
from ldap_schema.people import CODEC as PEOPLE

# All are indexed by pieces of three characters (ldif/config.ldif): no filter made here reads every entry.
TELEPHONES, MAILS = ("telephoneNumber", "mobile"), ("mail",)
SHORTEST = 4  # characters of a piece: fewer are everybody's


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a number (digits, perhaps after a plus) or of an address, by what a value may begin with or
    have in it."""

    attributes: tuple[str, ...]  # TELEPHONES or MAILS
    begins: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()

    def is_in(self, value: str) -> bool:
        """Whether a value fits, by slapd's rules: case, and spaces and hyphens of numbers, are nothing."""
        plain = value.casefold()
        if self.attributes == TELEPHONES:
            plain = plain.replace(" ", "").replace("-", "")
        return plain.startswith(self.begins) or any(part in plain for part in self.contains)


class Contacts:
    """People and private offices by what they can be reached at, as far as this identity may see that."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def people(self, piece: Piece, limit: int) -> list[Person]:
        """Return at most so many people who show the viewer such a number or address."""
        wanted = all_of(equals("objectClass", "nlcPerson"), _any_value(piece, piece.attributes))
        found = self._link.find(self._link.tree.branch("people"), wanted, PEOPLE.asked, limit=limit)
        return [person for person in map(PEOPLE.decode, found) if person.status != CANARY]

    def offices(self, piece: Piece, limit: int) -> list[Office]:
        """Return at most so many private offices with such a number or address."""
        attributes = [each for each in piece.attributes if each != "mobile"]
        wanted = all_of(IS_OFFICE, _any_value(piece, attributes))
        found = self._link.find(self._link.tree.branch("offices"), wanted, OFFICES.asked, limit=limit)
        return [OFFICES.decode(entry) for entry in found]


def _any_value(piece: Piece, attributes: Sequence[str]) -> str:
    items = [begins(attribute, value) for attribute in attributes for value in piece.begins]
    items += [contains(attribute, value) for attribute in attributes for value in piece.contains]
    return any_of(*items)
