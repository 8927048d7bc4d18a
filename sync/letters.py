"""Mails about feeds: the receipt to the sender, an alert when a run is held, a question when no file came.

Each has a key, so that telling twice sends one mail. They hold line numbers (of what was pushed, the
names that its client gave) and never a value from the file, nor do the tables that receipts bring along: what
a cell said stays in the kept receipt, which the operator sends by a way that was agreed.
"""

import logging
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b

from sqlalchemy.orm import Session

from ldap_schema.clock import LONDON
from store import outbox
from store.errors import BadMail
from store.mail import Mail
from sync.context import SyncContext
from sync.errors import PlanRefused
from sync.mapping import Feed
from sync.receipt import APPLIED, HELD, Receipt, as_csv
from sync.receipt_file import load_receipt
from sync.render import printable
from sync.rows import RowOutcome

TOLD_WITHIN = timedelta(days=2)  # an older receipt was told, or was made before receipts were mailed
MOST_LINES = 300
MOST_LETTERS = 40_000  # of one list in a mail
MOST_ROWS = 20_000  # of an attached table; a longer one holds what needs somebody's eye
_VALUE = re.compile(r'"[^"]*"|“[^”]*”')
_TAKEN = re.compile(r"^(as [^;]*|last day [^;]*)(; |$)")  # what a row that was taken says of itself

log = logging.getLogger(__name__)


def tell_runs(context: SyncContext, feed: Feed) -> int:
    """Mail what became of the feed's latest runs, unless it was mailed before; give how many mails.

    Whoever was killed between a run and its mail is made good by the next call.
    """
    told = 0
    for part in context.directory.feeds.parts(feed.id):
        with context.store.transaction() as tx:
            if _is_recent(context, part.applied_at):
                told += _tell_run(context, tx, feed, part.run, APPLIED)
            if _is_recent(context, part.hold_at):
                told += _tell_run(context, tx, feed, part.hold_run, HELD)
    return told


def _is_recent(context: SyncContext, at: datetime | None) -> bool:
    return at is not None and context.clock() - at <= TOLD_WITHIN


def _tell_run(context: SyncContext, tx: Session, feed: Feed, run: str, status: str) -> int:
    people = _everybody(context, feed) if status == HELD else [feed.contact] if feed.contact else []
    people = [each for each in people if not outbox.is_known(tx, _key(f"{status} {run}", each))]
    if not run or not people:
        return 0
    try:
        receipt = load_receipt(context.settings.folder, run, context.sealer())
    except PlanRefused:
        return 0  # it was made on another machine, or deleted after its time
    if receipt.status != status:
        return 0  # cut off before its end; whoever completes it comes here again
    subject = f"{receipt.feed_name}: a file is held" if status == HELD else _taken_subject(receipt)
    for address in people:
        text = _held(context, feed, receipt, address) if status == HELD else _taken(receipt)
        table = _table(receipt) if status == APPLIED else None
        _send(context, tx, address, subject, text, f"{status} {run}", table)
    return len(people)


def tell_refused(context: SyncContext, tx: Session, feed: Feed, name: str, state: str, reason: str) -> None:
    """Tell the sender that a file was refused whole, once for each state of that file."""
    text = (
        f"Your file {name} was not taken: {_VALUE.sub('“…”', reason)}\n\n"
        "Nothing was changed. Please send it again when that is mended; a later file is judged afresh.\n"
    )
    subject = f"{feed.name}: your file was not taken"
    _send(context, tx, feed.contact, subject, text, f"refused {feed.id} {name} {state}")


def tell_silence(
    context: SyncContext, tx: Session, feed: Feed, words: str, expected: str, now: datetime
) -> None:
    """Ask the sender where the file is, and tell the operator; once for each silence."""
    text = (
        f"{words}\n\nThe directory keeps what it has: nothing was changed, and nobody was taken as having "
        f"left. {expected}\n\nIf the file was sent, tell us; if sending it failed, please send it again.\n"
    )
    for address in _everybody(context, feed):
        _send(context, tx, address, f"{feed.name}: no file has come", text, f"silent {feed.id} {now}")


def _taken_subject(receipt: Receipt) -> str:
    mend = len(receipt.to_mend())
    return f"{receipt.feed_name}: file taken" + (f", {mend} rows to mend" if mend else "")


