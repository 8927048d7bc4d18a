"""The directory as whoever follows it reads it: by entryUUID and change number, as it is committed.

Five kinds of entry make the search index. What is asked for is what every leader may see, and no contact
detail, whatever the account could read.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from ldap_schema import offices, organisations, people, posts
from ldap_schema.content_sync import CHANGE_NUMBER, RefreshDone
from ldap_schema.entries import Codec, Entry
from ldap_schema.errors import DirectoryUnavailable
from ldap_schema.filters import all_of, any_of, between, equals
from ldap_schema.link import Link
from ldap_schema.listening import Listener
from ldap_schema.offices import Office
from ldap_schema.operations import Search
from ldap_schema.organisations import Organisation
from ldap_schema.people import Person
from ldap_schema.posts import Post, Tenure
from ldap_schema.tree import Tree

BATCH = 10_000  # entries read at once
AT_ONCE = 100  # values in one filter
POSITION_TRIES = 10  # seconds, about
FIRST, LAST = UUID(int=0), UUID(int=(1 << 128) - 1)

Record = Person | Organisation | Post | Tenure | Office
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One entry as it was read: whose it is, the number of its last change, and what it says."""

    uuid: UUID
    csn: str
    record: Record


@dataclass(frozen=True, slots=True)
class Part:
    """All entries in one range of entryUUID, both ends included: entryUUID -> number of the last change."""

    first: UUID
    last: UUID
    states: Mapping[UUID, str]


def _codec(record: type, attributes: Mapping[str, str], *fields: str, **references: Any) -> Codec[Any]:
    return Codec(record, {field: attributes[field] for field in fields}, (), references)


_CODECS = {
    "nlcPerson": _codec(
        Person, people.ATTRIBUTES,
        "uid", "full_name", "family_name", "given_name", "display_name", "honorific", "honours", "known_as",
        "title", "organisation_name", "organisation_id", "sector", "town", "region",
        organisation_id=Tree.organisation,
    ),
    "nlcOrganisationInfo": _codec(
        Organisation, organisations.ATTRIBUTES,
        "id", "name", "former_names", "acronyms", "sector", "town", "region", "areas_served", "successor_ids",
        successor_ids=Tree.organisation,
    ),
    "nlcPost": _codec(
        Post, posts.POST_ATTRIBUTES, "id", "title", "organisation_id", "role", "town", "region",
        organisation_id=Tree.organisation,
    ),
    "nlcTenure": _codec(
        Tenure, posts.TENURE_ATTRIBUTES, "id", "post_id", "holder", "kind", "first_day", "last_day",
        post_id=Tree.post, holder=Tree.person,
    ),
    "nlcOffice": _codec(
        Office, offices.ATTRIBUTES, "id", "name", "serves", "assistant", serves=Tree.person
    ),
}  # fmt: skip
_OURS = any_of(*(equals("objectClass", name) for name in _CODECS))
_STATE = ("entryUUID", CHANGE_NUMBER)
_ASKED = (
    *_STATE,
    "objectClass",
    *dict.fromkeys(attribute for codec in _CODECS.values() for attribute in codec.asked),
)


