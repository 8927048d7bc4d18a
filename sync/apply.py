"""The only module that writes a run to the directory: one transaction, or chunks of whole persons."""

from collections.abc import Sequence
from dataclasses import replace

from ldap_schema.changes import Add, Change, Update
from ldap_schema.clock import london_today
from ldap_schema.errors import (
    AlreadyThere,
    DirectoryError,
    DirectoryUnavailable,
    Moved,
    NotFound,
)
from ldap_schema.feeds import FeedPart
from store.errors import StoreError
from sync.chunks import in_chunks
from sync.closing import alert_failed, finish
from sync.context import SyncContext
from sync.errors import NotRecorded, ReadBackDiffers, RunOvertaken
from sync.notices import tell_joiners
from sync.plan import remembered
from sync.plan_file import SavedPlan, keep_plan
from sync.receipt import APPLYING, NOTHING, Receipt, receipt_of, with_status
from sync.receipt_file import save_receipt
from sync.state import NO_HOLD, State

_OVERTAKEN = (Moved, AlreadyThere, NotFound)


def apply_saved(context: SyncContext, saved: SavedPlan, state: State) -> Receipt:
    """Write a plan that may be written. Either all of it is in the directory afterwards, or none; of one that
    needs several transactions, whole persons are, and the next run completes it.

    Raises RunOvertaken where an entry is no longer what the plan was made from.
    """
    _ensure_feed(context, state.part)
    before = context.directory.feeds.part(saved.plan.feed, saved.plan.part)
    after = _memory(context, saved, before or FeedPart(feed=saved.plan.feed, part=saved.plan.part))
    return begin(context, saved, receipt_of(saved, APPLYING, context.clock()), before, after)


def begin(
    context: SyncContext, saved: SavedPlan, receipt: Receipt, before: FeedPart | None, after: FeedPart
) -> Receipt:
    """Keep a run's plan and receipt, then write it; `before` and `after` are what the part remembers.

    If this process dies in between, the next run finds what was under way and finishes it.
    """
    receipt = replace(
        with_status(receipt, APPLYING, context.clock()),
        before=before,
        after=after,
        chunk_size=context.settings.chunk_operations,
    )
    keep_plan(saved, context.plan_path(saved.run))
    save_receipt(context.settings.folder, receipt, context.sealer())
    tell_joiners(context, saved.plan.changes, saved.feed_name)
    return write_rest(context, receipt, saved.plan.changes)


def write_rest(context: SyncContext, receipt: Receipt, changes: Sequence[Change], done: int = 0) -> Receipt:
    """Write the chunks of a run that are not in the directory yet, then close the run.

    Each transaction also writes what the feed's part remembers, so that run and memory never disagree.
    """
    chunks = in_chunks(changes, receipt.chunk_size, context.settings.transaction_operations)
    part = context.directory.feeds.part(receipt.feed, receipt.part)
    for number, chunk in enumerate(chunks[done:], start=done + 1):
        memory = _under_way(receipt, number, len(chunks))
        _write(context, receipt, [*chunk, _put_part(part, memory)], f"{number}/{len(chunks)}")
        part = memory
    return close(context, receipt, changes)


def _under_way(receipt: Receipt, number: int, of: int) -> FeedPart:
    """Return what the part remembers after a chunk: before the last, what it did before and how far it is."""
    before = receipt.before or FeedPart(feed=receipt.feed, part=receipt.part)
    if number == of and not receipt.undoes:
        return receipt.after or before
    if number == of:  # an undo leaves no name of its own: it stands as under way until the ledger has it
        before = receipt.after or before
    return replace(before, pending_run=receipt.run, pending_chunk=f"{number}/{of}")


def _write(context: SyncContext, receipt: Receipt, changes: Sequence[Change], chunk: str) -> None:
    """Write one chunk; what is refused here is an alert, because a plan is checked before it is written."""
    try:
        context.directory.write(changes)
    except DirectoryUnavailable:
        raise  # its message says whether anything was written, and the next run finds out
    except DirectoryError as error:
        alert_failed(context, receipt, f"chunk {chunk} was refused and rolled back: {error}")
        if isinstance(error, _OVERTAKEN):
            raise RunOvertaken(
                f"The run {receipt.run} met entries that were changed meanwhile ({error}) Chunk {chunk} was "
                "not written, nothing of it is in the directory. Run the same command again: it plans afresh."
            ) from error
        raise


def close(context: SyncContext, receipt: Receipt, changes: Sequence[Change]) -> Receipt:
    """Read back what was written, then enter the run in the ledger; raises ReadBackDiffers, NotRecorded."""
    differing = context.directory.not_as_written(changes)
    if differing:
        alert_failed(context, receipt, f"read back, {len(differing)} entries are not as they were written")
        raise ReadBackDiffers(
            f"The run {receipt.run} was written, and reading it back gives something else at "
            f"{len(differing)} entries, the first being {differing[0]}. Look at {receipt.feed}."
        )
    context.directory.seals.renew(london_today(context.clock()))
    try:
        done = finish(context, receipt)
    except (StoreError, OSError) as error:
        raise NotRecorded(
            f"The run {receipt.run} is in the directory, but could not be entered in the ledger: {error} "
            "Once that is mended, run the same command again: it enters this run and changes nothing else."
        ) from error
    if receipt.undoes:
        forget_pending(context, receipt)
    return done


def _ensure_feed(context: SyncContext, part: FeedPart) -> None:
    """Make the feed's own entry before its first part; asking first keeps refused writes off the server."""
    if part.run or part.hold_run or context.directory.feeds.parts(part.feed):
        return
    context.directory.feeds.ensure(part.feed)


def _memory(context: SyncContext, saved: SavedPlan, before: FeedPart) -> FeedPart:
    """Return what the part remembers after the run; a hold that stood is answered by it."""
    return replace(
        remembered(saved.plan, settled(before)),
        run=saved.run,
        applied_at=context.clock().replace(microsecond=0),
    )


def settled(part: FeedPart) -> FeedPart:
    """Return the part without a hold and without a run under way."""
    return replace(part, **NO_HOLD, pending_run="", pending_chunk="")


def _put_part(before: FeedPart | None, after: FeedPart) -> Change:
    return Update(before, after) if before else Add(after)


def update_part(context: SyncContext, before: FeedPart, **values: object) -> None:
    """Change what is remembered of a part and nothing else: holds, approvals, a run under way."""
    _ensure_feed(context, before)
    known = context.directory.feeds.part(before.feed, before.part)
    context.directory.write([_put_part(known, replace(known or before, **values))])  # type: ignore[arg-type]


def forget_pending(context: SyncContext, of: FeedPart | Receipt) -> None:
    """Say that no run of the part is under way any more."""
    update_part(context, FeedPart(feed=of.feed, part=of.part), pending_run="", pending_chunk="")


def nothing_to_do(context: SyncContext, saved: SavedPlan) -> Receipt:
    """Give the receipt of a file that changes nothing; nothing is written."""
    return receipt_of(saved, NOTHING, context.clock())
