"""Completes what an interrupted run left: chunks that are missing, or a commit that no ledger knows of."""

from ldap_schema.feeds import FeedPart
from store import ledger
from sync.apply import close, forget_pending, write_rest
from sync.closing import enter_from_memory, finish
from sync.context import SyncContext
from sync.errors import PlanRefused, RunOvertaken
from sync.holds import as_decided
from sync.plan_file import whole_plan
from sync.receipt import APPLYING
from sync.receipt_file import load_receipt, status_of

ABANDONED = "feed run abandoned"  # in the ledger


def complete(context: SyncContext, part: FeedPart) -> None:
    """Complete the part's last run if it was interrupted; whoever calls holds the feed's lock.

    A run in chunks goes on after the last chunk that was committed. Where it can't (an entry was changed
    meanwhile, or its plan is on another machine) it is given up, and the next plan has what it left.
    """
    as_decided(context, part)
    if part.pending_run:
        _complete_chunks(context, part)
    elif part.run:
        _complete_ledger(context, part)


def _complete_chunks(context: SyncContext, part: FeedPart) -> None:
    number, _, of = part.pending_chunk.partition("/")
    try:
        changes = whole_plan(context.plan_path(part.pending_run), context.sealer()).plan.changes
        receipt = load_receipt(context.settings.folder, part.pending_run, context.sealer())
        if number == of:
            close(context, receipt, changes)
        else:
            write_rest(context, receipt, changes, int(number))
    except (PlanRefused, RunOvertaken) as error:
        _give_up(context, part, str(error))


def _give_up(context: SyncContext, part: FeedPart, why: str) -> None:
    forget_pending(context, part)
    details = {"run": part.pending_run, "part": part.part, "chunk": part.pending_chunk, "reason": why[:1000]}
    with context.store.transaction() as tx:
        ledger.append(tx, ABANDONED, context.actor, f"feed:{part.feed}", details, context.clock())


def _complete_ledger(context: SyncContext, part: FeedPart) -> None:
    try:
        status = status_of(context.settings.folder, part.run)
    except PlanRefused:  # applied from another machine, or the receipt was removed
        enter_from_memory(context, part)
        return
    if status == APPLYING:
        finish(context, load_receipt(context.settings.folder, part.run, context.sealer()))
