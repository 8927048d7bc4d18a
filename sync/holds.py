"""Runs that the guard stopped: they wait on the desk for a named person, and an approval does not last."""

from datetime import datetime, timedelta

from ldap_schema.feeds import FeedPart
from store import ledger, waiting
from store.models import LedgerEntry
from sync.apply import update_part
from sync.closing import matter
from sync.context import LONGEST_REASON, SyncContext
from sync.errors import PlanRefused
from sync.plan_file import SavedPlan, keep_plan, read_plan
from sync.prepare import still_holds
from sync.receipt import HELD, Receipt, receipt_of
from sync.receipt_file import save_receipt
from sync.state import NO_HOLD, read_part

MOST_DECISIONS = 100  # of a feed, that are looked through for one run's
HELD_EVENT, APPROVED_EVENT, REJECTED_EVENT = "feed held", "feed approved", "feed rejected"  # in the ledger


def hold(context: SyncContext, saved: SavedPlan, part: FeedPart) -> Receipt:
    """Stop a run: nothing of it is applied, its plan is kept, and it stands on the desk. Holding it again
    writes nothing, unless whoever held it first was cut off.
    """
    now = context.clock()
    receipt = receipt_of(saved, HELD, now)
    held_at = part.hold_at if part.hold_run == saved.run else None
    if held_at is None:
        keep_plan(saved, context.plan_path(saved.run))
        save_receipt(context.settings.folder, receipt, context.sealer())
        held_at = now.replace(microsecond=0)
        update_part(
            context,
            part,
            hold_run=saved.run,
            hold_reason="; ".join(saved.holds)[:LONGEST_REASON],
            hold_at=held_at,
            approved_by="",
            approved_until=None,
        )
    _tell(context, saved, held_at)
    return receipt


def _tell(context: SyncContext, saved: SavedPlan, held_at: datetime) -> None:
    """Put the run on the desk and in the ledger, once."""
    plan, now = saved.plan, context.clock()
    subject = f"feed:{plan.feed}"
    details = {
        "run": saved.run,
        "part": plan.part,
        "as of": str(plan.as_of),
        "reasons": str(len(saved.holds)),
    }
    with context.store.reading() as look:
        if ledger.holds(look, HELD_EVENT, subject, "run", saved.run, held_at):
            return
    with context.store.transaction() as tx:
        waiting.raise_item(tx, waiting.HELD_FEED, matter(plan), alert(saved), now)
        ledger.append(tx, HELD_EVENT, context.actor, subject, details, now)


def alert(saved: SavedPlan) -> str:
    """Say what was stopped, that nothing was applied, what happens next and the one command that decides."""
    plan = saved.plan
    return "\n".join(
        [
            f"{saved.feed_name} ({plan.feed}, part {plan.part}, as of {plan.as_of}) was stopped:",
            *(f"  - {each}" for each in saved.holds),
            "Nothing was applied. A newer file is judged afresh; the same file stays held.",
            *decision(saved.run),
        ]
    )


def decision(run: str) -> tuple[str, ...]:
    """Give the commands that decide a hold, to be copied line by line."""
    return (
        "To let it through:",
        f'  counterpart sync approve {run} --reason "…"',
        f"  counterpart sync apply {run}",
        "To drop it:",
        f'  counterpart sync reject {run} --reason "…"',
    )


def is_approved(part: FeedPart, run: str, now: datetime) -> bool:
    """Tell whether a named person's approval of this very run is still good."""
    until = part.approved_until
    return part.hold_run == run and bool(part.approved_by) and until is not None and now < until


def approve(context: SyncContext, run: str, reason: str) -> FeedPart:
    """Let a held run be applied, by a named account, for a reason, until the approval expires; PlanRefused
    if it moved.
    """
    saved, part = _held(context, run, reason)
    still_holds(context, saved)
    _record(context, APPROVED_EVENT, part, run, reason)
    as_decided(context, part)
    return read_part(context.directory, part.feed, part.part)


def reject(context: SyncContext, run: str, reason: str) -> FeedPart:
    """Drop a held run; nothing of it will be applied. The same file would be held again."""
    _, part = _held(context, run, reason)
    _record(context, REJECTED_EVENT, part, run, reason)
    as_decided(context, part)
    return read_part(context.directory, part.feed, part.part)


def as_decided(context: SyncContext, part: FeedPart) -> None:
    """Let the directory and the desk say what a named person decided of the part's held run.

    The ledger has it first: whoever was cut off after that is completed by any later command for the part.
    """
    decided = _decision(context, part)
    if decided is None:
        return
    if decided.event == REJECTED_EVENT:
        with context.store.transaction() as tx:
            waiting.settle_matter(tx, waiting.HELD_FEED, matter(part), decided.actor, context.clock())
        update_part(context, part, **NO_HOLD)
        return
    decided_at = datetime.fromisoformat(decided.instant).replace(microsecond=0)
    until = decided_at + timedelta(hours=context.settings.approval_hours)
    if context.clock() < until and (part.approved_by, part.approved_until) != (decided.actor, until):
        update_part(context, part, approved_by=decided.actor, approved_until=until)


def _decision(context: SyncContext, part: FeedPart) -> LedgerEntry | None:
    """Find what was decided last of the run that is held, since it is."""
    if not part.hold_run or part.hold_at is None:
        return None
    with context.store.reading() as tx:
        events, subject = (APPROVED_EVENT, REJECTED_EVENT), f"feed:{part.feed}"
        for each in ledger.of_events(tx, events, subject, MOST_DECISIONS):
            if datetime.fromisoformat(each.instant) < part.hold_at:
                return None
            if ledger.details_of(each)["run"] == part.hold_run:
                return each
    return None


def _held(context: SyncContext, run: str, reason: str) -> tuple[SavedPlan, FeedPart]:
    context.ensure_decided("an approval or rejection", reason)
    if not run.isalnum():
        raise PlanRefused(f'"{run}" is not the name of a run.')
    saved = read_plan(context.plan_path(run), context.sealer())
    part = read_part(context.directory, saved.plan.feed, saved.plan.part)
    if part.hold_run != run:
        raise PlanRefused(f"The run {run} is not held any more. `counterpart sync holds` lists what is.")
    return saved, part


def _record(context: SyncContext, event: str, part: FeedPart, run: str, reason: str) -> None:
    details = {"run": run, "part": part.part, "reason": reason.strip()[:LONGEST_REASON]}
    with context.store.transaction() as tx:
        ledger.append(tx, event, context.actor, f"feed:{part.feed}", details, context.clock())
