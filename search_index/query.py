"""Asks the index for people: which, in which order. Every word must fit, in the place that suits it best."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import tantivy
from nicknames import NickNamer

from search_index import schema
from search_index.contents import Contents, failures
from search_index.documents import (
    ASSISTED,
    EMPLOYER,
    FAMILY,
    FORMERLY,
    GIVEN,
    NAME,
    PERSON,
    PLACE,
    TITLE,
    Document,
)
from search_index.errors import IndexDamaged
from search_index.schema import SCHEMA
from search_index.words import token

MOST = 2000  # people one search finds: more than there are
# What a word is worth where it stands; the beginning of one is worth less, and so is another form of a name.
WEIGHTS = {
    FAMILY: 8.0,
    GIVEN: 6.0,
    NAME: 4.0,
    TITLE: 3.0,
    EMPLOYER: 3.0,
    FORMERLY: 3.0,
    ASSISTED: 2.0,
    PLACE: 1.0,
}
BEGINNING, NICKNAME = 0.3, 0.6
WHOLE_NAME, WHOLE_TITLE, PHRASE = 100.0, 60.0, 5.0
# Words that say nothing alone, and stand in "chief constable of Kent" where the directory says it otherwise.
LITTLE = frozenset({"a", "and", "at", "for", "in", "of", "the"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is looked for: words as they were typed, and facets that must be so."""

    words: Sequence[str] = ()
    sector: str = ""
    region: str = ""
    organisation: str = ""


def find(contents: Contents, asked: Asked) -> list[Document]:
    """Return the people who fit, best first, by family name among equals; raises IndexDamaged."""
    words = telling(asked.words)
    if asked.words and not words:
        return []
    with failures(IndexDamaged):
        hits = contents.searcher.search(_query(words, asked), MOST, count=False).hits
        found = [(score, schema.decode(contents.searcher.doc(at))) for score, at in hits]
    found.sort(key=lambda pair: (-_worth(pair[0], pair[1], words), _by_name(pair[1])))
    return [document for _, document in found]


def telling(words: Iterable[str]) -> list[str]:
    """Return the words as tokens, without those that say nothing unless there are no others."""
    made = [made for word in words if (made := token(word))]
    return [word for word in made if word not in LITTLE] or made


@cache
def _namer() -> NickNamer:
    return NickNamer()


def other_forms(name: str) -> set[str]:
    """Return the names that somebody called so may go by: "liz" is elizabeth, "elizabeth" is liz."""
    namer = _namer()
    return {token(form) for form in namer.nicknames_of(name) | namer.canonicals_of(name)} - {name, ""}


def _query(words: Sequence[str], asked: Asked) -> tantivy.Query:
    facets = {"sector": asked.sector, "region": asked.region, "organisation": asked.organisation}
    must = [_exactly(schema.KIND, PERSON)]
    must += [_exactly(name, value) for name, value in facets.items() if value]
    must += [_word(word) for word in words]
    parts = [(tantivy.Occur.Must, each) for each in must]
    if len(words) > 1:
        parts += [(tantivy.Occur.Should, _phrase(name, words)) for name in (NAME, TITLE, EMPLOYER, FORMERLY)]
    return tantivy.Query.boolean_query(parts)


def _exactly(name: str, value: str) -> tantivy.Query:
    return tantivy.Query.const_score_query(tantivy.Query.term_query(SCHEMA, name, value, "basic"), 0.0)


def _word(word: str) -> tantivy.Query:
    """A word counts where it is worth most, so that one that stands in name and mail is not two."""
    ways = []
    for name, weight in WEIGHTS.items():
        ways.append(_worth_so(tantivy.Query.term_query(SCHEMA, name, word), weight))
        begins = tantivy.Query.fuzzy_term_query(SCHEMA, name, word, distance=0, prefix=True)
        ways.append(_worth_so(begins, weight * BEGINNING))
    for form in other_forms(word):
        ways.append(_worth_so(tantivy.Query.term_query(SCHEMA, GIVEN, form), WEIGHTS[GIVEN] * NICKNAME))
    return tantivy.Query.disjunction_max_query(ways)


def _phrase(name: str, words: Sequence[str]) -> tantivy.Query:
    return _worth_so(tantivy.Query.phrase_query(SCHEMA, name, list(words)), PHRASE)


def _worth_so(query: tantivy.Query, weight: float) -> tantivy.Query:
    # Constant: how rare a word is among two thousand leaders says nothing about who is meant.
    return tantivy.Query.const_score_query(query, weight)


def _worth(score: float, document: Document, words: Sequence[str]) -> float:
    """Put whoever has just that name or that post before those who have more in it."""
    worth = score + (WHOLE_TITLE if " ".join(words) == document.words.get(TITLE) else 0.0)
    given, family = (document.words.get(name, "").split() for name in (GIVEN, FAMILY))
    # "o neill oneill": the pieces of a name as it is written, and then the whole of it.
    whole = bool(family) and (family[-1] in words or all(piece in words for piece in family[:-1] or family))
    return worth + (WHOLE_NAME if whole and any(name in words for name in given) else 0.0)


def _by_name(document: Document) -> tuple[str, str]:
    return document.words.get(FAMILY, ""), document.words.get(GIVEN, "")


LABELS = {
    FAMILY: "family name", GIVEN: "first name", NAME: "name", TITLE: "post", EMPLOYER: "organisation",
    FORMERLY: "organisation, also called", ASSISTED: "office", PLACE: "region",
}  # fmt: skip


def why(document: Document, word: str) -> str:
    """Say where in the document a word was found, as "post: keeper"; nothing if it is nowhere in it."""
    wanted = token(word)
    for name, label in LABELS.items():
        if any(said.startswith(wanted) for said in document.words.get(name, "").split()):
            return f"{label}: {word}"
    known = other_forms(wanted).intersection(document.words.get(GIVEN, "").split())
    return f"first name: {word} → {min(known).capitalize()}" if known else ""
