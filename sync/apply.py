"""The only module that writes to the directory: one plan, one transaction, then read back, ledger and
receipt.
"""

from dataclasses import replace

from ldap_schema.changes import Add, Change, Update
from ldap_schema.clock import london_today
from ldap_schema.feeds import FeedPart
from store import ledger, waiting
from store.errors import StoreError
from sync.context import SyncContext
from sync.errors import NotRecorded, PlanRefused, ReadBackDiffers
from sync.plan_file import SavedPlan
from sync.prepare import read_back
from sync.receipt import (
    APPLIED,
    APPLYING,
    NOTHING,
    Receipt,
    load_receipt,
    receipt_of,
    save_receipt,
    with_status,
)
from sync.state import State

MOST_OPERATIONS = 10_000
EVENT = "feed applied"  # in the ledger


def apply_saved(context: SyncContext, saved: SavedPlan, state: State) -> Receipt:
    """Write a plan that may be written. Either all of it is in the directory afterwards, or none."""
    if len(saved.plan.changes) >= MOST_OPERATIONS:
        raise PlanRefused(
            f"The plan {saved.run} has {len(saved.plan.changes)} operations; {MOST_OPERATIONS} fit in "
            "one run."
        )
    receipt = receipt_of(saved, APPLYING, context.clock())
    # Kept before the write: if this process dies in between, the next run finds what was under way and
    # finishes it.
    save_receipt(context.settings.folder, receipt)
    _ensure_feed(context, state.part)
    context.directory.write([*saved.plan.changes, *_remember(context, saved, state)])
    if not read_back(context, saved):
        raise ReadBackDiffers(
            f"The run {saved.run} was written, and reading it back gives something else. Look at "
            f"{saved.plan.feed}."
        )
    context.directory.seals.renew(london_today(context.clock()))
    try:
        return finish(context, receipt)
    except (StoreError, OSError) as error:
        raise NotRecorded(
            f"The run {saved.run} is in the directory, but could not be entered in the ledger: {error} "
            "Once that is mended, run the same command again: it enters this run and changes nothing else."
        ) from error


def _ensure_feed(context: SyncContext, part: FeedPart) -> None:
    """Make the feed's own entry before its first part; asking first keeps refused writes off the server."""
    if part.run or part.hold_run or context.directory.feeds.parts(part.feed):
        return
    context.directory.feeds.ensure(part.feed)


def _remember(context: SyncContext, saved: SavedPlan, state: State) -> list[Change]:
    """The part's new memory; in the same transaction, so that plan and memory never disagree."""
    plan = saved.plan
    after = FeedPart(
        feed=plan.feed,
        part=plan.part,
        as_of=plan.as_of,
        file_digest=plan.file_digest,
        mapping_digest=plan.mapping_digest,
        rows=plan.rows,
        run=saved.run,
        applied_at=context.clock().replace(microsecond=0),
    )
    return [_put_part(context, state.part, after)]


def _put_part(context: SyncContext, before: FeedPart, after: FeedPart) -> Change:
    known = context.directory.feeds.part(before.feed, before.part)
    return Update(known, after) if known else Add(after)


def update_part(context: SyncContext, before: FeedPart, **values: object) -> None:
    """Change what is remembered of a part and nothing else: holds and approvals."""
    _ensure_feed(context, before)
    context.directory.write([_put_part(context, before, replace(before, **values))])  # type: ignore[arg-type]


def finish(context: SyncContext, receipt: Receipt) -> Receipt:
    """After the commit: ledger, desk and receipt, from the receipt alone, so that it can be done late."""
    now = context.clock()
    details = {
        "run": receipt.run,
        "part": receipt.part,
        "as of": str(receipt.as_of),
        "changes": str(receipt.changes),
    }
    details |= {f"rows {outcome}": str(count) for outcome, count in receipt.counts().items()}
    subject = f"feed:{receipt.feed}"
    with context.store.transaction() as tx:
        # Who was cut off between the entry and the receipt has made the entry already.
        if not ledger.holds(tx, EVENT, subject, "run", receipt.run, receipt.at):
            ledger.append(tx, EVENT, context.actor, subject, details, now)
        waiting.settle_matter(tx, waiting.HELD_FEED, f"{receipt.feed}/{receipt.part}", context.actor, now)
    done = with_status(receipt, APPLIED, now)
    save_receipt(context.settings.folder, done)
    return done


def finish_interrupted(context: SyncContext, part: FeedPart) -> Receipt | None:
    """Finish a run that was committed and then cut off before its ledger entry; None when there is none."""
    if not part.run:
        return None
    try:
        receipt = load_receipt(context.settings.folder, part.run)
    except PlanRefused:
        return None  # applied from another machine, or the receipt was removed; nothing can be finished here
    return finish(context, receipt) if receipt.status == APPLYING else None


def nothing_to_do(context: SyncContext, saved: SavedPlan) -> Receipt:
    """Give the receipt of a file that changes nothing; nothing is written."""
    return receipt_of(saved, NOTHING, context.clock())
