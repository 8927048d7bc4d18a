"""What SCIM clients push: a feed's snapshot, `nlcId=<record>,nlcId=<feed>,ou=feeds`, apart from every leader.

Each feed with a snapshot has a head, the entry `nlcId=snapshot` beside its records. Every write moves the
head's version on, in the same transaction and only from the version that was read, so that what was looked at
(is this userName free? is this record still so?) is still true when it is written, whoever else writes.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import msgspec

from ldap_schema.entries import Codec, Entry
from ldap_schema.errors import AlreadyThere, NotFound
from ldap_schema.filters import all_of, any_of, equals
from ldap_schema.link import Link
from ldap_schema.operations import AddEntry, DeleteEntry, ModifyEntry, Operation
from ldap_schema.tree import parent_id_of

HEAD = "snapshot"  # the id of the head; records have random ones
ATTRIBUTES = {
    "id": "nlcId",
    "user_name": "nlcScimUserName",
    "external_id": "nlcScimExternalId",
    "resource": "nlcScimResource",
    "changed_at": "nlcChangedAt",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScimRecord:
    """One record of a snapshot. `resource` is a `Kept` as JSON, kept to the letter."""

    feed: str
    id: str
    user_name: str  # as it is compared, so that it is unique within the feed
    resource: str
    external_id: str = ""
    changed_at: datetime | None = None  # UTC


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The client's resource, and what only we know of it. The portal writes it, portal and `sync` read it."""

    version: int
    created: datetime
    inactive_since: date | None = None  # Europe/London; the day on which `active` became false
    resource: dict[str, Any]


def kept_in(record: ScimRecord) -> Kept:
    """Return what is kept in a record."""
    return msgspec.json.decode(record.resource, type=Kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotHead:
    """How often a feed's snapshot was written, when last, and since when a run has not yet looked at it."""

    feed: str
    version: int = 0
    changed_at: datetime | None = None
    waiting_since: datetime | None = None


CODEC = Codec(ScimRecord, ATTRIBUTES, classes=("nlcScimRecord",))
IS_RECORD = equals("objectClass", "nlcScimRecord")
_NOTHING = "-"


class ScimSnapshots:
    """Reads and writes snapshots: as a feed its own alone, as the sync account all."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._base = link.tree.branch("feeds")

    def head(self, feed: str) -> SnapshotHead:
        """Return the head of a feed's snapshot, or raise NotFound: nobody may push to this feed yet."""
        return _head(self._link.get(self._link.tree.scim_record(feed, HEAD), CODEC.asked))

    def heads(self) -> list[SnapshotHead]:
        """Return the heads of all feeds that have a snapshot, by feed."""
        found = self._link.find(
            self._base, all_of(IS_RECORD, equals("nlcId", HEAD)), CODEC.asked, scope="below"
        )
        return sorted(map(_head, found), key=lambda head: head.feed)

    def ensure(self, feed: str) -> None:
        """Make a feed's head unless it is there; the feed's own entry must be."""
        try:
            self._link.write(self._add(_as_record(SnapshotHead(feed=feed))))
        except AlreadyThere:
            return

    def record(self, feed: str, id_: str) -> ScimRecord:
        """Return one record; raise NotFound, or BadValue for what is no id."""
        if id_ == HEAD:
            raise NotFound("There is no such record.")
        return _record(self._link.get(self._link.tree.scim_record(feed, id_), CODEC.asked))

    def records(self, feed: str, user_name: str = "", external_id: str = "") -> list[ScimRecord]:
        """Return a feed's records by id: all, or those with this userName or externalId."""
        asked = [equals(ATTRIBUTES["user_name"], user_name)] if user_name else []
        asked += [equals(ATTRIBUTES["external_id"], external_id)] if external_id else []
        wanted = all_of(IS_RECORD, any_of(*asked)) if asked else IS_RECORD
        found = self._link.find(self._link.tree.feed(feed), wanted, CODEC.asked)
        records = (_record(entry) for entry in found)
        return sorted((each for each in records if each.id != HEAD), key=lambda each: each.id)

    def add(self, head: SnapshotHead, record: ScimRecord) -> None:
        """Write a new record; raise Moved if the snapshot is no longer what `head` says."""
        self._write(head, record.changed_at, self._add(record))

    def change(self, head: SnapshotHead, before: ScimRecord, after: ScimRecord) -> None:
        """Write a record anew; raise Moved if the snapshot is no longer what `head` says."""
        different = CODEC.differences(before, after, self._link.tree)
        replaced = {attribute: values for attribute, (_, values) in different.items()}
        dn = self._link.tree.scim_record(after.feed, after.id)
        self._write(head, after.changed_at, ModifyEntry(dn=dn, replace=replaced))

    def remove(self, head: SnapshotHead, record: ScimRecord, at: datetime) -> None:
        """Remove a record; raise Moved if the snapshot is no longer what `head` says."""
        self._write(head, at, DeleteEntry(dn=self._link.tree.scim_record(record.feed, record.id)))

    def looked_at(self, head: SnapshotHead) -> None:
        """Note that a run has seen all there was; raise Moved if something was written since."""
        if head.waiting_since:
            self._link.write(self._moved_to(head, replace(head, waiting_since=None)))

    def _write(self, head: SnapshotHead, at: datetime | None, operation: Operation) -> None:
        after = replace(head, version=head.version + 1, changed_at=at, waiting_since=head.waiting_since or at)
        self._link.write(self._moved_to(head, after), operation)

    def _moved_to(self, before: SnapshotHead, after: SnapshotHead) -> ModifyEntry:
        different = CODEC.differences(_as_record(before), _as_record(after), self._link.tree)
        return ModifyEntry(
            dn=self._link.tree.scim_record(before.feed, HEAD),
            replace={attribute: values for attribute, (_, values) in different.items()},
            assertion=equals(ATTRIBUTES["external_id"], str(before.version)),
        )

    def _add(self, record: ScimRecord) -> AddEntry:
        dn = self._link.tree.scim_record(record.feed, record.id)
        return AddEntry(dn=dn, values=CODEC.encode(record, self._link.tree))


def _record(entry: Entry) -> ScimRecord:
    return CODEC.decode(entry, feed=parent_id_of(entry.dn))


def _as_record(head: SnapshotHead) -> ScimRecord:
    """The head as an entry of the same class: its version stands where a record has its externalId."""
    return ScimRecord(
        feed=head.feed,
        id=HEAD,
        user_name=HEAD,
        external_id=str(head.version),
        resource=head.waiting_since.isoformat() if head.waiting_since else _NOTHING,
        changed_at=head.changed_at,
    )


def _head(entry: Entry) -> SnapshotHead:
    record = _record(entry)
    since = datetime.fromisoformat(record.resource) if record.resource != _NOTHING else None
    return SnapshotHead(
        feed=record.feed,
        version=int(record.external_id),
        changed_at=record.changed_at,
        waiting_since=since,
    )
