"""What the directory holds of one part of one feed: all that a plan depends on, read in a handful of
searches.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from hashlib import blake2b

import msgspec

from ldap_schema.directory import Directory
from ldap_schema.feeds import FeedPart
from ldap_schema.offices import Office
from ldap_schema.organisations import Organisation
from ldap_schema.people import ACTIVE, HELD, LEAVING, MISSING, PENDING, Person
from ldap_schema.posts import Post, Tenure
from sync.normalise import fold
from sync.rows import Reading, person_key

HERE = (ACTIVE, MISSING, PENDING, LEAVING, HELD)
_FEW = 20


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
    organisations: tuple[Organisation, ...] = ()  # those the file speaks of
    by_address: dict[str, Person] = field(default_factory=dict)  # sign-in address -> its owner
    elsewhere: tuple[Tenure, ...] = ()  # other feeds' tenures of people who may be about to leave

    def owned(self) -> list[Person]:
        """People whose record this part is the source of."""
        return [
            each for each in self.people if (each.feed, each.feed_part) == (self.part.feed, self.part.part)
        ]

    def size(self) -> int:
        """How many people the part has now; the guard's shares are of this number."""
        return sum(each.status in HERE for each in self.owned())

    def digest(self) -> str:
        """Fingerprint of everything a plan was based on, whatever order it was read in; holds are not part
        of it.
        """
        part = replace(
            self.part, hold_run="", hold_reason="", hold_at=None, approved_by="", approved_until=None
        )
        groups = (
            self.people,
            self.posts,
            self.tenures,
            self.offices,
            self.organisations,
            self.by_address.values(),
            self.elsewhere,
        )
        hashed = blake2b(msgspec.json.encode(part), digest_size=16)
        for group in groups:
            hashed.update(b"\0" + b"\n".join(sorted({msgspec.json.encode(each) for each in group})))
        return hashed.hexdigest()


def read_part(directory: Directory, feed: str, part: str) -> FeedPart:
    """Give what is remembered of a part; a part never seen has no day."""
    return directory.feeds.part(feed, part) or FeedPart(feed=feed, part=part)


def read_state(directory: Directory, reading: Reading) -> State:
    """Read what the plan for this file needs, and nothing else."""
    feed, part = reading.feed, reading.part
    people = {each.uid: each for each in directory.people.all_of_feed(feed, part)}
    tenures = directory.posts.tenures_of_feed(feed, part)
    missing = {each.holder for each in tenures} - people.keys()
    if missing:
        people |= directory.people.by_uids(sorted(missing))
    coming = {each.key for each in reading.candidates} | reading.present
    going = [each.uid for each in people.values() if each.status == MISSING and each.feed_key not in coming]
    return State(
        part=read_part(directory, feed, part),
        people=tuple(people.values()),
        posts=tuple(directory.posts.all_of_feed(feed, part)),
        tenures=tuple(tenures),
        offices=tuple(directory.offices.all_of_feed(feed, part)),
        organisations=_organisations(directory, reading),
        by_address=_owners(directory, reading, people.values()),
        elsewhere=tuple(
            tenure
            for uid in sorted(going)
            for _, tenure in directory.posts.held_by(uid)
            if (tenure.feed, tenure.feed_part) != (feed, part)
        ),
    )


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
    """Find the organisations the file names; for a file that names many, one search for all is cheaper."""
    posts = [each.post for each in reading.candidates] + list(reading.vacant)
    parents = {each.organisation.parent for each in posts}
    names = ({each.organisation.name for each in posts} | parents) - {""}
    codes = {each for each in {each.organisation.code for each in posts} | parents if ":" in each}
    if len(names) + len(codes) > _FEW:
        folded = {fold(each) for each in names}
        return tuple(each for each in directory.organisations.all() if _is_named(each, folded, codes))
    found = [directory.organisations.by_code(each) for each in sorted(codes)]
    found += [directory.organisations.by_name(each) for each in sorted(names)]
    return tuple({each.id: each for each in found if each}.values())


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
