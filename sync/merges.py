"""Making two entries of one person one, so that being cut off anywhere is mended by asking again."""

from sqlalchemy.orm import Session

from ldap_schema.people import Person
from store import kept, ledger
from sync import merging
from sync.context import SyncContext
from sync.erasures import let_go, surroundings
from sync.reason import needed_reason

BEGUN = "person merge begun"  # in the ledger, so that a merge that was cut off is known by its dropped id


def merge(context: SyncContext, keep: Person, drop: Person, reason: str) -> None:
    """Make two entries one; the ledger knows from then on whose the dropped id is. Raises InputRefused."""
    why = needed_reason(reason)
    merging.may(keep, drop)
    told, now = {"into": keep.uid, "reason": why}, context.clock()
    with context.store.transaction() as tx:
        if _begun(tx, keep.uid) != drop.uid:
            ledger.append(tx, BEGUN, context.actor, drop.uid, told, now, about=keep.uid)
    for cohort in sorted(context.directory.cohorts.of(drop.uid)):
        context.directory.cohorts.join(cohort, keep.uid)
    let_go(context, drop)
    changes = merging.merge(keep, surroundings(context, drop))
    with context.store.transaction() as tx:
        _finish(context, tx, drop.uid, told)
        context.directory.write(changes)


def unfinished(context: SyncContext, keep: Person) -> str:
    """Complete a merge into this entry that was cut off after the directory had it; return the dropped id."""
    with context.store.transaction() as tx:
        dropped = _begun(tx, keep.uid)
        if dropped and not context.directory.people.by_uids([dropped]):
            _finish(context, tx, dropped, {"into": keep.uid, "reason": "completed after it was cut off"})
            return dropped
    return ""


def _begun(tx: Session, keep: str) -> str:
    """Find whom a merge into this entry would drop that was begun and not ended."""
    for each in ledger.of_events(tx, (BEGUN,), "", ledger.MOST_MERGED):
        if ledger.details_of(each)["into"] == keep:
            ended = ledger.of_events(tx, (ledger.MERGED,), each.subject, 1)
            return "" if ended and ended[0].number > each.number else each.subject
    return ""


def _finish(context: SyncContext, tx: Session, dropped: str, told: dict[str, str]) -> None:
    kept.forget(tx, dropped)
    ledger.append(tx, ledger.MERGED, context.actor, dropped, told, context.clock(), about=told["into"])
