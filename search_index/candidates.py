"""Asks tantivy for whoever may be meant: queries made of what was understood. `judging` has the last word.

Weights are constant and few: how rare a word is among two thousand leaders says nothing about who is meant.
They only decide who is looked at more closely.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import tantivy

from search_index.documents import FAMILY, GIVEN, REGION, TITLE
from search_index.names import other_forms, slips, sounds, spellings
from search_index.schema import BESIDE, ID, JOINED, NAMES, ROLES, SCHEMA, SOUND, WORK
from search_index.understanding import Unit
from search_index.vocabulary import Kind

SHORTEST_JOINED = 5  # letters of what may be two words without a space
SHORTEST_BEGINNING = 5  # letters of a half-typed word in which a slip is looked for
Parts = list[tuple[tantivy.Occur, tantivy.Query]]


def query(
    units: Sequence[Unit], fixed: Sequence[tantivy.Query], *, wide: bool, leave: int = 0
) -> tantivy.Query:
    """Return what finds the documents in which all required units fit, or all but `leave` of them.

    With `wide`, names that sound or are spelt alike fit too. `fixed` must hold in any case.
    """
    required = [_any(_ways(unit, wide=wide)) for unit in units if unit.required]
    parts: Parts = [(tantivy.Occur.Must, each) for each in fixed]
    if leave and len(required) > leave:
        some: Parts = [(tantivy.Occur.Should, each) for each in required]
        least = len(required) - leave
        enough = tantivy.Query.boolean_query(some, minimum_number_should_match=least)
        parts.append((tantivy.Occur.Must, enough))
    else:
        parts += [(tantivy.Occur.Must, each) for each in required]
    parts += [(tantivy.Occur.Should, _any(_ways(unit, wide=False))) for unit in units if not unit.required]
    return tantivy.Query.boolean_query(parts)


def exactly(name: str, value: str) -> tantivy.Query:
    """Return what finds a value in a field that is kept as it is."""
    return _worth(tantivy.Query.term_query(SCHEMA, name, value, "basic"), 0.0)


def any_of(name: str, values: Iterable[str]) -> tantivy.Query:
    """Return what finds any of a few values; tantivy's own query for sets makes an automaton, 0.2 ms each."""
    terms = (tantivy.Query.term_query(SCHEMA, name, value, "basic") for value in values)
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, term) for term in terms])


def none_of(name: str, values: Iterable[str]) -> tantivy.Query:
    """Return what finds everything but these values in a field that is kept as it is."""
    them = any_of(name, values)
    every = _worth(tantivy.Query.all_query(), 0.0)
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, every), (tantivy.Occur.MustNot, them)])


def among(uids: Iterable[str]) -> tantivy.Query:
    """Return what finds the documents with one of these ids; worth nothing."""
    return _worth(tantivy.Query.term_set_query(SCHEMA, ID, list(uids)), 0.0)


def _ways(unit: Unit, *, wide: bool) -> list[tantivy.Query]:
    """Return every way in which a unit may fit."""
    ways: list[tantivy.Query] = []
    for phrase in unit.phrases:
        if phrase.kind in (Kind.ROLE, Kind.HEAD):
            ways += [_term(ROLES, role, 5.0) for role in phrase.means]
        elif phrase.kind is Kind.REGION and (wide or not phrase.within):
            ways += [_term(REGION, name, 0.5 if phrase.within else 2.5) for name in phrase.means]
        elif phrase.kind is Kind.ADDRESS:
            ways += [_together(text.split(), 2.0) for text in (" ".join(unit.words), *phrase.means)]
    words = unit.words
    if len(words) == 1:
        return ways + _word(words[0], wide=wide)
    if any(True for _ in unit.kinds(Kind.ROLE)):
        ways.append(_all(_term(TITLE, word, 1.5) for word in words))
    if unit.phrases:
        ways.append(_together(words, 3.0))
        return ways
    # "O'Neill", "Okonjo-Reed": as one word, or as its pieces.
    return [*ways, *_word(unit.joined, wide=wide), _all(_any(_word(word, wide=wide)) for word in words)]


def _word(word: str, *, wide: bool) -> list[tantivy.Query]:
    ways = [_term(FAMILY, word, 8.0), _term(GIVEN, word, 6.0), _begins(NAMES, word, 3.0)]
    ways += [_term(WORK, word, 3.0), _begins(WORK, word, 1.0)]
    if len(word) > 1:
        ways.append(_begins(BESIDE, word, 1.0))
    if forms := other_forms(word):
        ways.append(_any_term(GIVEN, forms, 4.5))
    if others := spellings(word):
        ways += [_any_term(NAMES, others, 4.5), _any_term(WORK, others, 2.5)]
    if len(word) >= SHORTEST_JOINED:
        ways.append(_term(JOINED, word, 4.0))
    return ways + _alike(word) if wide else ways


def _alike(word: str) -> list[tantivy.Query]:
    """Return what finds words that are spelt or sound alike, and two words typed as one."""
    ways: list[tantivy.Query] = []
    if distance := slips(word):
        ways.append(_worth(_fuzzy(NAMES, word, distance), 2.5))
        ways.append(_worth(_fuzzy(WORK, word, distance), 1.0))
    if len(word) >= SHORTEST_BEGINNING:
        ways.append(_worth(_fuzzy(NAMES, word, 1, prefix=True), 1.0))
        ways.append(_begins(JOINED, word, 1.5))
    if codes := sounds(word):
        ways.append(_any_term(SOUND, codes, 2.5))
    return ways


def _together(words: Sequence[str], worth: float) -> tantivy.Query:
    """Return what finds words that stand beside each other."""
    if len(words) == 1:
        return _term(BESIDE, words[0], worth)
    return _worth(_all(_term(JOINED, one + other, 1.0) for one, other in pairwise(words)), worth)


def _term(name: str, value: str, worth: float) -> tantivy.Query:
    return _worth(tantivy.Query.term_query(SCHEMA, name, value, "basic"), worth)


def _any_term(name: str, values: Iterable[str], worth: float) -> tantivy.Query:
    return _worth(any_of(name, values), worth)


def _begins(name: str, word: str, worth: float) -> tantivy.Query:
    return _worth(_fuzzy(name, word, 0, prefix=True), worth)


def _fuzzy(name: str, word: str, distance: int, *, prefix: bool = False) -> tantivy.Query:
    return tantivy.Query.fuzzy_term_query(SCHEMA, name, word, distance=distance, prefix=prefix)


def _worth(found: tantivy.Query, worth: float) -> tantivy.Query:
    return tantivy.Query.const_score_query(found, worth)


def _any(ways: Sequence[tantivy.Query]) -> tantivy.Query:
    return tantivy.Query.disjunction_max_query(list(ways))


def _all(each: Iterable[tantivy.Query]) -> tantivy.Query:
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, one) for one in each])
