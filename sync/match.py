"""Who a row is: the same key, then a verified sign-in address; anything less is a question, never a merge.

A named person's answer to such a question comes first (`answers.py`); it holds for one key and one name.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from ldap_schema.organisations import Organisation
from ldap_schema.people import DECEASED, LEFT, Person
from sync.answers import NEW, Question
from sync.names import Name, same_person
from sync.normalise import fold
from sync.rows import Candidate, Reading
from sync.state import State, keys_of
from sync.suggest import likely_people

RETURN_DAYS = 30  # for which whoever left comes back as who they were, without being asked about
SAY_SO = "Whoever it is, a named person says so with `counterpart sync match`."
CORRECT = "Correct the sign-in address, or ask the directory manager who has it."


@dataclass(frozen=True, slots=True)
class Match:
    """The entry a row belongs to (none: a new one), or the question it raises."""

    person: Person | None = None
    question: str = ""
    mend: str = ""
    likely: tuple[Person, ...] = ()  # of a question: who it might be
    vouched: bool = False  # a named person said who it is
    without_address: bool = False  # the sign-in address stays with whoever has it


class Matcher:
    """Answers for one file. `numbered`: the sender's key is more than the person's name."""

    def __init__(
        self, state: State, reading: Reading, answers: dict[str, Question], numbered: bool, today: date
    ) -> None:
        self.state, self.answers, self.numbered, self.today = state, answers, numbered, today
        self.people = {each.uid: each for each in state.people}
        self.keys = keys_of(state)
        self.by_address = state.by_address
        self.present = {each.key for each in reading.candidates} | reading.present
        self.listed = {self.keys[key] for key in self.present if key in self.keys}
        self.namesakes: dict[str, list[Person]] = defaultdict(list)
        for each in {each.uid: each for each in (*state.people, *state.namesakes)}.values():
            self.namesakes[fold(each.full_name)].append(each)
        claims: dict[str, set[str]] = defaultdict(set)
        for row in reading.candidates:
            claims[row.sign_in_address].add(row.key)
        self.mixed = _mixed(reading)
        self.contested = {address for address, keys in claims.items() if address and len(keys) > 1}

    def match(self, row: Candidate, organisation: Organisation) -> Match:
        """Decide for one row; deterministic, and never by a name alone."""
        owner = self.by_address.get(row.sign_in_address) if row.sign_in_address else None
        known = self.people.get(self.keys.get(row.key, ""))
        answer = self.answers.get(row.key)
        # Two people can't have one key at once, whoever says so: such a file is to be mended first.
        impossible = row.key in self.mixed and (known is None or answer is None or answer.who != known.uid)
        if answer and answer.is_about(row) and not impossible:
            return self._as_answered(row, answer, owner)
        if row.sign_in_address in self.contested and not _has(known, row):
            return Match(
                question="another row has the same sign-in address",
                mend="A sign-in address belongs to one person.",
                likely=_some(owner),
            )
        if row.sign_in_address and not _has(known, row) and not _owned(row.sign_in_address, organisation):
            return Match(
                question=f"the sign-in address is not in a mail domain of {organisation.name}",
                mend="Correct the address, or ask the directory manager to add the domain.",
                likely=_some(owner),
            )
        if known:
            return self._known(row, known, owner)
        if row.key in self.mixed:
            return Match(
                question="rows with this key have different names",
                mend="A key belongs to one person. Correct the keys and send the file again.",
            )
        if owner:
            return self._by_address(row, owner, organisation)
        return self._unknown(row)

    def _as_answered(self, row: Candidate, answer: Question, owner: Person | None) -> Match:
        if answer.who == NEW:
            named = next((each for each in self.people.values() if _is_this(each, row, self.state)), None)
            taken = owner is not None and owner != named
            return Match(named, vouched=True, without_address=taken)
        person = self.people.get(answer.who) or self.state.answered.get(answer.who)
        if person is None or (person.status == DECEASED and not row.deceased):
            return Match(question="the person who was named for this row is not there any more", mend=SAY_SO)
        taken = owner is not None and owner.uid != person.uid
        return Match(person, vouched=True, without_address=taken)

    def _known(self, row: Candidate, person: Person, owner: Person | None) -> Match:
        if person.status == DECEASED and not row.deceased:
            return Match(
                question="this person is recorded as deceased",
                mend="Ask the directory manager, or use another key for somebody else.",
                likely=(person,),
            )
        if owner and owner.uid != person.uid:
            return Match(
                question="the sign-in address belongs to another leader", mend=CORRECT, likely=(person, owner)
            )
        if not same_person(row.name, name_of(person)):
            return Match(
                question="this key belonged to somebody of another name",
                mend=f"Was it used again? A new person needs a new key. {SAY_SO}",
                likely=(person, *self._suggest(row, but=person)),
            )
        return self._returning(row, person)

    def _by_address(self, row: Candidate, owner: Person, organisation: Organisation) -> Match:
        if owner.uid in self.listed:
            return Match(
                question="the sign-in address belongs to somebody whom this file lists under another key",
                mend=f"One person has one key. {CORRECT} {SAY_SO}",
                likely=(owner,),
            )
        if is_verified(owner, row.name, row.sign_in_address, organisation):
            return self._returning(row, owner)
        return Match(
            question="the sign-in address belongs to another leader",
            mend=f"{CORRECT} {SAY_SO}",
            likely=(owner, *self._suggest(row, but=owner)),
        )

    def _returning(self, row: Candidate, person: Person) -> Match:
        """Ask about somebody who left long ago and whom the row would bring back."""
        since, ended = person.status_since, row.last_day is not None and row.last_day < self.today
        if person.status != LEFT or ended or not since or self.today - since <= timedelta(RETURN_DAYS):
            return Match(person)
        return Match(
            question=f"this person left on {since}, more than {RETURN_DAYS} days ago",
            mend=f"Are they back, or is it somebody new? {SAY_SO}",
            likely=(person,),
        )

    def _unknown(self, row: Candidate) -> Match:
        """Ask about a new key with a known name, unless the sender lists that person beside it."""
        same = [each for each in self.namesakes[fold(row.name.full)] if self._may_be(each)]
        if not same or not self.numbered:
            return Match()
        return Match(
            question="somebody of this name is in the directory under another key",
            mend=f"Is it one person, or two of the same name? {SAY_SO}",
            likely=tuple(same),
        )

    def _may_be(self, person: Person) -> bool:
        mine = (person.feed, person.feed_part) == (self.state.part.feed, self.state.part.part)
        return person.status != DECEASED and not (mine and person.feed_key in self.present)

    def _suggest(self, row: Candidate, but: Person) -> tuple[Person, ...]:
        near = likely_people(row.name, (*self.people.values(), *self.state.namesakes))
        return tuple(each for each in near if each.uid != but.uid)


def is_verified(owner: Person, name: Name, address: str, organisation: Organisation) -> bool:
    """Tell whether a sign-in address proves who a row is.

    Its domain is the organisation's own and not shared, and the name agrees: in one part for somebody who was
    linked to their provider's account, which proved the address; in whole for somebody who never signed in.
    """
    if owner.status == DECEASED or not organisation.domains or not _owned(address, organisation, own=True):
        return False
    had = name_of(owner)
    return same_person(name, had) and (bool(owner.federated_ids) or fold(name.full) == fold(had.full))


def bearers(state: State, reading: Reading) -> dict[str, set[str]]:
    """Map every name of the part, folded, to the keys it stands under: two keys are a hint, never a match."""
    found: dict[str, set[str]] = defaultdict(set)
    for person in state.owned():
        found[fold(person.full_name)].add(person.feed_key)
    for row in reading.candidates:
        found[fold(row.name.full)].add(row.key)
    return found


def name_of(person: Person) -> Name:
    """Give a person's name in parts."""
    return Name(person.family_name, person.given_name, person.honorific, person.honours, person.known_as)


