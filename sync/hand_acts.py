"""Changes by hand against the directory: read, plan, and write what somebody agreed to, with its entry."""

from datetime import date

from sqlalchemy.orm import Session

from ldap_schema.clock import london_today
from ldap_schema.people import Person
from store import ledger, tombstones
from sync.by_hand import Act, HandPlanner
from sync.context import SyncContext
from sync.errors import UNCHANGED, HeldByGuard, InputRefused
from sync.hand_state import Held, look_around
from sync.hand_values import Edits, Wanted, name_from, one
from sync.normalise import mail_address
from sync.notices import tell_joiners
from sync.reason import LONGEST_REASON
from sync.tombstones import address_marks, read_stones

LIFTED = "erasure lifted"  # in the ledger; the subject is the id that was erased
ERASED = (
    "Somebody with this sign-in address was erased for good, and no file lists them since. If they ask to be "
    "listed again, say why: --again REASON. They get a new entry; nothing of the old one comes back. "
    f"{UNCHANGED}"
)


def plan_add(
    context: SyncContext,
    wanted: Wanted,
    *,
    same: str = "",
    different: tuple[str, ...] = (),
    again: bool = False,
) -> Act:
    """Plan adding somebody, or another post of somebody known; raises InputRefused, NotFound for a `same`
    whom nobody knows. `again`: also somebody whose sign-in address was erased.
    """
    address = one("sign-in address", wanted.sign_in_address, mail_address).casefold()
    if not again and read_stones(context).has_address(address):
        raise InputRefused(ERASED)
    around = look_around(context.directory, wanted.organisation, name_from(wanted.name), address)
    known = context.directory.people.get(same) if same else None
    return _planner(context).add(wanted, around, same=known, different=frozenset(different))


def plan_edit(context: SyncContext, person: Person, edits: Edits, until: date | None = None) -> Act:
    """Plan new values of somebody; raises InputRefused."""
    address = edits.checked().get("sign_in_address")
    owner = context.directory.people.by_sign_in_address(str(address)) if address else None
    return _planner(context).edit(person, edits, owner, until=until)


def plan_leave(context: SyncContext, person: Person, last_day: date) -> Act:
    """Plan somebody's last day; raises InputRefused."""
    return _planner(context).leave(person, _held(context, person), last_day)


def plan_deceased(context: SyncContext, person: Person) -> Act:
    """Plan that somebody died; raises InputRefused."""
    return _planner(context).deceased(person, _held(context, person))


def carry_out(context: SyncContext, act: Act, reason: str = "", again: str = "") -> None:
    """Write an act and its ledger entry: both, or neither where the directory refuses.

    `again` is why somebody is listed whose sign-in address was erased; feeds may list them too from then on.
    HeldByGuard where the guard has something against it and no reason is given; Moved (ldap_schema) where
    somebody else changed what it was planned from.
    """
    said = reason.strip()[:LONGEST_REASON]
    if not said and (act.holds or act.details.get("until")):
        because = "; ".join(act.holds) or "it replaces what an HR feed says"
        raise HeldByGuard(f"Say why with --reason, because {because}. {UNCHANGED}")
    details = {**act.details} | ({"reason": said} if said else {})
    tell_joiners(context, act.plan.changes, "")
    with context.store.transaction() as tx:
        uid = act.person.uid
        ledger.append(tx, act.event, context.actor, uid, details, context.clock(), about=uid)
        if again.strip():
            _lift(context, tx, act.person, again.strip()[:LONGEST_REASON])
        context.directory.write(act.plan.changes)
    context.directory.seals.renew(london_today(context.clock()))


def _lift(context: SyncContext, tx: Session, person: Person, why: str) -> None:
    """Take the marks of an erasure away by which files could not list the person."""
    marks = address_marks(tombstones.marker(tx), person.sign_in_address)
    for uid in tombstones.lift(tx, marks):
        told = {"reason": why, "listed as": person.uid}
        ledger.append(tx, LIFTED, context.actor, uid, told, context.clock(), about=person.uid)


def _held(context: SyncContext, person: Person) -> Held:
    return tuple(context.directory.posts.held_by(person.uid))


def _planner(context: SyncContext) -> HandPlanner:
    if not context.actor.strip():
        raise InputRefused("Say who acts: a change by hand needs a named account.")
    settings, today = context.settings, london_today(context.clock())
    return HandPlanner(context.mint_id, today, settings.joiner_show, settings.notice_days)
