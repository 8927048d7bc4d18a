"""What the directory holds of one part of one feed: all that a plan depends on, read in a handful of
searches.
"""

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import blake2b
from typing import Any

import msgspec

from ldap_schema.directory import Directory
from ldap_schema.feeds import FeedPart
from ldap_schema.offices import Office
from ldap_schema.organisations import Organisation
from ldap_schema.people import ACTIVE, HELD, LEAVING, MISSING, PENDING, Person
from ldap_schema.posts import Post, Tenure
from sync.answers import NEW, read_questions
from sync.normalise import fold
from sync.rows import Reading, person_key

HERE = (ACTIVE, MISSING, PENDING, LEAVING, HELD)
# What a part remembers when nothing of it is held, nor approved.
NO_HOLD: Mapping[str, Any] = {
    "hold_run": "",
    "hold_reason": "",
    "hold_at": None,
    "approved_by": "",
    "approved_until": None,
}
_FEW = 20
# A first file may name so many that reading all names at once is cheaper than asking for each.
_MANY = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One part of one feed as the directory holds it; plain records, so that plans can be tested without a
    server.
    """

    part: FeedPart
    people: tuple[Person, ...] = ()  # owned by this part, and holders of its tenures
    posts: tuple[Post, ...] = ()
    tenures: tuple[Tenure, ...] = ()
    offices: tuple[Office, ...] = ()
    organisations: tuple[Organisation, ...] = ()  # those the file speaks of, and who succeeded them
    by_address: dict[str, Person] = field(default_factory=dict)  # sign-in address -> its owner
    namesakes: tuple[Person, ...] = ()  # people of others who have the name of somebody new
    answered: dict[str, Person] = field(default_factory=dict)  # uid -> whom a named person meant
    elsewhere: tuple[Tenure, ...] = ()  # other feeds' tenures of people whose status or source may change
    elsewhere_posts: tuple[Post, ...] = ()  # the posts of those tenures
    asked: frozenset[str] = frozenset()  # uids of whom another feed's open question may speak
    as_of: dict[tuple[str, str], date] = field(default_factory=dict)  # other sources' newest file, by part
    as_before: int = 0  # active people of this part who were not read: nothing is new of them (narrow.py)

    def owned(self) -> list[Person]:
        """People whose record this part is the source of."""
        return [
            each for each in self.people if (each.feed, each.feed_part) == (self.part.feed, self.part.part)
        ]

    def size(self, today: date) -> int:
        """How many people the part has now, secondees included; the guard's shares are of this number."""
        here = {each.uid for each in self.owned() if each.status in HERE}
        guests = {each.holder for each in self.tenures if each.lasts(today)} - {
            each.uid for each in self.owned()
        }
        return len(here | guests) + self.as_before

    def digest(self) -> str:
        """Fingerprint of everything a plan was based on, whatever order it was read in; holds are not part
        of it.
        """
        part = replace(self.part, **NO_HOLD)
        groups: tuple[Iterable[object], ...] = (
            self.people,
            self.posts,
            self.tenures,
            self.offices,
            self.organisations,
            self.by_address.values(),
            self.namesakes,
            self.answered.values(),
            self.elsewhere,
            self.elsewhere_posts,
            self.asked,
            self.as_of.items(),
        )
        hashed = blake2b(msgspec.json.encode(part), digest_size=16)
        for group in groups:
            hashed.update(b"\0" + b"\n".join(sorted({msgspec.json.encode(each) for each in group})))
        return hashed.hexdigest()


def read_part(directory: Directory, feed: str, part: str) -> FeedPart:
    """Give what is remembered of a part; a part never seen has no day."""
    return directory.feeds.part(feed, part) or FeedPart(feed=feed, part=part)


