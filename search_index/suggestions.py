"""What somebody may mean who is still typing, and the nearest names where nobody was found."""

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from search_index import candidates, schema
from search_index.contents import Contents, failures
from search_index.documents import (
    EMPLOYER_AS_IT_IS,
    NAME,
    ORGANISATION,
    PERSON,
    POST,
    TITLE_AS_IT_IS,
    Document,
)
from search_index.errors import IndexDamaged
from search_index.judging import Hit, judge
from search_index.query import ordered
from search_index.understanding import Unit, understand
from search_index.words import spaced

SHORTEST = 2  # letters typed before anything is suggested
EACH = 12  # of each kind looked at
KINDS = (PERSON, POST, ORGANISATION)
LIKE = 60  # of 100: how alike a name must be to be named
MOST_NEAR = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """One thing that may be meant: a person, a post or an organisation, by its id.

    `label` and `beside` are as the index has them: whoever shows a person reads the directory as the viewer.
    """

    kind: str
    id: str
    label: str
    beside: str = ""  # of a person post and organisation, of a post its organisation
    why: tuple[str, ...] = ()


def suggest(contents: Contents, text: str, limit: int = 8) -> list[Suggestion]:
    """Return what a half-typed text may mean, best first, of several kinds. Raises IndexDamaged."""
    units = understand(text)
    if not units or sum(len(unit.joined) for unit in units) < SHORTEST:
        return []
    with failures(IndexDamaged):
        found = [hit for kind in KINDS for hit in _of_kind(contents, kind, units, wide=False)]
        if len(found) < limit // 2:
            found = [hit for kind in KINDS for hit in _of_kind(contents, kind, units, wide=True)]
    best = ordered(hit for hit in found if not hit.left_out)
    chosen: list[Hit] = []
    for most in (-(-limit * 2 // 3), limit):  # the rest only where other kinds leave room
        for hit in best:
            same = sum(one.document.kind == hit.document.kind for one in chosen)
            if len(chosen) < limit and same < most and hit not in chosen:
                chosen.append(hit)
    return [_suggestion(hit) for hit in ordered(chosen)]


def nearest(contents: Contents, text: str, most: int = 3) -> list[Document]:
    """Return the people whose names are most like a text that found nobody. Raises IndexDamaged."""
    units = [unit for unit in understand(text) if unit.required]
    if not units:
        return []
    only = [candidates.exactly(schema.KIND, PERSON)]
    near = candidates.query([*units, *_beginnings(units)], only, wide=True, leave=2 * len(units) - 1)
    with failures(IndexDamaged):
        people = contents.stored(contents.searcher.search(near, MOST_NEAR, count=False))
    judged = ordered(hit for one in people if (hit := judge(one, units)).score > 0 and hit.places - {""})
    if judged:
        return [hit.document for hit in judged[:most]]
    names = {number: one.words.get(NAME, "") for number, one in enumerate(people)}
    best = process.extract(spaced(text), names, scorer=fuzz.token_set_ratio, limit=most, score_cutoff=LIKE)
    return [people[number] for _, _, number in best]


def _beginnings(units: Sequence[Unit]) -> list[Unit]:
    return [Unit(unit.text, (unit.joined[:3],)) for unit in units]


def _of_kind(contents: Contents, kind: str, units: Sequence[Unit], *, wide: bool) -> list[Hit]:
    only = [candidates.exactly(schema.KIND, kind)]
    at = contents.searcher.search(candidates.query(units, only, wide=wide), EACH, count=False)
    return [judge(one, units) for one in contents.stored(at)]


def _suggestion(hit: Hit) -> Suggestion:
    document = hit.document
    facets = document.facets
    employer = facets.get(EMPLOYER_AS_IT_IS, "")
    beside = {PERSON: ", ".join(filter(None, (facets.get(TITLE_AS_IT_IS, ""), employer))), POST: employer}
    return Suggestion(
        kind=document.kind,
        id=document.id,
        label=document.label,
        beside=beside.get(document.kind, ""),
        why=hit.why,
    )
