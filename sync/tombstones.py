"""Who was erased, as nobody can read it: HMAC-SHA-256 of the keys by which senders knew them.

One line of JSON per erasure in a file beside the plans, appended and never changed. It is no part of a
backup, so that a restore can be followed by `person erase --replay`. The key, `erasure.secret`, is made with
the first erasure; without it the digests tell nothing.
"""

import hmac
import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path

import msgspec

from ldap_schema.people import Person
from ldap_schema.posts import Tenure
from sync.errors import SyncError
from sync.rows import Candidate, Reading, RowOutcome, person_key

# What a sender reads of such a row; that somebody was erased, and who, is nobody's business any more.
NOT_TAKEN, REASON = "not taken", "this row is not taken"
MEND = "Ask the directory team if this person should be listed."


class ListDamaged(SyncError):
    """The list of erasures can't be read: without it an old file could bring somebody back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """One erasure: the id that the directory had, and the digests of what senders' rows may say."""

    uid: str
    day: date
    marks: tuple[str, ...]


class Tombstones:
    """The list of one installation, in its sync folder."""

    def __init__(self, folder: Path) -> None:
        self._list, self._secret = folder / "erased.jsonl", folder / "erasure.secret"

    @cached_property
    def all(self) -> tuple[Tombstone, ...]:
        """Give all erasures, the first first; raises ListDamaged."""
        if not self._list.exists():
            return ()
        try:
            return tuple(
                msgspec.json.decode(line, type=Tombstone) for line in self._list.read_bytes().splitlines()
            )
        except (OSError, msgspec.MsgspecError) as error:
            raise ListDamaged(
                f"The list of erasures {self._list} can't be read ({error}). Put it back from a copy. "
                "Nothing was changed."
            ) from error

    def add(self, person: Person, tenures: Iterable[Tenure], today: date) -> None:
        """Write somebody down, durably, before anything of them goes; twice is as good as once."""
        marks = {self._mark("key", person.feed, person.feed_part, person.feed_key)} if person.feed else set()
        marks |= {
            self._mark("key", each.feed, each.feed_part, person_key(each.feed_key))
            for each in tenures
            if each.feed
        }
        if person.sign_in_address:
            marks.add(self._mark("address", person.sign_in_address.casefold()))
        line = msgspec.json.encode(Tombstone(uid=person.uid, day=today, marks=tuple(sorted(marks))))
        if any(each.uid == person.uid and set(each.marks) >= marks for each in self.all):
            return
        _append(self._list, line + b"\n")
        self.__dict__.pop("all", None)

    def without_erased(self, reading: Reading) -> Reading:
        """Give a file without the rows of people who were erased; they are set aside and say no more."""
        if not self.all:
            return reading
        marks = frozenset(mark for each in self.all for mark in each.marks)
        gone = [each for each in reading.candidates if not marks.isdisjoint(self._marks_of(reading, each))]
        if not gone:
            return reading
        aside = [
            RowOutcome(line=each.line, outcome=NOT_TAKEN, reason=REASON, mend=MEND, key=each.key)
            for each in gone
        ]
        lines = {each.line for each in gone}
        kept = tuple(each for each in reading.candidates if each.line not in lines)
        return replace(reading, candidates=kept, set_aside=(*reading.set_aside, *aside))

    def _marks_of(self, reading: Reading, row: Candidate) -> Iterator[str]:
        yield self._mark("key", reading.feed, reading.part, row.key)
        if row.sign_in_address:
            yield self._mark("address", row.sign_in_address.casefold())

    def _mark(self, *parts: str) -> str:
        return hmac.digest(self._key, "\0".join(parts).encode(), "sha256").hex()[:40]

    @cached_property
    def _key(self) -> bytes:
        if not self._secret.exists():
            if self.all:
                raise ListDamaged(
                    f"There is a list of erasures and no {self._secret}. Put it back from a copy. "
                    "Nothing was changed."
                )
            _append(self._secret, secrets.token_hex(32).encode())
        return self._secret.read_bytes()


def _append(path: Path, raw: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