def read_state(
    directory: Directory, reading: Reading, among: Set[str] | None = None, as_before: int = 0
) -> State:
    """Read what the plan for this file needs, and nothing else: of all people of the part, or of some."""
    feed, part = reading.feed, reading.part
    memory = read_part(directory, feed, part)
    if among is None:
        people, tenures = people_and_tenures(directory, feed, part)
    else:
        people, tenures = _some_people(directory, feed, part, among)
    owners = _owners(directory, reading, people.values())
    organisations = _organisations(directory, reading)
    split = any(len(each.successor_ids) > 1 for each in organisations)
    some = None if among is None or split else tenures
    state = State(
        part=memory,
        people=tuple(people.values()),
        posts=_posts(directory, reading, some),
        tenures=tuple(tenures),
        offices=tuple(directory.offices.all_of_feed(feed, part)),
        organisations=organisations,
        as_before=as_before,
        by_address=owners,
        answered=directory.people.by_uids(
            {each.who for each in read_questions(memory.answers) if each.who not in ("", NEW)} - people.keys()
        ),
        asked=_asked(directory, memory),
    )
    return _with_others(directory, replace(state, namesakes=_namesakes(directory, state, reading)), reading)


def people_and_tenures(directory: Directory, feed: str, part: str) -> tuple[dict[str, Person], list[Tenure]]:
    """Give a part's own people and the holders of its tenures, by uid, and those tenures."""
    people = {each.uid: each for each in directory.people.all_of_feed(feed, part)}
    tenures = directory.posts.tenures_of_feed(feed, part)
    people |= directory.people.by_uids(sorted({each.holder for each in tenures} - people.keys()))
    return people, tenures


def _some_people(
    directory: Directory, feed: str, part: str, among: Set[str]
) -> tuple[dict[str, Person], list[Tenure]]:
    """Give, of these people, the part's own and the holders of its tenures, by uid, and those tenures."""
    uids, mine = sorted(among), (feed, part)
    tenures = [each for each in directory.posts.tenures_of(uids) if (each.feed, each.feed_part) == mine]
    holders = {each.holder for each in tenures}
    found = directory.people.by_uids(uids).values()
    ours = [each for each in found if each.uid in holders or (each.feed, each.feed_part) == mine]
    return {each.uid: each for each in ours}, tenures


def _posts(directory: Directory, reading: Reading, tenures: Iterable[Tenure] | None) -> tuple[Post, ...]:
    """Find the part's posts, or only those of some tenures and of the rows.

    A sender without references for posts may name one by another title or organisation: then all are needed.
    """
    if tenures is None:
        return tuple(directory.posts.all_of_feed(reading.feed, reading.part))
    named = {each.key: each for each in (*(row.post for row in reading.candidates), *reading.vacant)}
    found = {each.id: each for each in directory.posts.with_keys(reading.feed, reading.part, sorted(named))}
    known = {each.feed_key for each in found.values()}
    if any(each.keyed_by_title and key not in known for key, each in named.items()):
        return tuple(directory.posts.all_of_feed(reading.feed, reading.part))
    missing = {each.post_id for each in tenures} - found.keys()
    more = directory.posts.by_ids(sorted(missing))
    mine = (each for each in more.values() if (each.feed, each.feed_part) == (reading.feed, reading.part))
    return (*found.values(), *mine)


def _asked(directory: Directory, mine: FeedPart) -> frozenset[str]:
    """Find of whom other parts' open questions may speak."""
    return frozenset(
        uid
        for part in directory.feeds.asking()
        if (part.feed, part.part) != (mine.feed, mine.part)
        for question in read_questions(part.answers)
        if not question.who
        for uid in question.likely
    )


