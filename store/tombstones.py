"""Who was erased, as nobody can read it: marks, which are HMAC-SHA-256 of what senders' rows may say.

A mark is made with the store's own salt from a feed's part and its sender's key, or from a sign-in address.
Of names and contact addresses there is none: many share them.
"""

import hmac
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.erasure_models import MarkSalt, TombstoneRow

LENGTH = 40  # hexadecimal digits of a mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """One erasure: the id that the directory had, and the marks of what senders' rows may say."""

    uid: str
    day: date
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Marker:
    """Makes marks. `salts`: the store's, the one that new marks are made with first."""

    salts: tuple[bytes, ...]

    def row(self, feed: str, part: str, key: str) -> str:
        """Mark a row by its sender's key: also the holder of a key for rows that are nobody's."""
        return self.all("key", feed, part, key)[0]

    def address(self, address: str) -> str:
        """Mark a sign-in address."""
        return self.all("address", address.casefold())[0]

    def all(self, *parts: str) -> tuple[str, ...]:
        """Mark by every salt there ever was, to recognise what was marked before."""
        told = "\0".join(parts).encode()
        return tuple(hmac.digest(salt, told, "sha256").hex()[:LENGTH] for salt in self.salts)


def marker(tx: Session) -> Marker:
    """Read what marks are made with."""
    return Marker(tuple(tx.scalars(select(MarkSalt.value).order_by(MarkSalt.id))))


def everybody(tx: Session) -> tuple[Tombstone, ...]:
    """Read all erasures, the first first."""
    rows = tx.scalars(select(TombstoneRow).order_by(TombstoneRow.day, TombstoneRow.uid))
    return tuple(Tombstone(uid=each.uid, day=each.day, marks=tuple(each.marks)) for each in rows)


def add(tx: Session, uid: str, marks: Iterable[str], day: date) -> None:
    """Write somebody down; twice is as good as once, and what was marked before stays marked."""
    known = tx.get(TombstoneRow, uid)
    if known is None:
        tx.add(TombstoneRow(uid=uid, day=day, marks=sorted(set(marks))))
    else:
        known.marks = sorted({*known.marks, *marks})
    tx.flush()


def add_salt(tx: Session, value: bytes) -> None:
    """Recognise marks that were made elsewhere with another salt; new ones are not made with it."""
    if tx.scalar(select(MarkSalt.id).where(MarkSalt.value == value)) is None:
        tx.add(MarkSalt(value=value))
        tx.flush()


def erased(tx: Session, holders: Collection[str]) -> set[str]:
    """Say which of these ids and marks are of people who were erased."""
    gone = {holder for each in everybody(tx) for holder in (each.uid, *each.marks)} if holders else set()
    return gone.intersection(holders)


def lift(tx: Session, marks: Collection[str]) -> list[str]:
    """Let whoever has one of these marks be listed again; return whose marks went. Their erasure stays."""
    lifted = [each for each in everybody(tx) if not set(each.marks).isdisjoint(marks)]
    for each in lifted:
        row = tx.get(TombstoneRow, each.uid)
        if row is not None:
            row.marks = []
    tx.flush()
    return [each.uid for each in lifted]
