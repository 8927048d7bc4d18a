"""What people say of single values: that one is right, or that a feed's is wrong."""

from collections.abc import Sequence

from ldap_schema.changes import Update
from ldap_schema.clock import london_today
from ldap_schema.people import Person
from ldap_schema.provenance import COVERS, Dispute, disputes_of, with_disputes
from store import ledger
from sync.context import SyncContext
from sync.errors import InputRefused
from sync.normalise import words
from sync.provenance import confirmed
from sync.reason import needed_reason

LONGEST_DISPUTE = 200


def confirm(context: SyncContext, person: Person, details: Sequence[str]) -> Person:
    """Note that somebody asked the person, or the office, and these values are right; raises InputRefused."""
    today = london_today(context.clock())
    missing = [of for of in details if not getattr(person, COVERS[of][0])]
    if missing:
        raise InputRefused(f"{person.full_name} has no {missing[0]} here. Nothing was changed.")
    after = confirmed(person, details, today)
    return _written(context, "values confirmed", person, after, {"values": ", ".join(details)})


def dispute(context: SyncContext, person: Person, of: str, says: str) -> Person:
    """Keep what a person says of a feed's value; it goes back in the feed's next receipt. InputRefused."""
    said = words(says)
    if said.refused or not said.text or len(said.text) > LONGEST_DISPUTE:
        raise InputRefused(
            f"Say in up to {LONGEST_DISPUTE} characters what is right. Nothing was changed."
            + (f" ({said.note})" if said.note else "")
        )
    if not person.feed:
        raise InputRefused(
            f"No HR feed keeps {person.full_name}: change it with `counterpart person edit`. "
            "Nothing was changed."
        )
    known = Dispute(of=of, on=london_today(context.clock()), says=said.text)
    after = with_disputes(person, disputes_of(person) | {of: known})
    return _written(context, "value disputed", person, after, {"value": of})


def close(context: SyncContext, person: Person, of: str, reason: str) -> Person:
    """End a dispute that the feed has not met: a directory manager decided. Raises InputRefused."""
    disputes = disputes_of(person)
    if of not in disputes:
        raise InputRefused(f"{person.full_name} does not dispute the {of}. Nothing was changed.")
    why = needed_reason(reason)
    del disputes[of]
    told = {"value": of, "reason": why}
    return _written(context, "dispute closed", person, with_disputes(person, disputes), told)


def _written(context: SyncContext, event: str, before: Person, after: Person, told: dict[str, str]) -> Person:
    if after == before:
        return after
    with context.store.transaction() as tx:
        ledger.append(tx, event, context.actor, before.uid, told, context.clock(), about=before.uid)
        context.directory.write([Update(before, after)])
    return after