def _taken(receipt: Receipt) -> str:
    lines = [
        f"Your file {receipt.file}, as of {receipt.as_of:%d %B %Y}, was taken on {_moment(receipt.at)}.",
        "",
        *(f"{count:>7}  {outcome}" for outcome, count in receipt.counts().items()),
        f"{receipt.rows:>7}  rows in all",
    ]
    if receipt.absent:
        lines += [
            "",
            f"Of the people known from your files, {receipt.absent} are not in this one. One absence changes "
            "nothing that anybody sees; a second one will be taken as leaving.",
        ]
    lines += _listed("To mend:", [_row(receipt, each, each.outcome, each.mend) for each in receipt.to_mend()])
    lines += _listed(
        "Taken, with a value mended or left out:", [_row(receipt, each) for each in receipt.adjusted()]
    )
    table = _table(receipt)
    which = "Each row" if table.whole else "Each row that needs your eye"
    lines += [
        "",
        f"{which} stands in the attached table {table.name}, which opens in a spreadsheet. Neither repeats "
        f"what your cells say; ask us for receipt {receipt.run} if you need that, or your keys.",
        "",
    ]
    return "\n".join(lines)


def _listed(heading: str, rows: list[str]) -> list[str]:
    shown, left = list[str](), MOST_LETTERS
    for row in rows[:MOST_LINES]:
        left -= len(row)
        if left < 0:
            break
        shown.append(row)
    more = [f"  and {len(rows) - len(shown)} more, in the attached table"] if len(rows) > len(shown) else []
    return ["", heading, *shown, *more] if rows else []


@dataclass(frozen=True, slots=True)
class _Table:
    """A receipt's rows for a spreadsheet; `whole` where every row is in it."""

    name: str
    csv: str
    whole: bool


def _table(receipt: Receipt) -> _Table:
    """Write the rows by their place in what was sent, without the values that their reasons quote."""
    rows = receipt.outcomes
    whole = len(rows) <= MOST_ROWS
    if not whole:
        rows = tuple([*receipt.to_mend(), *receipt.adjusted()][:MOST_ROWS])
    said = tuple(replace(each, reason=_unquoted(each.reason), mend=_unquoted(each.mend)) for each in rows)
    csv = as_csv(replace(receipt, outcomes=said), keys=False)
    return _Table(f"receipt-{receipt.run}.csv", csv, whole)


def _unquoted(text: str) -> str:
    return printable(_VALUE.sub("“…”", _TAKEN.sub("", text)))


def _row(receipt: Receipt, row: RowOutcome, outcome: str = "", mend: str = "") -> str:
    """One row by its place in what was sent, without the values that its reason quotes."""
    said = ": ".join(filter(None, (receipt.place(row.line), outcome, _unquoted(row.reason))))
    return f"  {said}. {mend}".rstrip()


def _held(context: SyncContext, feed: Feed, receipt: Receipt, address: str) -> str:
    lines = [
        f"The file {receipt.file} of {receipt.feed_name}, as of {receipt.as_of:%d %B %Y}, was stopped:",
        "",
        *(f"  - {_VALUE.sub('“…”', each)}" for each in receipt.holds),
        "",
        "Nothing was applied. The next run judges a newer file afresh; this one stays held until somebody "
        "decides.",
        "",
    ]
    if address == context.letterhead.operator_mail:
        lines += [
            "To let it through:",
            f'  counterpart sync approve {receipt.run} --reason "…"',
            f"To drop it, the same with “reject”. `counterpart sync holds` lists what waits. The sender's "
            f"contact is {feed.contact or 'not known'}.",
        ]
    else:
        whom = context.letterhead.operator_mail
        lines += [
            "If the file is wrong, please send a corrected one. If it is right, tell us"
            + (f" at {whom}" if whom else "")
            + f", naming run {receipt.run}."
        ]
    return "\n".join([*lines, ""])


def _everybody(context: SyncContext, feed: Feed) -> list[str]:
    return [each for each in dict.fromkeys((feed.contact, context.letterhead.operator_mail)) if each]


def _send(
    context: SyncContext,
    tx: Session,
    address: str,
    subject: str,
    text: str,
    what: str,
    table: _Table | None = None,
) -> None:
    """Queue a mail; `what` and the address are its key. One that can't be sent is named in the log."""
    if not address:
        return
    try:
        attached = {"csv": table.csv, "csv_name": table.name} if table else {}
        mail = Mail(to=address, subject=subject[:250], text=text + _foot(context), **attached)
    except BadMail as error:
        log.warning("a mail about a feed can't be sent to its contact: %s", error)
        return
    outbox.enqueue(tx, mail, _key(what, address), context.clock())


def _key(what: str, address: str) -> str:
    return f"feed {blake2b(f'{what} {address}'.encode(), digest_size=24).hexdigest()}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(LONDON):%d %B %Y at %H:%M}, London time"


def _foot(context: SyncContext) -> str:
    head = context.letterhead
    return f"\n{head.service_name}" + (f", {head.address}" if head.address else "") + "\n"
