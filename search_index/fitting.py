"""Where and how one unit of a query fits a document, and what that is worth; `judging` adds it up. Pure.

Each unit counts where it is worth most. A name in full is worth more than its beginning, that more than one
that sounds or is spelt alike; names are worth more than posts and organisations, and those more than places.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rapidfuzz.distance import OSA

from search_index import schema
from search_index.documents import (
    ACRONYM,
    ASSISTED,
    EMPLOYER,
    EMPLOYER_AS_IT_IS,
    FAMILY,
    FORMERLY,
    GIVEN,
    HONOURS,
    NAME,
    PLACE,
    REGION,
    TITLE,
    TITLE_AS_IT_IS,
    Document,
)
from search_index.names import other_forms, slips, sounds, spellings
from search_index.understanding import Unit
from search_index.vocabulary import Kind, Phrase, vocabulary
from search_index.words import token

LABELS = {
    FAMILY: "family name", GIVEN: "first name", NAME: "name", TITLE: "post", EMPLOYER: "organisation",
    ACRONYM: "organisation", PLACE: "region", HONOURS: "honours", ASSISTED: "office",
}  # fmt: skip
# What a whole word is worth where it stands, best first; and the beginning of one, for what of it is there.
WHOLE = {
    FAMILY: 8.0, GIVEN: 6.0, NAME: 4.0, TITLE: 3.0, EMPLOYER: 3.2, ACRONYM: 4.8, FORMERLY: 2.6, ASSISTED: 3.0,
    PLACE: 2.0, HONOURS: 4.0,
}  # fmt: skip
BEGINNING = {
    FAMILY: 6.0, GIVEN: 4.5, NAME: 2.5, TITLE: 1.6, EMPLOYER: 1.8, ACRONYM: 0.8, FORMERLY: 1.2, ASSISTED: 1.3,
    PLACE: 1.0, HONOURS: 0.5,
}  # fmt: skip
NICKNAME, SPELLING, SOUND, TYPO = 0.8, 0.85, 0.72, 0.68  # of what the word itself would be worth there
SECOND_SLIP = 0.8
PIECE = 0.85  # of a compound family name
ROLE, OTHER_ROLE, ROLE_WORDS = 5.0, 4.0, 2.2
REGION_WORTH, COUNTY_WORTH, PLACE_PHRASE = 2.5, 0.7, 4.0
TWO_AS_ONE = 1.6
SHORTEST_TWO = 5  # letters of two words typed as one
INITIAL = 0.2  # of what a beginning is worth: a single letter stands for a first name
WHOLE_NAME, WHOLE_TITLE, WHOLE_EMPLOYER, WHOLE_ASSISTANT, LEADS = 5.0, 2.0, 1.5, 4.0, 0.6


@dataclass(frozen=True, slots=True)
class Fit:
    """Where and how one unit fits: as it is typed (`said` is empty), or as something else that is said."""

    worth: float
    where: str
    said: str = ""


NOWHERE = Fit(0.0, "")


class Card:
    """A document's words, looked at once for all units."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.words = {name: text.split() for name, text in document.words.items()}
        self.sets = {name: frozenset(words) for name, words in self.words.items()}
        self.where: dict[str, list[str]] = {}  # word -> the fields that hold it
        for name, words in self.sets.items():
            for word in words:
                self.where.setdefault(word, []).append(name)
        self.roles = schema.roles(document)

    def fit(self, unit: Unit) -> Fit:
        """Return the best of all ways in which a unit fits."""
        found = [*self._as_phrase(unit)]
        if len(unit.words) == 1:
            found += self._as_word(unit.words[0], unit.text)
        elif not unit.phrases:
            found += self._as_word(unit.joined, unit.text)
            pieces = [max(self._as_word(word, word), key=_worth, default=NOWHERE) for word in unit.words]
            if all(piece.worth for piece in pieces):
                found.append(max(pieces, key=_worth))
        return max(found, key=_worth, default=NOWHERE)

    def _as_phrase(self, unit: Unit) -> Iterable[Fit]:
        for phrase in unit.phrases:
            if phrase.kind in (Kind.ROLE, Kind.HEAD):
                yield from self._as_role(unit, phrase.means, titled=phrase.titled)
            elif phrase.kind is Kind.REGION:
                yield from self._as_region(unit, phrase)
            elif phrase.kind is Kind.ADDRESS:
                others = (other for other in phrase.means if self._stands(HONOURS, other.split()))
                yield from (Fit(WHOLE[HONOURS], HONOURS, f"{unit.text} → {other}") for other in others)
        if len(unit.words) > 1:
            for name in (EMPLOYER, FORMERLY, PLACE, NAME, HONOURS, TITLE, ASSISTED):
                if self._stands(name, unit.words):
                    yield Fit(PLACE_PHRASE if name in (EMPLOYER, FORMERLY, PLACE, HONOURS) else 2.0, name)

    def _as_region(self, unit: Unit, phrase: Phrase) -> Iterable[Fit]:
        region = self.document.facets.get(REGION, "")
        if region in phrase.means:
            said = "" if token(region) == unit.joined else f"{unit.text} → {region}"
            yield Fit(COUNTY_WORTH if phrase.within else REGION_WORTH, PLACE, said)

    def _as_role(self, unit: Unit, means: Sequence[str], *, titled: bool) -> Iterable[Fit]:
        for number, role in enumerate(self.roles):
            if role in means:
                literal = titled and self._stands(TITLE, unit.words)
                yield Fit(OTHER_ROLE if number else ROLE, TITLE, "" if literal else f"{unit.text} → {role}")
        if titled and all(word in self.sets.get(TITLE, ()) for word in unit.words):
            yield Fit(ROLE_WORDS, TITLE)

    def _stands(self, name: str, words: Sequence[str]) -> bool:
        """Whether the words stand beside each other there."""
        return f" {' '.join(words)} " in f" {self.document.words.get(name, '')} "

    def _as_word(self, word: str, typed: str) -> list[Fit]:
        if found := self._exactly(word, typed):
            return found
        return list(self._alike(word))

    def _exactly(self, word: str, typed: str) -> list[Fit]:
        if names := self.where.get(word):
            found = [self._whole(word, typed, name) for name in names]
        else:
            longer = [one for one in self.where if one.startswith(word)]
            found = [self._begun(word, one, typed, name) for one in longer for name in self.where[one]]
        found += self._other_forms(word, typed)
        if not found and len(word) >= SHORTEST_TWO and (two := self._two_as_one(word)):
            found.append(two)
        return found

    def _whole(self, word: str, typed: str, name: str) -> Fit:
        if name == ACRONYM:
            return Fit(WHOLE[ACRONYM], EMPLOYER, self._acronym(typed))
        piece = PIECE if name == FAMILY and self._is_piece(word) else 1.0
        return Fit(WHOLE[name] * piece, name, f"formerly {typed}" if name == FORMERLY else "")

    def _begun(self, word: str, longer: str, typed: str, name: str) -> Fit:
        share = 0.6 + 0.4 * len(word) / len(longer)
        share *= 1.0 if len(word) > 1 or name == GIVEN else INITIAL
        return Fit(BEGINNING[name] * share, name, f"formerly {typed}" if name == FORMERLY else "")

    def _is_piece(self, word: str) -> bool:
        family = self.words[FAMILY]
        return len(family) > 1 and word != family[-1]

    def _acronym(self, typed: str) -> str:
        name = self.document.facets.get(EMPLOYER_AS_IT_IS) or self.document.label
        return f"{typed} → {name}"

    def _other_forms(self, word: str, typed: str) -> Iterable[Fit]:
        given = self.sets.get(GIVEN, frozenset())
        if known := other_forms(word) & given:
            yield Fit(WHOLE[GIVEN] * NICKNAME, GIVEN, f"{typed} → {self._written(min(known))}")
        for other in spellings(word):
            for name in (FAMILY, GIVEN, EMPLOYER, TITLE, PLACE):
                if other in self.sets.get(name, ()):
                    yield Fit(WHOLE[name] * SPELLING, name, f"{typed} → {self._written(other)}")

    def _two_as_one(self, word: str) -> Fit | None:
        """Two words typed without the space between them."""
        family = self.words.get(FAMILY, [])[-1:]
        for given in self.words.get(GIVEN, ()):
            for last in family:
                if word in (given + last, last + given):
                    return Fit(WHOLE[FAMILY] * TWO_AS_ONE, NAME)
                if word in (given[0] + last, last + given[0]):
                    return Fit(WHOLE[FAMILY], NAME)
        for name in (NAME, TITLE, EMPLOYER, FORMERLY, PLACE, ASSISTED):
            words = self.words.get(name, [])
            if any(word == one + other for one, other in pairwise(words)):
                return Fit(WHOLE[name] * TWO_AS_ONE, name)
        whole = len(word) > 7 and "".join(self.words.get(EMPLOYER, [])).startswith(word)
        return Fit(WHOLE[EMPLOYER] * TWO_AS_ONE, EMPLOYER) if whole else None

    def _alike(self, word: str) -> Iterable[Fit]:
        """Words that are spelt or sound alike; names, and less readily what else is said."""
        codes = sounds(word)
        for name in (FAMILY, GIVEN, NAME):
            for there in self.words.get(name, ()):
                worth = WHOLE[name] * (PIECE if name == FAMILY and self._is_piece(there) else 1.0)
                if codes and not codes.isdisjoint(sounds(there)):
                    yield from self._sounding(word, there, worth, name)
                yield from self._misspelt(word, there, worth, name)
        for name in (TITLE, EMPLOYER, FORMERLY, PLACE):
            for there in self.words.get(name, ()):
                yield from self._misspelt(word, there, WHOLE[name], name)

    def _sounding(self, word: str, there: str, worth: float, name: str) -> Iterable[Fit]:
        distance = OSA.distance(word, there)
        if distance <= max(2, len(word) // 2) or there in vocabulary().said.get(word, ()):
            share = SOUND * max(1.0 - 0.03 * distance, 0.8)
            yield Fit(worth * share, name, f"sounds like {self._written(there)}")

    def _misspelt(self, word: str, there: str, worth: float, name: str) -> Iterable[Fit]:
        allowed = slips(word)
        if not allowed:
            return
        if abs(len(there) - len(word)) <= allowed:
            distance = OSA.distance(word, there, score_cutoff=allowed)
            if distance <= allowed:
                share = TYPO * (SECOND_SLIP if distance > 1 else 1.0)
                yield Fit(worth * share, name, f"spelt like {self._written(there)}")
        elif len(there) > len(word) > 4:
            if OSA.distance(word, there[: len(word)], score_cutoff=1) <= 1:
                yield Fit(worth * TYPO * 0.6, name, f"spelt like {self._written(there)}")

    def _written(self, word: str) -> str:
        """Return a folded word as the document writes it."""
        facets = self.document.facets
        texts = (self.document.label, facets.get(EMPLOYER_AS_IT_IS, ""), facets.get(TITLE_AS_IT_IS, ""))
        for written in " ".join(texts).replace("-", " ").split():
            if token(written) == word:
                return written.strip(",.()")
        return word.capitalize()

    def bonus(self, fits: Sequence[tuple[Unit, Fit]]) -> float:
        """Put whoever has just that name, post or organisation before those who have more in it."""
        places = {fit.where for _, fit in fits}
        bonus = 0.0
        if {FAMILY, GIVEN} <= places:
            names = (fit for _, fit in fits if fit.where in (FAMILY, GIVEN))
            whole = all(fit.worth >= WHOLE[GIVEN] * NICKNAME for fit in names)
            bonus += WHOLE_NAME if whole else WHOLE_NAME * 0.6
        if TITLE in places:
            bonus += WHOLE_TITLE * self._share(TITLE, fits)
        if EMPLOYER in places:
            bonus += WHOLE_EMPLOYER * self._share(EMPLOYER, fits)
        if places == {ASSISTED} and len(fits) > 1:
            bonus += WHOLE_ASSISTANT
        if self.roles and self.roles[0] in vocabulary().heads:
            bonus += LEADS
        return bonus

    def _share(self, name: str, fits: Sequence[tuple[Unit, Fit]]) -> float:
        """How much of what stands there was asked for; a short form asks for two words or more."""
        there = [(unit, fit) for unit, fit in fits if fit.where == name]
        asked = sum(max(len(unit.words), 2 if fit.said else 1) for unit, fit in there)
        return min(1.0, asked / max(len(self.words.get(name, ())), 1))


def _worth(fit: Fit) -> float:
    return fit.worth
