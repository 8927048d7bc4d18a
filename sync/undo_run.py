"""`sync undo`: shows what would take a run back, and with a name and a reason writes it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

from ldap_schema.changes import Change, Record, Remove, Update
from ldap_schema.clock import london_today
from ldap_schema.feeds import FeedPart
from ldap_schema.people import Person
from ldap_schema.reading_back import record_of
from sync.apply import begin, settled
from sync.context import LONGEST_REASON, SyncContext
from sync.errors import PlanRefused
from sync.plan import Plan
from sync.plan_file import SavedPlan, name_plan, read_plan
from sync.receipt import APPLIED, Receipt, receipt_of
from sync.receipt_file import load_receipt
from sync.reorganising import MAPS, carry_out, complete_maps
from sync.resume import complete
from sync.state import read_part
from sync.undo import Undoing, undo

ERASED = "erased since, and nothing of theirs comes back"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedUndo:
    """What would be written, as a plan like any other, and the receipt that it would leave."""

    saved: SavedPlan
    receipt: Receipt
    undoing: Undoing


def plan_undo(context: SyncContext, run: str, reason: str = "") -> PlannedUndo:
    """Work out what takes a run back; writes nothing. PlanRefused for a run that was never applied here."""
    original = load_receipt(context.settings.folder, run, context.sealer())
    if original.status != APPLIED or not (original.after or original.feed == MAPS):
        raise PlanRefused(f"The run {run} was not applied ({original.status}): there is nothing to undo.")
    was = read_plan(context.plan_path(run), context.sealer())
    found = _undoing(context, was.plan.changes)
    erased = tuple(f"{uid}: {ERASED}" for uid in was.erased)
    saved = _as_plan(context, original, found)
    receipt = replace(
        receipt_of(saved, "planned", context.clock()),
        file=original.file,
        undoes=run,
        reason=reason.strip()[:LONGEST_REASON],
        undone_file="" if original.undoes or not original.after else original.after.file_digest,
        kept=(*found.kept, *erased),
        kept_of=(*found.kept_of, *("" for _ in erased)),
    )
    return PlannedUndo(saved=saved, receipt=receipt, undoing=found)


def apply_undo(context: SyncContext, run: str, reason: str) -> PlannedUndo:
    """Take a run back, by a named account and for a reason: that is what stands instead of the guard."""
    context.ensure_decided("an undo", reason)
    original = load_receipt(context.settings.folder, run, context.sealer())
    if original.feed == MAPS:
        complete_maps(context)
        return _undo_map(context, run, reason)
    with context.lock(original.feed):
        complete(context, read_part(context.directory, original.feed, original.part))
        planned = plan_undo(context, run, reason)
        part = read_part(context.directory, original.feed, original.part)
        memory = _memory(part, load_receipt(context.settings.folder, run, context.sealer()))
        if not planned.saved.plan.changes and memory == part:
            return planned
        done = begin(context, planned.saved, planned.receipt, part, memory)
    return replace(planned, receipt=done)


def _undo_map(context: SyncContext, run: str, reason: str) -> PlannedUndo:
    """Take a map of organisations back, all of it in one transaction; no feed's memory is concerned."""
    planned = plan_undo(context, run, reason)
    if not planned.saved.plan.changes:
        return planned
    done = carry_out(context, planned.saved, planned.receipt)
    return replace(planned, receipt=done)


def _undoing(context: SyncContext, changes: Sequence[Change]) -> Undoing:
    records = [record_of(each) for each in changes]
    stand = context.directory.current(records)
    used_by = context.directory.referrers(records)
    return undo(changes, stand, used_by, _taken(context, changes), london_today(context.clock()))


def _taken(context: SyncContext, changes: Sequence[Change]) -> set[str]:
    """Return the sign-in addresses that would go back to somebody, and belong to another by now."""
    wanted: dict[str, str] = {}
    for change in changes:
        before: Record | None = change.before if isinstance(change, Update) else None
        before = change.record if isinstance(change, Remove) else before
        if isinstance(before, Person) and before.sign_in_address:
            wanted[before.sign_in_address.casefold()] = before.uid
    owners = context.directory.people.by_mail_or_sign_in(wanted)
    return {
        address
        for address, people in owners.items()
        for person in people
        if person.sign_in_address.casefold() == address and person.uid != wanted[address]
    }


def _as_plan(context: SyncContext, original: Receipt, found: Undoing) -> SavedPlan:
    plan = Plan(
        feed=original.feed,
        part=original.part,
        as_of=original.as_of,
        file_digest="",
        mapping_digest="",
        state_digest=context.clock().isoformat(),  # two undos that do the same are two runs
        rows=0,
        changes=found.changes,
        lines=found.lines,
    )
    return name_plan(plan, f"undo of run {original.run}", "", original.feed_name, sealer=context.sealer())


def _memory(part: FeedPart, original: Receipt) -> FeedPart:
    """Return what the part remembers afterwards: what it did before the run, if that was its last."""
    after = cast(FeedPart, original.after)
    before = original.before or FeedPart(feed=original.feed, part=original.part)
    if settled(part) != settled(after):
        return part
    return replace(
        settled(before), hold_run=part.hold_run, hold_reason=part.hold_reason, hold_at=part.hold_at
    )
