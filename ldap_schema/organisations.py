"""Organisations: `nlcId=<opaque>,ou=organisations`."""

from dataclasses import dataclass
from functools import lru_cache

from ldap_schema.entries import Codec
from ldap_schema.errors import BadValue, NotFound
from ldap_schema.filters import any_of, equals
from ldap_schema.link import Link
from ldap_schema.tree import Tree
from ldap_schema.wire import MOST_KNOWN

ATTRIBUTES = {
    "id": "nlcId",
    "name": "o",
    "former_names": "nlcFormerName",
    "former_name_days": "nlcFormerNameDays",
    "acronyms": "nlcAcronym",
    "codes": "nlcCode",
    "sector": "businessCategory",
    "town": "l",
    "region": "st",
    "areas_served": "nlcAreaServed",
    "domains": "associatedDomain",
    "shared_domains": "nlcSharedDomain",
    "pages": "labeledURI",
    "duty_line": "nlcDutyLine",
    "parent_id": "nlcParent",
    "successor_ids": "nlcSuccessor",
}

SECTORS = (
    "Armed forces", "Arm's-length bodies", "Civil service", "Education", "Fire and rescue", "Healthcare",
    "Housing", "Local government", "Police",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """An organisation that leaders lead; renamed ones keep their id and list their former names."""

    id: str
    name: str
    former_names: tuple[str, ...] = ()
    former_name_days: tuple[str, ...] = ()  # "<first day>/<last day> <name>", either day may be missing
    acronyms: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()  # other people's stable references, "<scheme>:<value>"
    sector: str = ""
    town: str = ""
    region: str = ""
    areas_served: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()  # mail domains, lower case
    shared_domains: tuple[str, ...] = ()  # those that people of others have as well; they prove nothing
    pages: tuple[str, ...] = ()  # "<URL> <label>" (RFC 2079)
    duty_line: str = ""  # number for any hour, shown to every signed-in leader
    parent_id: str = ""
    successor_ids: tuple[str, ...] = ()  # who does now what it did, if it is no more


CODEC = Codec(
    Organisation,
    ATTRIBUTES,
    classes=("organization", "nlcOrganisationInfo"),
    references={"parent_id": Tree.organisation, "successor_ids": Tree.organisation},
)


_decoded = lru_cache(maxsize=MOST_KNOWN)(CODEC.decode)  # the list of all of them is read every minute


class Organisations:
    """The organisations; every leader sees them, mail programs don't."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._base = link.tree.branch("organisations")

    def get(self, id_: str) -> Organisation:
        """Return one organisation, or raise NotFound."""
        return CODEC.decode(self._link.get(self._link.tree.organisation(id_), CODEC.asked))

    def all(self) -> list[Organisation]:
        """Return all of them by name; about a thousand."""
        everything = equals("objectClass", "nlcOrganisationInfo")
        entries = self._link.find(self._base, everything, CODEC.asked, again_and_again=True)
        return sorted(
            map(_decoded, entries), key=lambda organisation: (organisation.name.casefold(), organisation.id)
        )

    def by_name(self, name: str) -> Organisation | None:
        """Return the one that has the name today, else the one that had it before; in any case of letters."""
        found = self._find(any_of(equals("o", name), equals("nlcFormerName", name)))
        current = [each for each in found if each.name.casefold() == name.casefold()]
        return next(iter(current or found), None)

    def by_code(self, code: str) -> Organisation | None:
        """Return the one with that reference, `<scheme>:<value>`."""
        return next(iter(self._find(equals("nlcCode", code))), None)

    def find(self, reference: str) -> Organisation:
        """Return the one that a person means by an id, a code or a name, or raise NotFound."""
        try:
            return self.get(reference)
        except (BadValue, NotFound):
            pass  # not an id: names have spaces, codes colons
        if found := self.by_code(reference) or self.by_name(reference):
            return found
        raise NotFound("No organisation has that id, code or name.")

    def _find(self, filter_: str) -> list[Organisation]:
        return [CODEC.decode(entry) for entry in self._link.find(self._base, filter_, CODEC.asked)]
