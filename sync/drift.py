"""What of a feed's records is not as the feed left it: worked out from the live entries, since a stored
fingerprint alone is blind to an edit behind it. Pure, and changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ldap_schema.organisations import Organisation
from ldap_schema.people import LEAVING, VISIBLE, Person
from ldap_schema.posts import Post, Tenure
from ldap_schema.provenance import COVERS
from sync.fingerprint import is_as_written
from sync.provenance import overridden
from sync.rows import person_key

EDITED = "edited behind the feed's back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What stands in the directory of one part of one feed, and the organisations of its posts."""

    feed: str
    part: str
    people: Mapping[str, Person]  # by uid; the part's own and the holders of its tenures
    posts: Mapping[str, Post]  # by id
    tenures: Sequence[Tenure]
    organisations: Mapping[str, Organisation]  # by id


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One thing that is not as the feed left it."""

    record: Person | Tenure
    who: str
    what: str


def find_drift(live: Live, today: date) -> list[Drift]:
    """List what differs: edited entries, copies that don't follow their post, people and tenures without
    each other. Tenures that have ended say what was, and are left alone.
    """
    lasting = [each for each in live.tenures if each.lasts(today)]
    held: dict[str, list[Tenure]] = {}
    for each in lasting:
        held.setdefault(each.holder, []).append(each)
    found = [drift for tenure in lasting for drift in _of_tenure(live, tenure, today)]
    mine = [each for each in live.people.values() if (each.feed, each.feed_part) == (live.feed, live.part)]
    found += [drift for person in mine for drift in _of_person(live, person, held.get(person.uid, ()))]
    return sorted(found, key=lambda each: (each.who.casefold(), each.what))


def _of_tenure(live: Live, tenure: Tenure, today: date) -> Iterable[Drift]:
    holder = live.people.get(tenure.holder)
    if holder is None:
        yield Drift(record=tenure, who=tenure.feed_key, what="the holder of this tenure is gone")
        return
    who = holder.display_name or holder.full_name
    if tenure.post_id not in live.posts:
        yield Drift(record=tenure, who=who, what="the post of this tenure is gone")
    # A value set by hand over the feed's is no edit behind its back; the feed's next run notes it.
    by_hand = any(overridden(holder, of, today) for of in COVERS)
    if not by_hand and not is_as_written(tenure, holder):
        yield Drift(record=holder, who=who, what=f"{EDITED}: name, details or tenure")


def _of_person(live: Live, person: Person, tenures: Sequence[Tenure]) -> Iterable[Drift]:
    who = person.display_name or person.full_name
    if person.status not in VISIBLE:
        return
    if not tenures:
        if person.status != LEAVING:  # whose last day has passed: the calendar hides them
            yield Drift(record=person, who=who, what="listed, and holds no post of this feed")
        return
    if person.feed_key not in {person_key(each.feed_key) for each in tenures}:
        yield Drift(record=person, who=who, what=f"{EDITED}: the sender's key is none of their tenures'")
    posts = [live.posts[each.post_id] for each in tenures if each.post_id in live.posts]
    copies = [_copies(post, live.organisations) for post in posts]
    if copies and (person.title, person.organisation_name, person.organisation_id) not in copies:
        yield Drift(record=person, who=who, what="post and organisation are not those of any post they hold")


def _copies(post: Post, organisations: Mapping[str, Organisation]) -> tuple[str, str, str]:
    organisation = organisations.get(post.organisation_id)
    return post.title, organisation.name if organisation else "", post.organisation_id
