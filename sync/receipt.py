"""What the sender gets back after every run: each row by line number, what happened, and how to mend it."""

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from ldap_schema.feeds import FeedPart
from ldap_schema.people import Person
from ldap_schema.posts import Tenure
from sync.plan import Plan
from sync.plan_file import SavedPlan
from sync.rows import REJECTED, RowOutcome, person_key
from sync.scim_snapshot import names_of

APPLYING, APPLIED, HELD, NOTHING = "applying", "applied", "held", "nothing to do"
_ORDER = (
    "joined",
    "returned",
    "updated",
    "moved",
    "unchanged",
    "left",
    "vacant",
    "not disclosed",
    "eliminated",
    "blank name",
    "not eligible",
    "duplicate",
    "question",
    "rejected",
)

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001 - spreadsheets of East Asia run them

TO_MEND = (REJECTED, "question", "duplicate", "joined")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One run as its sender may see it; the counts of the outcomes add up to the rows sent."""

    run: str
    feed: str
    feed_name: str
    part: str
    as_of: date
    file: str
    status: str
    at: datetime
    rows: int
    changes: int
    absent: int
    outcomes: tuple[RowOutcome, ...]
    holds: tuple[str, ...] = ()
    # What the part remembered before the run and remembers after it, and how the run is cut: for whoever
    # completes or undoes it.
    before: FeedPart | None = None
    after: FeedPart | None = None
    chunk_size: int = 0
    # Of an undo: which run, why, the digest of the file that brought it, and what others changed since.
    undoes: str = ""
    reason: str = ""
    undone_file: str = ""
    kept: tuple[str, ...] = ()
    kept_of: tuple[str, ...] = ()  # whom each of these is about, if it is somebody
    names: tuple[str, ...] = ()  # of what was pushed, row by row: nobody knows its line numbers

    def place(self, line: int) -> str:
        """Say which row is meant, in the sender's words."""
        return self.names[line - 1] if 0 < line <= len(self.names) else f"line {line}"

    def counts(self) -> dict[str, int]:
        """Count the rows by outcome, in a fixed order."""
        counted = Counter(each.outcome for each in self.outcomes)
        known = [each for each in _ORDER if each in counted]
        return {each: counted[each] for each in [*known, *sorted(counted.keys() - set(known))]}

    def to_mend(self) -> list[RowOutcome]:
        """The rows that need somebody's eye at the sender's."""
        return [each for each in self.outcomes if each.mend and each.outcome in TO_MEND]

    def adjusted(self) -> list[RowOutcome]:
        """The rows that were taken with a value mended or left out."""
        noted = self.to_mend()
        return [each for each in self.outcomes if ": " in each.reason and each not in noted]

    def rejected(self) -> int:
        """How many rows could not be taken as they are."""
        return sum(each.outcome == REJECTED for each in self.outcomes)


def receipt_of(saved: SavedPlan, status: str, at: datetime) -> Receipt:
    """Make the receipt of a plan."""
    plan: Plan = saved.plan
    return Receipt(
        run=saved.run,
        feed=plan.feed,
        feed_name=saved.feed_name,
        part=plan.part,
        as_of=plan.as_of,
        file=Path(saved.feed_file).name,
        status=status,
        at=at,
        rows=plan.rows,
        changes=len(plan.changes),
        absent=plan.measures.absent,
        outcomes=plan.outcomes,
        holds=saved.holds,
        names=names_of(Path(saved.feed_file)),
    )


def row_keys(person: Person, tenures: Iterable[Tenure]) -> set[tuple[str, str]]:
    """Give feed and key of every row that is about the person, as receipts name them."""
    keys = {(each.feed, person_key(each.feed_key)) for each in tenures if each.feed}
    return keys | ({(person.feed, person.feed_key)} if person.feed else set())


def with_status(receipt: Receipt, status: str, at: datetime) -> Receipt:
    """Give the same receipt at a later step."""
    return replace(receipt, status=status, at=at)


def as_csv(receipt: Receipt, *, keys: bool = True) -> str:
    """Write one line per row, with the sender's keys or without; no cell is run as a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    key = ["key"] if keys else []
    place = "record" if receipt.names else "line"
    writer.writerow([place, *key, "outcome", "what happened", "how to mend it"])
    for each in receipt.outcomes:
        row = receipt.place(each.line) if receipt.names else str(each.line)
        told = (row, *([each.key] if keys else []), each.outcome, each.reason, each.mend)
        writer.writerow(map(_harmless, told))
    return out.getvalue()


def _harmless(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run, also in letters of full width; keep one line."""
    text = " ".join(text.split())
    return f"'{text}" if text.startswith(_FORMULA) else text


def as_text(receipt: Receipt) -> str:
    """Write the receipt to be read: the sum first, then every row that needs somebody's eye."""
    lines = [
        f"Receipt {receipt.run} for {receipt.feed_name} ({receipt.feed}, part {receipt.part})",
        f"File {receipt.file}, as of {receipt.as_of}: {receipt.rows} rows, {receipt.status}.",
        "",
    ]
    lines += [f"{count:>7}  {outcome}" for outcome, count in receipt.counts().items()]
    lines += [f"{receipt.rows:>7}  rows in all", ""]
    if receipt.absent:
        lines += [
            f"{receipt.absent} people known from this feed are not in the file. One absence changes "
            "nothing that anybody sees.",
            "",
        ]
    if receipt.holds:
        lines += ["The run is held; nothing was changed:", *(f"  - {each}" for each in receipt.holds), ""]
    noted, values = receipt.to_mend(), receipt.adjusted()
    if noted:
        lines += ["Rows to mend:"]
        lines += [
            f"  {receipt.place(each.line)}: {each.outcome}: {each.reason}. {each.mend}" for each in noted
        ]
    if values:
        lines += ["Values that were mended or left out:"]
        lines += [f"  {receipt.place(each.line)}: {each.reason}" for each in values]
    return "\n".join(lines).rstrip() + "\n"
