"""Who a row is: the same key, then a verified sign-in address; anything less is a question, never a merge."""

from dataclasses import dataclass

from ldap_schema.organisations import Organisation
from ldap_schema.people import DECEASED, Person
from sync.names import Name, same_person
from sync.normalise import fold
from sync.rows import Candidate, Reading
from sync.state import State, keys_of


@dataclass(frozen=True, slots=True)
class Match:
    """The entry a row belongs to (none: a new one), or the question it raises."""

    person: Person | None = None
    question: str = ""
    mend: str = ""


class Matcher:
    """Answers for one file; remembers which addresses rows of this file already claimed."""

    def __init__(self, state: State) -> None:
        self.people = {each.uid: each for each in state.people}
        self.keys = keys_of(state)
        self.by_address = state.by_address
        self.claimed: dict[str, str] = {}

    def match(self, row: Candidate, organisation: Organisation) -> Match:
        """Decide for one row; deterministic, and never by a name alone."""
        if row.sign_in_address:
            if self.claimed.setdefault(row.sign_in_address, row.key) != row.key:
                return Match(
                    question="another row has the same sign-in address",
                    mend="A sign-in address belongs to one person.",
                )
            if not _in_domains(row.sign_in_address, organisation):
                return Match(
                    question=f"the sign-in address is not in a mail domain of {organisation.name}",
                    mend="Correct the address, or ask the directory manager to add the domain.",
                )
        owner = self.by_address.get(row.sign_in_address) if row.sign_in_address else None
        uid = self.keys.get(row.key)
        if uid and uid in self.people:
            return self._known(row, self.people[uid], owner)
        if owner:
            return self._by_address(row, owner)
        return Match()

    def _known(self, row: Candidate, person: Person, owner: Person | None) -> Match:
        if person.status == DECEASED:
            return Match(question="this person is recorded as deceased", mend="Ask the directory manager.")
        if owner and owner.uid != person.uid:
            return Match(
                question="the sign-in address belongs to another leader", mend="Correct the sign-in address."
            )
        same_address = bool(row.sign_in_address) and row.sign_in_address == person.sign_in_address.casefold()
        if not same_address and not same_person(row.name, name_of(person)):
            return Match(
                question="this key belonged to somebody of another name",
                mend="Was it used again? A new person needs a new key; if it is the same one, say so.",
            )
        return Match(person)

    def _by_address(self, row: Candidate, owner: Person) -> Match:
        if owner.status == DECEASED or not same_person(row.name, name_of(owner)):
            return Match(
                question="the sign-in address belongs to another leader", mend="Correct the sign-in address."
            )
        return Match(owner)


def bearers(state: State, reading: Reading) -> dict[str, set[str]]:
    """Map every name of the part, folded, to the keys it stands under: two keys are a hint, never a match."""
    found: dict[str, set[str]] = {}
    for person in state.owned():
        found.setdefault(fold(person.full_name), set()).add(person.feed_key)
    for row in reading.candidates:
        found.setdefault(fold(row.name.full), set()).add(row.key)
    return found


def name_of(person: Person) -> Name:
    """Give a person's name in parts."""
    return Name(person.family_name, person.given_name, person.honorific, person.honours, person.known_as)


def _in_domains(address: str, organisation: Organisation) -> bool:
    domain = address.rpartition("@")[2]
    known = [each.lower() for each in organisation.domains]
    return not known or any(domain == each or domain.endswith("." + each) for each in known)
