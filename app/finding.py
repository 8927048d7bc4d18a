"""What a search finds, in which order, and why: pure functions over people the viewer was allowed to read."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest

from ldap_schema.people import Person
from search_index import documents
from search_index.words import fold

LONGEST_QUERY = 200  # characters; nobody's name, post and organisation together are longer
MOST_WORDS = 8  # more make the directory work without finding anybody else

NOTHING_KNOWN: Mapping[str, str] = {}
NOTHING_COUNTED: Mapping[str, Mapping[str, int]] = {}
FACETS = ("sector", "region", "role", "organisation", "cohort")

# Honours and ranks say how to address somebody, not who it is; alone they would match half the directory.
ADDRESS = frozenset(
    "dame sir lord lady baroness dr prof professor mr mrs ms miss mx "
    "obe cbe mbe dbe kbe kcb dcb qpm kpm kc".split()
)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for: words, and facets that narrow what is found."""

    text: str = ""
    words: tuple[str, ...] = ()
    sector: str = ""
    region: str = ""
    role: str = ""
    organisation: str = ""  # an organisation's id
    cohort: str = ""  # a cohort's name

    @property
    def empty(self) -> bool:
        """Whether nothing at all was asked for."""
        return not (self.words or any(getattr(self, name) for name in FACETS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What results are counted by."""

    uid: str
    sector: str
    region: str
    role: str
    organisation_id: str


@dataclass(frozen=True, slots=True)
class Found:
    """One person found, and every reason why, best first."""

    person: Person
    matched: tuple[str, ...]
    score: int
    role: str

    @property
    def traits(self) -> Traits:
        """What the person is counted by."""
        return Traits(
            uid=self.person.uid,
            sector=self.person.sector,
            region=self.person.region,
            role=self.role,
            organisation_id=self.person.organisation_id,
        )


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value that narrows the results: how it is asked for, how it reads, how many it leaves."""

    value: str
    label: str
    count: int


def clean(text: str) -> str:
    """Keep what a person could have meant: one line of printable characters, of bounded length."""
    spaced = "".join(letter if letter.isprintable() else " " for letter in text[: LONGEST_QUERY * 2])
    return " ".join(spaced.split())[:LONGEST_QUERY]


def words_of(text: str) -> tuple[str, ...]:
    """Split a query into the words to look for; forms of address count only when nothing else is asked."""
    words = tuple(word for word in re.split(r"[\s,;]+", text) if any(map(str.isalnum, word)))[:MOST_WORDS]
    telling = tuple(word for word in words if fold(word.strip(".")) not in ADDRESS)
    return telling or words


def role_of(title: str) -> str:
    """Return the role a post's title is a case of; a title of its own kind is its own role."""
    return documents.role_of(title)


def rank(people: Iterable[Person], words: Sequence[str]) -> list[Found]:
    """Order people by how well they match, and by name among equals."""
    found = [judge(person, words) for person in people]
    return sorted(
        found, key=lambda one: (-one.score, fold(one.person.family_name), fold(one.person.given_name))
    )


def narrowed(found: Iterable[Found], question: Question) -> list[Found]:
    """Keep those who are in the role asked for, which the directory itself can't be asked."""
    return [one for one in found if not question.role or one.role == question.role]


def facets(
    counts: Mapping[str, Mapping[str, int]], labels: Mapping[str, Mapping[str, str]], most: int = 0
) -> dict[str, list[FacetValue]]:
    """Return the values by which results can be narrowed further, the most frequent first; `most` of each,
    or all. `labels` say how the values of a facet read that are ids."""
    return {name: _listed(counts.get(name, {}), labels.get(name, {}), most) for name in FACETS}


def counted(
    traits: Iterable[Traits],
    cohorts: Mapping[str, frozenset[str]],
    others: Mapping[str, Mapping[str, int]] = NOTHING_COUNTED,
) -> dict[str, Counter[str]]:
    """Count people by each facet, beside others who are counted already. `cohorts`: name -> uids."""
    counts = {name: Counter(others.get(name, {})) for name in FACETS}
    for one in traits:
        mine = [name for name, uids in cohorts.items() if one.uid in uids]
        values = ([one.sector], [one.region], [one.role], [one.organisation_id], mine)
        for name, each in zip(FACETS, values, strict=True):
            counts[name].update(filter(None, each))
    return counts


def _listed(counts: Mapping[str, int], labels: Mapping[str, str], most: int) -> list[FacetValue]:
    named = ((-count, labels.get(value, value), value) for value, count in counts.items() if count)
    first = nsmallest(most, named) if most else sorted(named)
    return [FacetValue(value, label, -count) for count, label, value in first]


def judge(person: Person, words: Sequence[str], known: Mapping[str, str] = NOTHING_KNOWN) -> Found:
    """Say why the words fit the person, and how well; `known` are reasons from elsewhere, by word."""
    fields = (
        ("family name", person.family_name, 8),
        ("first name", person.given_name, 6),
        ("name", person.display_name or person.full_name, 4),
        ("post", person.title, 3),
        ("organisation", person.organisation_name, 3),
        ("region", person.region, 1),
    )
    score, words_by_field = 0, dict[str, list[str]]()
    for word in words:
        best = max((_fit(word, text) * weight, number) for number, (_, text, weight) in enumerate(fields))
        if best[0]:
            score += best[0]
            words_by_field.setdefault(fields[best[1]][0], []).append(word)
    phrase = fold(" ".join(words))
    if phrase and phrase in (fold(person.full_name), fold(f"{person.given_name} {person.family_name}")):
        score += 40
    if phrase and phrase == fold(person.title):
        score += 20  # "chief constable" asks for chief constables before their deputies and assistants
    reasons = [f"{label}: {' '.join(found)}" for label, found in words_by_field.items()]
    here = {word for found in words_by_field.values() for word in found}
    reasons += [reason for word, reason in known.items() if reason and word not in here]
    return Found(person, tuple(reasons), score, role_of(person.title))


def _fit(word: str, text: str) -> int:
    """Say how well a word is in a text: all of one word, the beginning of one, or somewhere inside."""
    wanted, there = fold(word), fold(text)
    if not wanted or wanted not in there:
        return 0
    parts = re.split(r"[^\w']+", there)
    if wanted in parts or wanted == there:
        return 4
    return 2 if any(part.startswith(wanted) for part in parts) else 1
