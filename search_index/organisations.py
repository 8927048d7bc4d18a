"""Organisations by name, former name, acronym or misspelling, and who succeeded those that are no more."""

from collections.abc import Sequence
from dataclasses import dataclass

from search_index import candidates, schema
from search_index.contents import Contents, failures
from search_index.documents import FORMERLY, ORGANISATION, Document, referred
from search_index.errors import IndexDamaged
from search_index.judging import Hit, judge
from search_index.understanding import understand
from search_index.words import spaced

CLOSELY = 40
NEAR = 0.7  # of the best one's worth


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationHit:
    """An organisation found. `formerly`: it was found by a name that it no longer has.

    `successors` are (id, name) of those who do now what it did; if there are any, it is no more.
    """

    id: str
    name: str
    formerly: bool = False
    successors: tuple[tuple[str, str], ...] = ()
    why: tuple[str, ...] = ()


def find_organisations(contents: Contents, text: str, most: int = 5) -> list[OrganisationHit]:
    """Return the organisations that the whole text may mean, best first. Raises IndexDamaged."""
    units = understand(text)
    if not units:
        return []
    only = [candidates.exactly(schema.KIND, ORGANISATION)]
    with failures(IndexDamaged):
        hits: list[Hit] = []
        for wide in (False, True):
            at = contents.searcher.search(candidates.query(units, only, wide=wide), CLOSELY, count=False)
            hits = [hit for one in contents.stored(at) if not (hit := judge(one, units)).left_out]
            if hits:
                break
        hits.sort(key=lambda hit: (-round(hit.score, 3), hit.document.label))
        hits = [hit for hit in hits if hit.score >= hits[0].score * NEAR][:most]
        wanted = [id_ for hit in hits for id_ in referred(hit.document, ORGANISATION)]
        names = {one.id: one.label for one in contents.named(ORGANISATION, wanted)}
    return [_hit(hit, names, text) for hit in hits]


def _hit(hit: Hit, names: dict[str, str], text: str) -> OrganisationHit:
    document = hit.document
    successors = [(id_, names[id_]) for id_ in referred(document, ORGANISATION) if id_ in names]
    return OrganisationHit(
        id=document.id,
        name=document.label,
        formerly=_by_former_name(document, spaced(text).split()),
        successors=tuple(sorted(successors, key=lambda one: one[1])),
        why=hit.why,
    )


def _by_former_name(document: Document, words: Sequence[str]) -> bool:
    """Whether a word is in a former name alone."""
    now, before = spaced(document.label).split(), document.words.get(FORMERLY, "").split()
    return any(word in before and word not in now for word in words)
