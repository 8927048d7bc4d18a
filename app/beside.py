"""What a search shows beside the people found: organisations, with who succeeded them; posts, with who holds
and held them; and the names nearest to a text that found nobody.

The index says what is meant. Posts and people are read from the directory as the viewer, and whatever can't
be read is left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from app.finding import words_of
from app.index_answers import of_index
from app.moments import day
from app.organisation_list import organisation_list
from app.viewer import Viewer, services
from ldap_schema.clock import london_today
from ldap_schema.errors import DirectoryRefused
from ldap_schema.people import Person
from ldap_schema.posts import SUBSTANTIVE
from search_index import organisations, posts, suggestions
from search_index.organisations import OrganisationHit
from search_index.posts import Holder, PostHit
from search_index.words import fold

MOST_POSTS = 3
PLACE = "region:"  # whoever types a place alone means its people, not each organisation there


@dataclass(frozen=True, slots=True)
class HolderShown:
    """Who holds or held a post, and how and when in words; no name where it is not for all."""

    person: Person | None
    words: str


@dataclass(frozen=True, slots=True)
class PostShown:
    """A post that was asked for."""

    id: str
    title: str
    organisation: str
    holders: Sequence[HolderShown]
    former: Sequence[HolderShown]
    coming: Sequence[HolderShown]

    @property
    def vacant(self) -> bool:
        """Whether nobody holds it today."""
        return not self.holders


def organisations_for(text: str) -> list[OrganisationHit]:
    """Return the organisations that the whole text may mean; without the index, those called so."""
    find = organisations.find_organisations
    found = of_index(("organisations", text), lambda contents: find(contents, text))
    if found is not None:
        return [one for one in found if not one.why or not all(why.startswith(PLACE) for why in one.why)]
    known = organisation_list()
    return [
        OrganisationHit(
            id=one.id,
            name=one.name,
            successors=tuple((heir.id, heir.name) for heir in known.named(one.successor_ids)),
        )
        for one in known.called(text)
    ]


def posts_for(text: str, who: Viewer) -> list[PostShown]:
    """Return the posts that the text asks for by their titles, as far as the viewer may see them."""
    today = london_today(services().clock())
    found = of_index(("posts", text, today), lambda contents: posts.find_posts(contents, text, today)) or []
    meant = [hit for hit in found if _by_title(hit)][:MOST_POSTS]
    if not meant:
        return []
    readable = who.directory.posts.by_ids([hit.id for hit in meant])
    holders = [one.uid for hit in meant for one in (*hit.holders, *hit.former, *hit.coming)]
    people = who.directory.people.listed(holders)
    return [_shown(hit, people) for hit in meant if hit.id in readable]


def nearest_names(text: str, who: Viewer) -> list[Person]:
    """Return the people whose names are most like a text that found nobody."""
    near = of_index(("nearest", text), lambda contents: suggestions.nearest(contents, text))
    if near is None:
        return _nearest_without_index(text, who)
    people = who.directory.people.listed(one.id for one in near)
    return [people[one.id] for one in near if one.id in people]


def _nearest_without_index(text: str, who: Viewer) -> list[Person]:
    """Guess who was meant: the names most like the text among those that begin like one of its words."""
    candidates: dict[str, Person] = {}
    for word in words_of(text)[:3]:
        for part in {word[:2], word[1:4]} if len(word) > 3 else {word[:2]}:
            try:
                near = who.directory.people.search([part], {}, 300)
            except DirectoryRefused:
                continue  # the guess is an extra; more names than we may read means no guess
            candidates.update((person.uid, person) for person in near)
    names = {uid: fold(person.full_name) for uid, person in candidates.items()}
    best = process.extract(fold(text), names, scorer=fuzz.token_set_ratio, limit=3, score_cutoff=70)
    return [candidates[uid] for _, _, uid in best]


def _by_title(hit: PostHit) -> bool:
    """Whether a word of the title was asked for, and not the place or the organisation alone."""
    title = fold(hit.title)
    meant = (why.partition(" → ")[2] for why in hit.why)
    return any(why.startswith("post:") for why in hit.why) or any(one and fold(one) in title for one in meant)


def _shown(hit: PostHit, people: Mapping[str, Person]) -> PostShown:
    return PostShown(
        id=hit.id,
        title=hit.title,
        organisation=hit.organisation,
        holders=[HolderShown(people.get(one.uid), _now(one)) for one in hit.holders],
        former=[HolderShown(people[one.uid], _before(one)) for one in hit.former if one.uid in people],
        coming=[HolderShown(people[one.uid], _next(one)) for one in hit.coming if one.uid in people],
    )


def _now(holder: Holder) -> str:
    """Write "acting since 3 March 2025"; nothing for the usual way without a day."""
    how = "" if holder.kind == SUBSTANTIVE else holder.kind
    return " ".join(filter(None, (how, f"since {day(holder.first_day)}" if holder.first_day else "")))


def _before(holder: Holder) -> str:
    how = "" if holder.kind == SUBSTANTIVE else f"{holder.kind} "
    return f"{how}until {day(holder.last_day)}" if holder.last_day else how.strip()


def _next(holder: Holder) -> str:
    return f"from {day(holder.first_day)}" if holder.first_day else ""
