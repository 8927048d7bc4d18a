"""Posts as what is looked for: who holds one, how and since when, who held it; and which are vacant."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from search_index import candidates, schema
from search_index.contents import Contents, failures
from search_index.documents import (
    EMPLOYER_AS_IT_IS,
    EMPLOYER_ID,
    FIRST_DAY,
    LAST_DAY,
    PERSON,
    POST,
    TENURE,
    TENURE_KIND,
    TITLE,
    TITLE_AS_IT_IS,
    Document,
    reference,
    referred,
)
from search_index.errors import IndexDamaged
from search_index.judging import Hit, judge
from search_index.understanding import Unit, understand
from search_index.vocabulary import Kind

SUBSTANTIVE = "substantive"
CLOSELY = 40  # posts looked at closely
FORMER_POSTS = 3  # of how many posts the former holders are added to the people found
FORMER_WORTH, ASKED_FOR = 0.85, 2.0  # of what the holder would be worth; where "former" was typed


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds, held or will hold a post. No uid: somebody does, and it is not for all to know who."""

    uid: str
    kind: str  # "substantive", "acting", "interim", "secondment", "cover", "job share"
    first_day: date | None = None  # Europe/London civil days, the last one inclusive
    last_day: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostHit:
    """A post found: who holds it today, who did (latest first), who will next, and why it was found."""

    id: str
    title: str
    organisation_id: str
    organisation: str
    holders: tuple[Holder, ...] = ()
    former: tuple[Holder, ...] = ()
    coming: tuple[Holder, ...] = ()
    why: tuple[str, ...] = ()

    @property
    def vacant(self) -> bool:
        """Whether nobody holds it today."""
        return not self.holders


def find_posts(contents: Contents, text: str, today: date, most: int = 5) -> list[PostHit]:
    """Return the posts that a text such as "chief constable of Kent" asks for, best first; vacant ones too.

    Nobody's name finds a post: whoever is looked for by name is found by `query.find`. Raises IndexDamaged.
    """
    units = understand(text)
    with failures(IndexDamaged):
        hits = _posts(contents, units)
        hits = [hit for hit in hits if hit.score >= hits[0].score * 0.75][:most]
        tenures = _tenures(contents, POST, [hit.document.id for hit in hits])
    return [_post(hit, tenures.get(hit.document.id, []), today) for hit in hits]


def with_tenures(contents: Contents, hits: Sequence[Hit], today: date) -> list[Hit]:
    """Return the people found, saying how they hold their post where that is not the usual way."""
    by_post = [hit.document.id for hit in hits if TITLE in hit.places]
    tenures = _tenures(contents, PERSON, by_post)
    made = []
    for hit in hits:
        held = (_holder(tenure) for tenure in tenures.get(hit.document.id, ()))
        unusual = dict.fromkeys(words for one in held if (words := _how(one, today)))
        made.append(replace(hit, why=(*hit.why, *unusual)) if unusual else hit)
    return made


def former_holders(contents: Contents, units: Sequence[Unit], today: date | None) -> list[Hit]:
    """Return the people who held a post that the units ask for, each saying until when."""
    if today is None:
        return []
    hits = {hit.document.id: hit for hit in _posts(contents, units)[:FORMER_POSTS] if not hit.left_out}
    tenures = [one for each in _tenures(contents, POST, list(hits)).values() for one in each]
    ended = {}
    for tenure in tenures:
        holder = _holder(tenure)
        if holder.uid and holder.last_day and holder.last_day < today:
            ended[holder.uid] = (hits[referred(tenure, POST)[0]], holder.last_day)
    share = ASKED_FOR if any(True for unit in units for _ in unit.kinds(Kind.FORMER)) else FORMER_WORTH
    found = []
    for person in contents.named(PERSON, ended):
        hit, last_day = ended[person.id]
        facets = hit.document.facets
        where = f"{facets.get(TITLE_AS_IT_IS, '')}, {facets.get(EMPLOYER_AS_IT_IS, '')}".strip(", ")
        found.append(Hit(person, hit.score * share, (f"{where}, until {said(last_day)}",)))
    return found


def said(day: date) -> str:
    """Return a day as people write it: "3 March 2025"."""
    return f"{day.day} {day:%B %Y}"


def _posts(contents: Contents, units: Sequence[Unit]) -> list[Hit]:
    if not units:
        return []
    only = [candidates.exactly(schema.KIND, POST)]
    at = contents.searcher.search(candidates.query(units, only, wide=False), CLOSELY, count=False)
    hits = [judge(one, units) for one in contents.stored(at)]
    return sorted(hits, key=lambda hit: (-round(hit.score, 3), hit.document.words.get(TITLE, "")))


def _tenures(contents: Contents, kind: str, ids: Sequence[str]) -> dict[str, list[Document]]:
    """Return the tenures of some posts or people, by their ids."""
    found: dict[str, list[Document]] = {}
    for one in contents.referring(reference(kind, id_) for id_ in ids) if ids else ():
        if one.kind == TENURE:
            for id_ in referred(one, kind):
                found.setdefault(id_, []).append(one)
    return found


def _post(hit: Hit, tenures: Sequence[Document], today: date) -> PostHit:
    holders = sorted(map(_holder, tenures), key=lambda one: one.first_day or date.min)
    post = hit.document
    return PostHit(
        id=post.id,
        title=post.label,
        organisation_id=post.facets.get(EMPLOYER_ID, ""),
        organisation=post.facets.get(EMPLOYER_AS_IT_IS, ""),
        holders=tuple(one for one in holders if _is_now(one, today)),
        former=tuple(one for one in reversed(holders) if one.last_day and one.last_day < today),
        coming=tuple(one for one in holders if one.first_day and one.first_day > today),
        why=hit.why,
    )


def _is_now(holder: Holder, today: date) -> bool:
    return (holder.first_day or date.min) <= today <= (holder.last_day or date.max)


def _how(holder: Holder, today: date) -> str:
    """Say how somebody holds a post, where it is not the usual way: "acting since 3 March 2025"."""
    if holder.first_day and holder.first_day > today:
        return f"from {said(holder.first_day)}"
    if holder.kind == SUBSTANTIVE or not _is_now(holder, today):
        return ""
    return f"{holder.kind} since {said(holder.first_day)}" if holder.first_day else holder.kind


def _holder(tenure: Document) -> Holder:
    facets = tenure.facets
    return Holder(
        uid=next(iter(referred(tenure, PERSON)), ""),
        kind=facets.get(TENURE_KIND, SUBSTANTIVE),
        first_day=_day(facets.get(FIRST_DAY, "")),
        last_day=_day(facets.get(LAST_DAY, "")),
    )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
