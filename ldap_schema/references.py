"""Which entries refer to a record; slapd itself does not look after references (decision 0010)."""

from collections.abc import Sequence
from dataclasses import dataclass

from ldap_schema.changes import Record, dn_of
from ldap_schema.filters import any_of, equals, present
from ldap_schema.link import Link
from ldap_schema.organisations import Organisation
from ldap_schema.people import Person
from ldap_schema.posts import Post
from ldap_schema.tree import id_of

# Kind of record -> attributes of other entries that hold its DN; all are indexed for equality.
REFERRING: dict[type[Record], tuple[str, ...]] = {
    Person: (
        "roleOccupant", "nlcSealedFor", "nlcServes", "member", "secretary", "owner", "nlcLeader",
        "nlcDelegate", "nlcRevealMailTo", "nlcRevealTelephoneNumberTo", "nlcRevealMobileTo",
    ),
    Post: ("nlcPost",),
    Organisation: ("nlcOrganisation", "nlcParent", "nlcSuccessor"),
}  # fmt: skip
AT_ONCE = 20  # records asked for in one filter


def referrers(link: Link, records: Sequence[Record]) -> list[set[str]]:
    """Return, for each record, the ids of the entries that refer to it and that this identity may see."""
    found: dict[str, set[str]] = {}
    for kind, attributes in REFERRING.items():
        dns = [dn_of(each, link.tree) for each in records if isinstance(each, kind)]
        for start in range(0, len(dns), AT_ONCE):
            some = dns[start : start + AT_ONCE]
            asked = any_of(*(equals(name, dn) for name in attributes for dn in some))
            for entry in link.find(link.tree.suffix, asked, attributes, scope="below"):
                for dn in {text for name in attributes for text in entry.texts(name)}:
                    found.setdefault(dn, set()).add(id_of(entry.dn))
    return [found.get(dn_of(each, link.tree), set()) for each in records]


@dataclass(frozen=True, slots=True, order=True)
class Dangling:
    """An entry that refers to one that is not there."""

    kind: str  # the part of the tree it stands in: people, posts, offices…
    id: str
    attribute: str
    missing: str  # the id of the entry that is not there


def dangling(link: Link) -> list[Dangling]:
    """Find references to what is not there, in everything that this identity may see."""
    attributes = sorted({name for names in REFERRING.values() for name in names})
    everything = link.find(link.tree.suffix, present("objectClass"), ["1.1"], scope="below")
    there = {entry.dn.casefold() for entry in everything}
    asked = any_of(*map(present, attributes))
    return sorted(
        Dangling(_branch(link, entry.dn), id_of(entry.dn), name, id_of(dn))
        for entry in link.find(link.tree.suffix, asked, attributes, scope="below")
        for name in attributes
        for dn in entry.texts(name)
        if dn.casefold() not in there
    )


def _branch(link: Link, dn: str) -> str:
    """Return the branch of the tree in which an entry stands."""
    return dn.removesuffix(f",{link.tree.suffix}").rpartition("ou=")[2]
