"""Rows of people who were erased are not taken: what they say is compared with the marks in the store."""

import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
from sqlalchemy.orm import Session

from ldap_schema.people import Person
from ldap_schema.posts import Tenure
from store import tombstones
from store.tombstones import Marker, Tombstone
from sync.context import SyncContext
from sync.errors import SyncError
from sync.rows import Candidate, Reading, RowOutcome, person_key

# What a sender reads of such a row; that somebody was erased, and who, is nobody's business any more.
NOT_TAKEN, REASON = "not taken", "this row is not taken"
MEND = "Ask the directory team if this person should be listed."
# A second copy of the store's list, outside every backup: a restore reads from it whom the backup forgot.
JOURNAL = "erasures.jsonl"
_FIRST_LIST, _FIRST_SALT = "erased.jsonl", "erasure.secret"  # as version 0.1's first builds kept them

log = logging.getLogger(__name__)


class ListDamaged(SyncError):
    """The list of erasures can't be read: without it an old file could bring somebody back."""


@dataclass(frozen=True, slots=True)
class Stones:
    """All marks of people who were erased, and what makes marks."""

    marker: Marker
    marks: frozenset[str]
    uids: frozenset[str] = frozenset()

    def without_erased(self, reading: Reading) -> Reading:
        """Give a file without the rows of people who were erased; they are set aside and say no more."""
        if not self.marks:
            return reading
        gone = {each.line for each in reading.candidates if self._is_marked(reading, each)}
        gone |= {each.line for each in reading.set_aside if each.key and self._has_key(reading, each.key)}
        if not gone:
            return reading
        kept = tuple(each for each in reading.candidates if each.line not in gone)
        aside = [each for each in reading.set_aside if each.line not in gone]
        aside += [RowOutcome(line=line, outcome=NOT_TAKEN, reason=REASON, mend=MEND) for line in sorted(gone)]
        return replace(reading, candidates=kept, set_aside=tuple(aside))

    def has_address(self, address: str) -> bool:
        """Tell whether somebody with this sign-in address was erased."""
        return bool(address) and not self.marks.isdisjoint(address_marks(self.marker, address))

    def _is_marked(self, reading: Reading, row: Candidate) -> bool:
        return self._has_key(reading, row.key) or self.has_address(row.sign_in_address)

    def _has_key(self, reading: Reading, key: str) -> bool:
        return not self.marks.isdisjoint(self.marker.all("key", reading.feed, reading.part, key))


def read_stones(context: SyncContext) -> Stones:
    """Read whom the store knows as erased, and what a store that was put back from a backup does not know
    of them any more; takes over an older list. Raises ListDamaged.
    """
    if (context.settings.folder / _FIRST_LIST).exists():
        _take_over(context)
    noted = noted_beside(context.settings.folder)
    with context.store.reading() as tx:
        found = stones(tx)
    unknown = [each for each in noted if each.uid not in found.uids]
    if not unknown:
        return found
    with context.store.transaction() as tx:
        for each in unknown:
            tombstones.add(tx, each.uid, each.marks, each.day)
        return stones(tx)


def stones(tx: Session) -> Stones:
    """Read whom the store knows as erased."""
    known = tombstones.everybody(tx)
    marks = frozenset(mark for each in known for mark in each.marks)
    return Stones(tombstones.marker(tx), marks, frozenset(each.uid for each in known))


def address_marks(marker: Marker, address: str) -> tuple[str, ...]:
    """Mark a sign-in address by every salt."""
    return marker.all("address", address.casefold())


def row_marks(marker: Marker, person: Person, tenures: Iterable[Tenure]) -> set[str]:
    """Mark every row that is about the person: what receipts tell of them is sealed under these."""
    rows = {(each.feed, each.feed_part, person_key(each.feed_key)) for each in tenures if each.feed}
    rows |= {(person.feed, person.feed_part, person.feed_key)} if person.feed else set()
    return {mark for row in rows if row[2] for mark in marker.all("key", *row)}


def marks_of(marker: Marker, person: Person, tenures: Iterable[Tenure]) -> set[str]:
    """Mark everything by which a row of a file may mean the person."""
    marks = row_marks(marker, person, tenures)
    if person.sign_in_address:
        marks |= set(address_marks(marker, person.sign_in_address))
    return marks


def note_beside(folder: Path, stones: Iterable[Tombstone]) -> None:
    """Note erasures outside the store too, durably; twice does no harm."""
    _append(folder / JOURNAL, b"".join(msgspec.json.encode(each) + b"\n" for each in stones))


def noted_beside(folder: Path) -> tuple[Tombstone, ...]:
    """Read what was noted outside the store; raises ListDamaged."""
    return _read(folder / JOURNAL)


def _take_over(context: SyncContext) -> None:
    """Bring the list that was a file into the store, with the salt of its marks."""
    folder = context.settings.folder
    found = _read(folder / _FIRST_LIST)
    secret = folder / _FIRST_SALT
    if not secret.exists():
        raise ListDamaged(
            f"There is a list of erasures and no {secret}. Put it back from a copy. Nothing was changed."
        )
    with context.store.transaction() as tx:
        tombstones.add_salt(tx, secret.read_bytes())
        for each in found:
            tombstones.add(tx, each.uid, each.marks, each.day)
    for name in (_FIRST_LIST, _FIRST_SALT):
        (folder / name).replace(folder / f"{name}.in-the-store")
    log.info("%d erasures of %s are in the store now", len(found), _FIRST_LIST)


def _read(path: Path) -> tuple[Tombstone, ...]:
    try:
        lines = path.read_bytes().splitlines() if path.exists() else []
        return tuple(msgspec.json.decode(line, type=Tombstone) for line in lines)
    except (OSError, msgspec.MsgspecError) as error:
        raise ListDamaged(
            f"The list of erasures {path} can't be read ({error}). Put it back from a copy. "
            "Nothing was changed."
        ) from error


def _append(path: Path, raw: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