class Snapshots:
    """Reads over one link; everything raises what the link raises."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def listen(self, cookie: bytes) -> Listener:
        """Tell which of these entries change, from a cookie on (`listening.py`)."""
        return self._link.connections.listen(self._search("below"), cookie)

    def position(self) -> bytes:
        """Return the cookie of this moment: what is read after this is not older."""
        with self._link.connections.listen(self._search("entry"), b"") as listener:
            for _ in range(POSITION_TRIES):
                for event in listener.events(1.0):
                    if isinstance(event, RefreshDone) and event.cookie:
                        return event.cookie
        raise DirectoryUnavailable("The directory does not say how far it is.")

    def _search(self, scope: str) -> Search:
        """Ask for nothing of an entry but the number of its last change."""
        return Search(base=self._link.tree.suffix, filter=_OURS, attributes=[CHANGE_NUMBER], scope=scope)

    def parts(self) -> Iterator[Part]:
        """Yield all entries by ranges, so that never more than a batch is in memory."""

        def read(first: int, last: int) -> Part:
            found = self._find(_within(UUID(int=first), UUID(int=last)), _STATE, limit=BATCH)
            return Part(UUID(int=first), UUID(int=last), dict(map(_state, found)))

        return ranges(read, lambda part: len(part.states) >= BATCH)

    def states(self, uuids: Iterable[UUID]) -> dict[UUID, str]:
        """Return entryUUID -> number of the last change, of those that are there for us."""
        return dict(_state(entry) for entry in self._any("entryUUID", map(str, uuids), _STATE))

    def read(self, uuids: Iterable[UUID]) -> list[Snapshot]:
        """Return the entries that are there for us."""
        return [_snapshot(entry) for entry in self._any("entryUUID", map(str, uuids), _ASKED)]

    def all(self) -> Iterator[list[Snapshot]]:
        """Yield every entry, in batches that come by range of entryUUID."""

        def read(first: int, last: int) -> list[Entry]:
            return self._find(_within(UUID(int=first), UUID(int=last)), _ASKED, limit=BATCH)

        for found in ranges(read, lambda found: len(found) >= BATCH):
            yield [_snapshot(entry) for entry in found]

    def every_organisation(self) -> dict[str, Organisation]:
        """Return all organisations by id; for whoever makes everything, some thousands at once."""
        return {
            each.id: each for each in self._every("nlcOrganisationInfo") if isinstance(each, Organisation)
        }

    def every_office(self) -> list[Office]:
        """Return all offices; for whoever makes everything."""
        return [each for each in self._every("nlcOffice") if isinstance(each, Office)]

    def _every(self, class_: str) -> Iterator[Record]:
        def read(first: int, last: int) -> list[Entry]:
            within = between("entryUUID", str(UUID(int=first)), str(UUID(int=last)))
            return self._find(all_of(equals("objectClass", class_), within), _ASKED, limit=BATCH)

        for found in ranges(read, lambda found: len(found) >= BATCH):
            yield from map(_record, found)

    def organisations(self, ids: Iterable[str]) -> dict[str, Organisation]:
        """Return organisations by id."""
        found = self._any("nlcId", ids, _ASKED, equals("objectClass", "nlcOrganisationInfo"))
        return {each.id: each for each in map(_record, found) if isinstance(each, Organisation)}

    def offices_of(self, uids: Iterable[str]) -> list[Office]:
        """Return the offices that serve any of the people."""
        dns = map(self._link.tree.person, uids)
        found = self._any("nlcServes", dns, _ASKED, equals("objectClass", "nlcOffice"))
        return [each for each in map(_record, found) if isinstance(each, Office)]

    def of_organisations(self, ids: Iterable[str]) -> set[UUID]:
        """Return the people and posts of any of the organisations."""
        return self._uuids("nlcOrganisation", map(self._link.tree.organisation, ids))

    def of_people(self, uids: Iterable[str]) -> set[UUID]:
        """Return the tenures and offices of any of the people, which show where the person does."""
        dns = list(map(self._link.tree.person, uids))
        return self._uuids("roleOccupant", dns) | self._uuids("nlcServes", dns)

    def of_posts(self, ids: Iterable[str]) -> set[UUID]:
        """Return the tenures of any of the posts."""
        return self._uuids("nlcPost", map(self._link.tree.post, ids))

    def people(self, uids: Iterable[str]) -> set[UUID]:
        """Return the entries of the people themselves."""
        return self._uuids("uid", uids)

    def _uuids(self, attribute: str, values: Iterable[str]) -> set[UUID]:
        return {_state(entry)[0] for entry in self._any(attribute, values, _STATE)}

    def _any(
        self, attribute: str, values: Iterable[str], asked: Sequence[str], also: str = _OURS
    ) -> list[Entry]:
        wanted, found = list(dict.fromkeys(values)), dict[str, Entry]()
        for start in range(0, len(wanted), AT_ONCE):
            either = any_of(*(equals(attribute, value) for value in wanted[start : start + AT_ONCE]))
            found |= {entry.dn: entry for entry in self._find(all_of(either, also), asked)}
        return list(found.values())

    def _find(self, filter_: str, asked: Sequence[str], limit: int = 0) -> list[Entry]:
        return self._link.find(self._link.tree.suffix, filter_, asked, scope="below", limit=limit)


def ranges(read: Callable[[int, int], T], full: Callable[[T], bool]) -> Iterator[T]:
    """Yield what `read` gives for ranges of entryUUID that cover all, halving each one that is `full`."""
    waiting = [(FIRST.int, LAST.int)]
    while waiting:
        first, last = waiting.pop()
        part = read(first, last)
        if full(part) and first < last:
            middle = (first + last) // 2
            waiting += [(middle + 1, last), (first, middle)]
        else:
            yield part


def _within(first: UUID, last: UUID) -> str:
    whole = (first, last) == (FIRST, LAST)
    return _OURS if whole else all_of(_OURS, between("entryUUID", str(first), str(last)))


def _state(entry: Entry) -> tuple[UUID, str]:
    return UUID(entry.text("entryUUID")), entry.text(CHANGE_NUMBER)


def _snapshot(entry: Entry) -> Snapshot:
    uuid, csn = _state(entry)
    return Snapshot(uuid, csn, _record(entry))


def _record(entry: Entry) -> Record:
    classes = {name.casefold() for name in entry.texts("objectClass")}
    codec = next(codec for name, codec in _CODECS.items() if name.casefold() in classes)
    record: Record = codec.decode(entry)
    return record
