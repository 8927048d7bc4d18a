"""Makes the index say what the directory says: for some entries, for those that differ, or for everything."""

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from uuid import UUID

from ldap_schema.offices import Office
from ldap_schema.organisations import Organisation
from ldap_schema.people import Person
from ldap_schema.posts import Post
from ldap_schema.snapshots import Snapshot, Snapshots
from search_index import documents
from search_index.documents import OFFICE, ORGANISATION, PERSON, POST, Around, Document, reference
from search_index.folder import IndexFolder
from search_index.projection import Projection

AT_ONCE = 1000  # entries read and written together


def build(snapshots: Snapshots, folder: IndexFolder, clock: Callable[[], datetime]) -> Path:
    """Make a whole new index, put it in use, and return where it is.

    Its cookie is older than anything in it, so whoever follows from there misses nothing. Raises
    DirectoryError, IndexFailed (IndexInUse) and OSError; then the index that was in use still is.
    """
    with folder.making(), folder.new() as path:
        made = Projection.create(path)
        try:
            made.cookie, made.compared = snapshots.position(), clock()
            beside = _everything_around(snapshots)
            for batch in snapshots.all():
                made.fill(documents.make(batch, beside))
            made.commit()
        finally:
            made.close()
        folder.publish(path)
        return path


def _everything_around(snapshots: Snapshots) -> Around:
    """Read all organisations and offices once: asked for batch by batch, they took most of the time."""
    return Around(snapshots.every_organisation(), _by_leader(snapshots.every_office()))


def _by_leader(found: Iterable[Office]) -> dict[str, list[Office]]:
    offices: dict[str, list[Office]] = {}
    for office in sorted(found, key=lambda office: office.id):
        for uid in office.serves:
            offices.setdefault(uid, []).append(office)
    return offices


def around(snapshots: Snapshots, batch: Iterable[Snapshot]) -> Around:
    """Read what the documents of a batch say beside their own entries."""
    records = [snapshot.record for snapshot in batch]
    employers = {r.organisation_id for r in records if isinstance(r, Person | Post) and r.organisation_id}
    uids = {r.uid for r in records if isinstance(r, Person)}
    return Around(snapshots.organisations(employers), _by_leader(snapshots.offices_of(uids)))


class Keeper:
    """Brings one projection up to what the directory says; it writes and leaves the commit to others."""

    def __init__(self, snapshots: Snapshots, projection: Projection) -> None:
        self._snapshots = snapshots
        self._projection = projection

    def changed(self, found: dict[UUID, str], looked_at: Iterable[UUID]) -> set[UUID]:
        """Return which of the entries looked at the index has otherwise than they were found."""
        wanted = set(looked_at)
        ours = self._projection.contents.states(wanted)
        return {uuid for uuid in wanted if found.get(uuid) != ours.get(uuid)}

    def mend(self, uuids: Iterable[UUID]) -> int:
        """Make the documents of these entries and of those that depend on them; return how many differed."""
        waiting, done, differing = set(uuids), set[UUID](), 0
        while waiting:
            batch = set(list(waiting)[:AT_ONCE])
            done |= batch
            now = {snapshot.uuid: snapshot for snapshot in self._snapshots.read(batch)}
            before = {document.uuid: document for document in self._projection.contents.documents(batch)}
            differing += self._write(now, before)
            waiting = (waiting | self._dependents(now, before)) - done
        return differing

    def differences(self) -> set[UUID]:
        """Return the entries whose change number is another in the index, or that only one of both has."""
        found: set[UUID] = set()
        for part in self._snapshots.parts():
            ours = self._projection.contents.states_between(part.first, part.last)
            both = ours.keys() | part.states.keys()
            found |= {uuid for uuid in both if ours.get(uuid) != part.states.get(uuid)}
        return found

    def stale(self) -> set[UUID]:
        """Return the entries whose document is not what it would be if it were made now; reads everything."""
        found: set[UUID] = set()
        for batch in self._snapshots.all():
            fresh = documents.make(batch, around(self._snapshots, batch))
            ours = {one.uuid: one for one in self._projection.contents.documents(one.uuid for one in fresh)}
            found |= {one.uuid for one in fresh if ours.get(one.uuid) != one}
        return found

    def _write(self, now: dict[UUID, Snapshot], before: dict[UUID, Document]) -> int:
        made = documents.make(now.values(), around(self._snapshots, now.values()))
        differing = [document for document in made if before.get(document.uuid) != document]
        gone = before.keys() - now.keys()
        if differing or gone:
            self._projection.put(differing, gone)
        return len(differing) + len(gone)

    def _dependents(self, now: dict[UUID, Snapshot], before: dict[UUID, Document]) -> set[UUID]:
        """Return the entries whose documents depend on these: what shows with them, or says their names."""
        people, posts = _came_or_went(PERSON, now, before), _came_or_went(POST, now, before)
        organisations = {one.record.id for one in now.values() if isinstance(one.record, Organisation)}
        organisations |= {one.id for one in before.values() if one.kind == ORGANISATION}
        served = {uid for one in now.values() if isinstance(one.record, Office) for uid in one.record.serves}
        served |= {ref.partition(":")[2] for one in before.values() if one.kind == OFFICE for ref in one.refs}
        refs = [reference(PERSON, uid) for uid in people] + [reference(POST, id_) for id_ in posts]
        return (
            {document.uuid for document in self._projection.contents.referring(refs)}
            | self._snapshots.of_people(people)
            | self._snapshots.of_posts(posts)
            | self._snapshots.of_organisations(organisations)
            | self._snapshots.people(served)
        )


def _came_or_went(kind: str, now: dict[UUID, Snapshot], before: dict[UUID, Document]) -> set[str]:
    """Return the ids of entries of a kind that are only there now, or only were."""
    came = (documents.kind_and_id(one.record) for one in now.values() if one.uuid not in before)
    went = ((one.kind, one.id) for one in before.values() if one.uuid not in now)
    return {id_ for found, id_ in (*came, *went) if found == kind}
