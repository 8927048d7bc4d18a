"""Takes an erased person out of the papers of runs: plans that name them go, receipts are blanked.

What is remembered of settled rows goes as well; the next runs plan whole files.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ldap_schema.people import Person
from ldap_schema.posts import Tenure
from sync.receipt import APPLYING, Receipt, kept_receipts, row_keys, save_receipt
from sync.rows import RowOutcome
from sync.settled import forget_all
from sync.tombstones import MEND, NOT_TAKEN, REASON


def shred(folder: Path, person: Person, tenures: Iterable[Tenure]) -> tuple[int, int]:
    """Remove the plans that name the person, blank their rows in receipts; return how many of each.

    A run whose plan is gone can't be undone any more, and says so.
    """
    keys = row_keys(person, tenures)
    forget_all(folder)
    return _plans(folder / "plans", person), sum(_blank(folder, each, keys) for each in kept_receipts(folder))


def _plans(folder: Path, person: Person) -> int:
    """A plan holds whole records, and its name is its digest: it can't be changed, only go."""
    marks = [f'"{text}"'.encode() for text in (person.uid, person.sign_in_address) if text]
    named = [path for path in sorted(folder.glob("*.json")) if _holds(path.read_bytes(), marks)]
    for path in named:
        path.unlink()
    return len(named)


def _holds(raw: bytes, marks: list[bytes]) -> bool:
    return any(mark in raw for mark in marks)


def _blank(folder: Path, receipt: Receipt, keys: set[tuple[str, str]]) -> bool:
    if receipt.status == APPLYING:
        return False  # under way; nobody is erased while their feed's run is
    outcomes = tuple(_without(each, receipt.feed, keys) for each in receipt.outcomes)
    if outcomes == receipt.outcomes:
        return False
    save_receipt(folder, replace(receipt, outcomes=outcomes))
    return True


def _without(row: RowOutcome, feed: str, keys: set[tuple[str, str]]) -> RowOutcome:
    if (feed, row.key) not in keys:
        return row
    return RowOutcome(line=row.line, outcome=NOT_TAKEN, reason=REASON, mend=MEND)
