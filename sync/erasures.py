"""Erasing somebody for good: all about them goes, and a keyed digest keeps old files from bringing them back.

The tombstone comes first and everything may be done twice, so that an erasure that was cut off is completed
by asking for it again, or by `replay`, as after a restore.
"""

from ldap_schema.changes import Record
from ldap_schema.clock import london_today
from ldap_schema.errors import NotFound
from ldap_schema.offices import Office
from ldap_schema.people import Person
from store import kept, ledger, outbox, waiting
from sync import merging
from sync.context import SyncContext
from sync.erasing import Surroundings, erasure
from sync.errors import InputRefused
from sync.notices import notice_key
from sync.reason import needed_reason
from sync.shred import shred
from sync.state import read_part
from sync.tombstones import Tombstones

EVENT = "person erased"


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
    folder, today = context.settings.folder, london_today(context.clock())
    with context.lock(person.feed or "by-hand"):
        if person.feed and read_part(context.directory, person.feed, person.feed_part).pending_run:
            raise InputRefused(
                f"A run of {person.feed} is under way: complete it first, with `counterpart sync apply`. "
                "Nothing was changed."
            )
        around = surroundings(context, person)
        Tombstones(folder).add(person, around.tenures, today)
        _let_go(context, person)
        around = surroundings(context, person)
        with context.store.transaction() as tx:
            outbox.forget(tx, person.sign_in_address, notice_key(person))
            kept.forget(tx, person.uid)
            waiting.forget_person(tx, person.uid)
            ledger.append(tx, EVENT, context.actor, person.uid, {"reason": why}, context.clock())
            context.directory.write(erasure(around))
        shred(folder, person, around.tenures)
    context.directory.seals.renew(today)
    return around


def merge(context: SyncContext, keep: Person, drop: Person, reason: str) -> None:
    """Make two entries one; the ledger knows from then on whose the dropped id is. Raises InputRefused."""
    why = needed_reason(reason)
    changes = merging.merge(keep, surroundings(context, drop))
    for cohort in sorted(context.directory.cohorts.of(drop.uid)):
        context.directory.cohorts.join(cohort, keep.uid)
    _let_go(context, drop)
    with context.store.transaction() as tx:
        told = {"into": keep.uid, "reason": why}
        kept.forget(tx, drop.uid)
        ledger.append(tx, ledger.MERGED, context.actor, drop.uid, told, context.clock(), about=keep.uid)
        context.directory.write(changes)


def replay(context: SyncContext) -> list[str]:
    """Erase again whoever a restore brought back; return their uids."""
    again = []
    for each in Tombstones(context.settings.folder).all:
        try:
            person = context.directory.people.get(each.uid)
        except NotFound:
            continue
        erase(context, person, "erased before a restore brought them back")
        again.append(each.uid)
    return again


def _let_go(context: SyncContext, person: Person) -> None:
    """Take away what can't go in the same transaction; each of these may be done twice."""
    directory, uid = context.directory, person.uid
    directory.credentials.purge(uid)
    for cohort in sorted(directory.cohorts.of(uid)):
        directory.cohorts.leave(cohort, uid)
    for role in sorted(directory.groups.roles_of(uid)):
        directory.groups.revoke(role, uid)
