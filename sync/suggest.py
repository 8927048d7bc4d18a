"""Whom a name might mean: RapidFuzz suggests, and nothing is ever decided by it."""

from collections.abc import Iterable

from rapidfuzz import fuzz, process

from ldap_schema.people import DECEASED, Person
from sync.names import Name
from sync.normalise import fold

NEAR = 85.0  # of 100; "Katherine Vale" is near "Catherine Vale", and "Ada Quill" not near "Ida Quail"
MOST = 3


def likely_people(name: Name, people: Iterable[Person]) -> tuple[Person, ...]:
    """Give at most three people of nearly the name, the nearest first; in any order of the name's words."""
    known = {each.uid: each for each in people if each.status != DECEASED}
    names = {uid: fold(each.full_name) for uid, each in known.items()}
    found = process.extract(
        fold(name.full), names, scorer=fuzz.token_sort_ratio, score_cutoff=NEAR, limit=MOST
    )
    return tuple(known[uid] for _, _, uid in sorted(found, key=lambda each: (-each[1], each[2])))
