"""Delegations: `nlcId=…,ou=delegations`. Somebody may act for a leader, in some things and for a time."""

from dataclasses import dataclass
from datetime import date

from ldap_schema.entries import Codec
from ldap_schema.filters import all_of, equals
from ldap_schema.link import Link
from ldap_schema.tree import Tree

# What a delegate may do for the leader (`nlcScope`); the portal knows acts of DEVICES alone so far.
SEARCH, INTRODUCTIONS, CONTACT_FACTS, DEVICES = SCOPES = (
    "search", "introductions", "contact-facts", "devices",
)  # fmt: skip

ATTRIBUTES = {
    "id": "nlcId",
    "leader": "nlcLeader",
    "delegate": "nlcDelegate",
    "scopes": "nlcScope",
    "first_day": "nlcFirstDay",
    "last_day": "nlcLastDay",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """One person acting for another; both see it, and nobody else but those who keep the directory."""

    id: str
    leader: str  # uid
    delegate: str  # uid
    scopes: tuple[str, ...]
    first_day: date | None = None  # Europe/London civil days, last day inclusive; None: no such bound
    last_day: date | None = None

    def stands(self, day: date) -> bool:
        """Whether it is good on that day; the last day counts."""
        return (self.first_day or day) <= day <= (self.last_day or day)


CODEC = Codec(
    Delegation,
    ATTRIBUTES,
    classes=("nlcDelegation",),
    references={"leader": Tree.person, "delegate": Tree.person},
)
IS_DELEGATION = equals("objectClass", "nlcDelegation")


class Delegations:
    """The delegations that this identity may know of: for a person, those that name them."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._base = link.tree.branch("delegations")

    def get(self, id_: str) -> Delegation:
        """Return one delegation, or raise NotFound."""
        return CODEC.decode(self._link.get(self._link.tree.delegation(id_), CODEC.asked))

    def all(self) -> list[Delegation]:
        """Return those that this identity may know of, in order of the first day."""
        return self._find()

    def by_leader(self, uid: str) -> list[Delegation]:
        """Return what the leader delegated, past and future too, in order of the first day."""
        return self._find(equals("nlcLeader", self._link.tree.person(uid)))

    def to_delegate(self, uid: str) -> list[Delegation]:
        """Return what was delegated to the person, past and future too, in order of the first day."""
        return self._find(equals("nlcDelegate", self._link.tree.person(uid)))

    def live_for(self, delegate: str, day: date) -> list[Delegation]:
        """Return the delegations by which the person may act on that day: for whom, and in what."""
        return [each for each in self.to_delegate(delegate) if each.stands(day)]

    def scopes(self, leader: str, delegate: str, day: date) -> frozenset[str]:
        """Return in what the one may act for the other on that day; empty: in nothing."""
        standing = [each for each in self.live_for(delegate, day) if each.leader == leader]
        return frozenset(scope for each in standing for scope in each.scopes)

    def _find(self, *filters: str) -> list[Delegation]:
        found = self._link.find(self._base, all_of(IS_DELEGATION, *filters), CODEC.asked)
        return sorted(
            (CODEC.decode(entry) for entry in found), key=lambda each: (str(each.first_day or ""), each.id)
        )
