"""Erasing somebody for good: all about them goes, and marks keep old files from bringing them back.

The store comes first: tombstone, ledger, and the end of the keys under which everything told of them is
sealed. Then the directory. All of it may be done twice, so that an erasure that was cut off is completed by
asking for it again, or by `replay`, which the worker calls now and then: after a restore it has to be.
"""

from dataclasses import replace

from ldap_schema.changes import Change, Record, Update
from ldap_schema.clock import london_today
from ldap_schema.offices import Office
from ldap_schema.people import Person
from store import kept, ledger, outbox, person_keys, tombstones, waiting
from store.tombstones import Tombstone
from sync.answers import read_questions, write_questions
from sync.context import SyncContext
from sync.erasing import Surroundings, erasure
from sync.errors import InputRefused
from sync.notices import notice_key
from sync.pushed import drop_pushed
from sync.reason import needed_reason
from sync.shred import shred
from sync.state import read_part
from sync.tombstones import marks_of, note_beside, read_stones, row_marks

EVENT = "person erased"
AGAIN = "erased before; what was left, or came back, goes"


def surroundings(context: SyncContext, person: Person) -> Surroundings:
    """Read everything in the directory that is about somebody or refers to them."""
    directory, uid = context.directory, person.uid
    ids = directory.referrers([person])[0]
    known: list[Record] = [Office(id=each, name="") for each in sorted(ids)]
    offices = {each.id: each for each in directory.current(known) if isinstance(each, Office)}
    offices |= {each.id: each for each in directory.offices.serving(uid)}
    people = directory.people.by_uids(sorted(ids - {uid}))
    delegations = {
        each.id: each
        for each in (*directory.delegations.by_leader(uid), *directory.delegations.to_delegate(uid))
    }
    return Surroundings(
        person=person,
        tenures=tuple(tenure for _, tenure in directory.posts.held_by(uid)),
        offices=tuple(offices[each] for each in sorted(offices)),
        delegations=tuple(delegations[each] for each in sorted(delegations)),
        sealed_posts=tuple(directory.posts.sealed_for(uid)),
        people=tuple(people[each] for each in sorted(people)),
    )


def erase(context: SyncContext, person: Person, reason: str) -> Surroundings:
    """Erase somebody; returns what there was. InputRefused without a reason, or while a run is under way."""
    why = needed_reason(reason)
    with context.lock(person.feed or "by-hand"):
        if person.feed and read_part(context.directory, person.feed, person.feed_part).pending_run:
            raise InputRefused(
                f"A run of {person.feed} is under way: complete it first, with `counterpart sync apply`. "
                "Nothing was changed."
            )
        around = surroundings(context, person)
        _forget(context, around, why)
        shred(context.settings.folder, person, around.tenures)
        drop_pushed(context, around)
        let_go(context, person)
        around = surroundings(context, person)
        context.directory.write((*_without_questions(context, around), *erasure(around)))
    context.directory.seals.renew(london_today(context.clock()))
    return around


def replay(context: SyncContext) -> list[str]:
    """Erase again whoever a restore brought back, or whose erasure was cut off; return their uids.

    What was noted beside the store is taken in first: a store from a backup does not know of it.
    """
    known = read_stones(context)
    with context.store.reading() as tx:
        keys = person_keys.found(tx, known.uids | known.marks)
    if keys:
        with context.store.transaction() as tx:
            person_keys.destroy(tx, keys)
        context.store.scrub()
    found = context.directory.people.by_uids(sorted(known.uids))
    for person in found.values():
        erase(context, person, AGAIN)
    return sorted(found)


def _forget(context: SyncContext, around: Surroundings, why: str) -> None:
    """Write the tombstone, in the store and beside it, and destroy the keys; twice does no harm.

    Entries that were merged into the person's are erased with it: papers still tell of them under their ids.
    """
    person, now = around.person, context.clock()
    today = london_today(now)
    with context.store.transaction() as tx:
        marker = tombstones.marker(tx)
        marks = marks_of(marker, person, around.tenures)
        merged = sorted(ledger.merged_into(tx, person.uid))
        stones = [Tombstone(uid=person.uid, day=today, marks=tuple(sorted(marks)))]
        stones += [Tombstone(uid=each, day=today, marks=()) for each in merged]
        for each in stones:
            tombstones.add(tx, each.uid, each.marks, each.day)
        outbox.forget(tx, person.sign_in_address, notice_key(person))
        kept.forget(tx, person.uid)
        waiting.forget_person(tx, person.uid)
        if ledger.last(tx, EVENT, person.uid) is None:
            ledger.append(tx, EVENT, context.actor, person.uid, {"reason": why}, now)
        rows = row_marks(marker, person, around.tenures)
        person_keys.destroy(tx, {person.uid, *merged, *rows})
    note_beside(context.settings.folder, stones)
    context.store.scrub()


def _without_questions(context: SyncContext, around: Surroundings) -> list[Change]:
    """Take what feeds remember of questions about the person out of the directory."""
    uid = around.person.uid
    with context.store.reading() as tx:
        marker = tombstones.marker(tx)
    marks = marks_of(marker, around.person, around.tenures)
    changes: list[Change] = []
    for part in context.directory.feeds.asking():
        asked = read_questions(part.answers)
        left = [
            replace(each, likely=tuple(other for other in each.likely if other != uid))
            for each in asked
            if each.who != uid and marks.isdisjoint(marker.all("key", part.feed, part.part, each.key))
        ]
        if left != asked:
            changes.append(Update(part, replace(part, answers=write_questions(left))))
    return changes


def let_go(context: SyncContext, person: Person) -> None:
    """Take away what can't go in the same transaction; each of these may be done twice."""
    directory, uid = context.directory, person.uid
    directory.credentials.purge(uid)
    for cohort in sorted(directory.cohorts.of(uid)):
        directory.cohorts.leave(cohort, uid)
    for role in sorted(directory.groups.roles_of(uid)):
        directory.groups.revoke(role, uid)
