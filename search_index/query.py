"""Asks the index for people: which, in which order, and why.

First everybody in whom every word fits as it is typed, as the beginning of one, or as another form of it.
If these are few, also those whose names are spelt or sound alike, and who held a post that was meant.
If nobody fits all words, those who fit most of them, and the result says which words it leaves out.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import tantivy

from search_index import candidates, posts, schema
from search_index.contents import Contents, failures
from search_index.documents import COUNTED, FAMILY, GIVEN, PERSON, TITLE, Document
from search_index.errors import IndexDamaged
from search_index.judging import Hit, judge
from search_index.understanding import Unit, understand
from search_index.vocabulary import Kind

PAGE = 20
BLOCK = 40  # documents that are looked at closely together; within a block the best comes first
FEW = 10  # people; if fewer fit as typed, names that are alike are looked for too, and at most so many shown
ALIKE = 0.75  # of its worth has a name that is alike, where somebody fits as it is typed
NEAR = 0.6  # of the best one's worth: whoever is worth less was hardly meant
MOST_VALUES, FREQUENT = 1000, 30  # by which results are counted: all there are, and in a large index
LARGE = 20_000  # documents
COHORT = "cohort"  # a facet that no document has: who is in one is asked for
Counts = Mapping[str, Mapping[str, int]]  # facet -> value -> people


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is looked for: a text as it was typed, and facets that must be so; and which of the results."""

    text: str = ""
    sector: str = ""
    region: str = ""
    role: str = ""
    organisation: str = ""
    without: tuple[str, ...] = ()  # ids of people who are known already
    cohort: str = ""
    cohorts: Mapping[str, frozenset[str]] = field(default_factory=dict)  # name -> uids; no entry says it
    first: int = 0
    most: int = PAGE

    @property
    def fixed(self) -> dict[str, str]:
        """The facets that are asked for."""
        values = {name: getattr(self, name) for name in COUNTED}
        return {name: value for name, value in values.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A part of the people found, best first; and facet -> value -> how many of all of them."""

    total: int = 0
    hits: Sequence[Hit] = ()
    counts: Counts = field(default_factory=dict)
    left_out: tuple[str, ...] = ()  # words that fit nobody in whom the others fit


def find(contents: Contents, asked: Asked, today: date | None = None) -> Found:
    """Return who fits. With `today`, reasons also say who acts or held a post. Raises IndexDamaged."""
    units = understand(asked.text)
    if not units and (asked.text.strip() or not (asked.fixed or asked.cohort)):
        return Found()
    fixed = [candidates.exactly(schema.KIND, PERSON)]
    fixed += [candidates.exactly(name, value) for name, value in asked.fixed.items()]
    fixed += [candidates.none_of(schema.ID, asked.without)] if asked.without else []
    # tantivy makes room for everything before the first result, and ends the process where that is too much.
    asked = replace(asked, first=min(asked.first, contents.searcher.num_docs))
    with failures(IndexDamaged):
        if asked.cohort:
            fixed.append(candidates.among(asked.cohorts.get(asked.cohort, frozenset())))
        if not units:
            return _browsed(contents, fixed, asked)
        found = _as_typed(contents, fixed, units, asked)
        if found.total < FEW and not (_is_sure(found, units) and FAMILY in found.hits[0].places):
            found = _more(contents, fixed, units, asked, found, today)
        elif any(True for unit in units for _ in unit.kinds(Kind.FORMER)):
            found = _former_first(contents, fixed, units, asked, found, today)
        if today is not None:
            found = replace(found, hits=posts.with_tenures(contents, found.hits, today))
        return found


def _is_sure(found: Found, units: Sequence[Unit]) -> bool:
    """Whether everything that was typed, two things or more, is said of somebody just so."""
    best = next(iter(found.hits), None)
    return best is not None and best.exact and len([unit for unit in units if unit.required]) > 1


def _browsed(contents: Contents, fixed: Sequence[tantivy.Query], asked: Asked) -> Found:
    """Everybody with these facets, by name."""
    every = candidates.query((), fixed, wide=False)
    at = contents.searcher.search(
        every, max(asked.most, 1), offset=asked.first, order_by_field=schema.ALPHABET, order=tantivy.Order.Asc
    )
    hits = [Hit(one, 0.0) for one in contents.stored(at)][: asked.most]
    total, counts = _counted(contents, every, asked)
    return Found(total=total, hits=hits, counts=counts)


def _as_typed(
    contents: Contents, fixed: Sequence[tantivy.Query], units: Sequence[Unit], asked: Asked
) -> Found:
    every = candidates.query(units, fixed, wide=False)
    hits: list[Hit] = []
    block = asked.first // BLOCK * BLOCK
    while block < asked.first + max(asked.most, 1):
        at = contents.searcher.search(every, BLOCK, offset=block, count=False)
        judged = ordered(judge(one, units) for one in contents.stored(at))
        hits += judged
        if len(judged) < BLOCK:
            break
        block += BLOCK
    start = asked.first // BLOCK * BLOCK
    if start == 0 and len(hits) < BLOCK:
        total, counts = len(hits), _count((hit.document for hit in hits), asked)
    else:
        total, counts = _counted(contents, every, asked)
    return Found(
        total=total, hits=hits[asked.first - start : asked.first - start + asked.most], counts=counts
    )


def _more(
    contents: Contents,
    fixed: Sequence[tantivy.Query],
    units: Sequence[Unit],
    asked: Asked,
    typed: Found,
    today: date | None,
) -> Found:
    """Add people whose names are alike and former holders; or leave words out, if nobody fits otherwise."""
    known = {hit.document.uuid: hit for hit in typed.hits}
    found = dict(known)
    wide = [] if _is_sure(typed, units) else _wide(contents, fixed, units)
    if known:
        wide = [hit if hit.close else replace(hit, score=hit.score * ALIKE) for hit in wide]
    for hit in [*wide, *_former(contents, units, asked, today)]:
        if hit.document.uuid not in found or found[hit.document.uuid].score < hit.score:
            found[hit.document.uuid] = hit
    if not any(not hit.left_out for hit in found.values()):
        for leave in range(1, len([unit for unit in units if unit.required])):
            found |= {hit.document.uuid: hit for hit in _wide(contents, fixed, units, leave)}
            if found:
                break
    hits = _nearest(found.values(), len(known))
    left_out = hits[0].left_out if hits else ()
    return Found(
        total=len(hits),
        hits=hits[asked.first : asked.first + asked.most],
        counts=_count((hit.document for hit in hits), asked),
        left_out=left_out,
    )


def _former_first(
    contents: Contents,
    fixed: Sequence[tantivy.Query],
    units: Sequence[Unit],
    asked: Asked,
    typed: Found,
    today: date | None,
) -> Found:
    """Put those who held the post before everybody else, each person once."""
    before = _former(contents, units, asked, today)
    if not before:
        return typed
    now = before[asked.first : asked.first + asked.most]
    others = candidates.none_of(schema.ID, [hit.document.id for hit in before])
    rest = replace(asked, first=max(0, asked.first - len(before)), most=asked.most - len(now))
    found = _as_typed(contents, [*fixed, others], units, rest)
    # Narrowed, the former holders are gone and everybody else is there: that is what is counted.
    return replace(typed, total=len(before) + found.total, hits=[*now, *found.hits])


def _former(contents: Contents, units: Sequence[Unit], asked: Asked, today: date | None) -> list[Hit]:
    """Who held a post that is asked for; facets ask for what somebody does now."""
    narrowed = asked.fixed or asked.cohort
    found = [] if narrowed else posts.former_holders(contents, units, today)
    return [hit for hit in found if hit.document.id not in asked.without]


def _wide(
    contents: Contents, fixed: Sequence[tantivy.Query], units: Sequence[Unit], leave: int = 0
) -> list[Hit]:
    at = contents.searcher.search(candidates.query(units, fixed, wide=True, leave=leave), BLOCK, count=False)
    return [judge(one, units) for one in contents.stored(at)]


def _nearest(found: Iterable[Hit], typed: int) -> list[Hit]:
    """Return those who fit as typed, and of the others those who are not much worse than the best."""
    hits = ordered(found)
    if not hits:
        return []
    least = hits[0].score * NEAR
    near = [hit for hit in hits if (hit.close and typed) or hit.score >= least]
    return near[: max(FEW, typed + FEW)]


def ordered(hits: Iterable[Hit]) -> list[Hit]:
    """Return them best first, by name among equals."""
    return sorted(hits, key=lambda hit: (len(hit.left_out), -round(hit.score, 3), _by_name(hit.document)))


def _by_name(document: Document) -> tuple[str, str, str]:
    words = document.words
    return words.get(FAMILY, ""), words.get(GIVEN, ""), words.get(TITLE, "")


def _counted(contents: Contents, every: tantivy.Query, asked: Asked) -> tuple[int, Counts]:
    """Count all that a query finds, by the value of each facet, and by cohort."""
    # Each value's name is a look into a dictionary: most of the time, among thousands of organisations.
    most = MOST_VALUES if contents.count() <= LARGE else FREQUENT
    terms = {name: {"terms": {"field": name, "size": most}} for name in COUNTED}
    said = contents.searcher.aggregate(every, {**terms, "all": {"value_count": {"field": schema.SLOT}}})
    counts = {
        name: {bucket["key"]: bucket["doc_count"] for bucket in said[name]["buckets"]} for name in COUNTED
    }
    in_cohorts = {name: _number(contents, every, uids) for name, uids in asked.cohorts.items()}
    return int(said["all"]["value"]), {**counts, COHORT: in_cohorts}


def _number(contents: Contents, every: tantivy.Query, uids: frozenset[str]) -> int:
    """Count those of some people whom a query finds."""
    both = [(tantivy.Occur.Must, every), (tantivy.Occur.Must, candidates.among(uids))]
    found: Any = contents.searcher.search(tantivy.Query.boolean_query(both), 1)  # its types lack `count`
    return int(found.count)


def _count(documents: Iterable[Document], asked: Asked) -> Counts:
    """Count documents that are at hand, by the value of each facet, and by cohort."""
    found = list(documents)
    counts = {
        name: dict(Counter(value for one in found if (value := one.facets.get(name)))) for name in COUNTED
    }
    in_cohorts = {name: sum(one.id in uids for one in found) for name, uids in asked.cohorts.items()}
    return {**counts, COHORT: in_cohorts}