def _with_others(directory: Directory, state: State, reading: Reading) -> State:
    """Add what other feeds say of people whose status or source this file may change."""
    keys, part = keys_of(state), (state.part.feed, state.part.part)
    known = {each.uid: each for each in state.people}
    coming = {each.key for each in reading.candidates} | reading.present
    watched = {each.uid for each in known.values() if each.status == MISSING and each.feed_key not in coming}
    watched |= {each.uid for each in known.values() if each.status in (LEAVING, HELD)}
    watched |= {keys[each.key] for each in reading.candidates if each.last_day and each.key in keys}
    guests = {
        each.uid: each
        for each in (*known.values(), *state.by_address.values(), *state.answered.values())
        if (each.feed, each.feed_part) != part
    }
    held = directory.posts.held_by_any(sorted(watched | guests.keys()))
    others = [(post, tenure) for post, tenure in held if (tenure.feed, tenure.feed_part) != part]
    sources = {(each.feed, each.feed_part) for each in guests.values() if each.feed}
    newest = {source: directory.feeds.part(*source) for source in sorted(sources)}
    organisations = {each.id: each for each in state.organisations}
    for id_ in sorted({post.organisation_id for post, _ in others} - organisations.keys() - {""}):
        organisations[id_] = directory.organisations.get(id_)
    return replace(
        state,
        organisations=tuple(organisations.values()),
        elsewhere=tuple(tenure for _, tenure in others),
        elsewhere_posts=tuple({post.id: post for post, _ in others}.values()),
        as_of={source: each.as_of for source, each in newest.items() if each and each.as_of},
    )


def _namesakes(directory: Directory, state: State, reading: Reading) -> tuple[Person, ...]:
    """Find other feeds' people with the names of rows whose key is new."""
    keys = keys_of(state)
    names = {each.name.full for each in reading.candidates if each.key not in keys}
    folded, known = {fold(each) for each in names}, {each.uid for each in state.people}
    if not names:
        return ()
    if len(names) > _MANY:
        found = directory.people.everybody()
    else:
        found = directory.people.by_names(sorted(names))
    return tuple(each for each in found if each.uid not in known and fold(each.full_name) in folded)


def _owners(directory: Directory, reading: Reading, known: Iterable[Person]) -> dict[str, Person]:
    """Find who owns the sign-in addresses of the file; only those that aren't already as the file says are
    asked for.
    """
    owners = {each.sign_in_address.casefold(): each for each in known if each.sign_in_address}
    wanted = {each.sign_in_address for each in reading.candidates if each.sign_in_address}
    unknown = sorted(wanted - owners.keys())
    if unknown:
        for people in directory.people.by_mail_or_sign_in(unknown).values():
            for person in people:
                if person.sign_in_address:
                    owners[person.sign_in_address.casefold()] = person
    return {address: owners[address] for address in sorted(wanted & owners.keys())}


def _organisations(directory: Directory, reading: Reading) -> tuple[Organisation, ...]:
    """Find the organisations the file names, by today's or an earlier name, and who succeeded them.

    For a file that names many, one search for all is cheaper.
    """
    posts = [each.post for each in reading.candidates] + list(reading.vacant)
    parents = {each.organisation.parent for each in posts}
    names = ({each.organisation.name for each in posts} | parents) - {""}
    codes = {each for each in {each.organisation.code for each in posts} | parents if ":" in each}
    if len(names) + len(codes) > _FEW:
        folded = {fold(each) for each in names}
        everyone = {each.id: each for each in directory.organisations.all()}
        named = [each for each in everyone.values() if _is_named(each, folded, codes)]
        return _with_successors(named, everyone.__getitem__)
    found = [directory.organisations.by_code(each) for each in sorted(codes)]
    found += [directory.organisations.by_name(each) for each in sorted(names)]
    return _with_successors([each for each in found if each], directory.organisations.get)


def _with_successors(
    found: Iterable[Organisation], get: Callable[[str], Organisation]
) -> tuple[Organisation, ...]:
    known = {each.id: each for each in found}
    waiting = [id_ for each in known.values() for id_ in each.successor_ids]
    while waiting:
        id_ = waiting.pop()
        if id_ not in known:
            known[id_] = get(id_)
            waiting += known[id_].successor_ids
    return tuple(known.values())


def _is_named(organisation: Organisation, folded: set[str], codes: set[str]) -> bool:
    return bool(codes.intersection(organisation.codes)) or any(
        fold(each) in folded for each in (organisation.name, *organisation.former_names)
    )


def keys_of(state: State) -> dict[str, str]:
    """Map the sender's person keys to uids: by the people this part owns, and by the tenures it gave
    others.
    """
    keys = {person_key(each.feed_key): each.holder for each in state.tenures}
    return keys | {each.feed_key: each.uid for each in state.owned()}
