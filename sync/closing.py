"""What follows a run's commit: ledger, desk and receipt; from the receipt alone, so it can be done late."""

import logging

from ldap_schema.feeds import FeedPart
from store import ledger, waiting
from store.errors import StoreError
from sync.context import SyncContext
from sync.plan import Plan
from sync.receipt import APPLIED, Receipt, with_status
from sync.receipt_file import keep_step

APPLIED_EVENT, UNDONE_EVENT = "feed applied", "feed undone"  # in the ledger

log = logging.getLogger(__name__)


def finish(context: SyncContext, receipt: Receipt) -> Receipt:
    """Enter a committed run in the ledger once, take its matters off the desk, keep its receipt."""
    now = context.clock()
    event = UNDONE_EVENT if receipt.undoes else APPLIED_EVENT
    subject = f"feed:{receipt.feed}"
    with context.store.transaction() as tx:
        # Who was cut off between the entry and the receipt has made the entry already.
        if not ledger.holds(tx, event, subject, "run", receipt.run, receipt.at):
            ledger.append(tx, event, context.actor, subject, _details(receipt), now)
        for kind in (waiting.HELD_FEED, waiting.FAILED_FEED, waiting.REFUSED_FEED):
            waiting.settle_matter(tx, kind, matter(receipt), context.actor, now)
    done = with_status(receipt, APPLIED, now)
    keep_step(context.settings.folder, done, context.sealer())
    return done


def _details(receipt: Receipt) -> dict[str, str]:
    details = {
        "run": receipt.run,
        "part": receipt.part,
        "as of": str(receipt.as_of),
        "changes": str(receipt.changes),
    }
    if receipt.undoes:
        details |= {"undoes": receipt.undoes, "reason": receipt.reason, "file": receipt.undone_file}
    return details | {f"rows {outcome}": str(count) for outcome, count in receipt.counts().items()}


def enter_from_memory(context: SyncContext, part: FeedPart) -> None:
    """Enter a run whose receipt is not on this machine, from what the directory remembers of it."""
    if not part.applied_at:
        return
    details = {"run": part.run, "part": part.part, "as of": str(part.as_of), "rows": str(part.rows)}
    subject = f"feed:{part.feed}"
    with context.store.transaction() as tx:
        if not ledger.holds(tx, APPLIED_EVENT, subject, "run", part.run, part.applied_at):
            ledger.append(tx, APPLIED_EVENT, context.actor, subject, details, context.clock())


def alert_failed(context: SyncContext, receipt: Receipt, what: str) -> None:
    """Tell the log and the desk that a run did not go as planned; without a store, the log alone."""
    log.error("feed %s, part %s, run %s: %s", receipt.feed, receipt.part, receipt.run, what)
    summary = f"{receipt.feed_name} ({receipt.feed}, part {receipt.part}), run {receipt.run}: {what}"
    try:
        with context.store.transaction() as tx:
            waiting.raise_item(tx, waiting.FAILED_FEED, matter(receipt), summary, context.clock())
    except StoreError as error:
        log.error("the desk could not be told: %s", error)


def matter(of: Receipt | FeedPart | Plan) -> str:
    """Return the key under which a part's matters stand on the desk."""
    return f"{of.feed}/{of.part}"