def _mixed(reading: Reading) -> set[str]:
    """Give the keys under which one file has several people."""
    first: dict[str, Candidate] = {}
    return {
        row.key
        for row in reading.candidates
        if (seen := first.setdefault(row.key, row)) is not row and not same_person(seen.name, row.name)
    }


def _has(person: Person | None, row: Candidate) -> bool:
    return person is not None and person.sign_in_address.casefold() == row.sign_in_address


def _is_this(person: Person, row: Candidate, state: State) -> bool:
    """Tell whether a person whom the answer NEW made is the one of the row."""
    mine = (person.feed, person.feed_part) == (state.part.feed, state.part.part)
    return mine and person.feed_key == row.key and fold(person.full_name) == fold(row.name.full)


def _some(person: Person | None) -> tuple[Person, ...]:
    return (person,) if person else ()


def _owned(address: str, organisation: Organisation, own: bool = False) -> bool:
    """Tell whether the address is in a mail domain of the organisation; any is while none is known."""
    domain = address.rpartition("@")[2]
    if own and _within(domain, organisation.shared_domains):
        return False
    domains = (*organisation.domains, *organisation.shared_domains)
    return not domains or _within(domain, domains)


def _within(domain: str, domains: Iterable[str]) -> bool:
    return any(domain == each.lower() or domain.endswith(f".{each.lower()}") for each in domains)
