"""One key for each person: what is written down of somebody is sealed under it, and erasing destroys the key.

AES-SIV (RFC 5297, AEAD_AES_SIV_CMAC_512): the same value under the same key gives the same text, so that a
plan of the same changes keeps its name, and no random number has to be there once per value. Keys are of the
store alone. A holder is a person's uid, or a mark (`store/tombstones.py`) for a row that is nobody's yet.
"""

import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Iterable
from typing import Any, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from sqlalchemy import Table, delete, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Session

from store import tombstones
from store.database import Store
from store.erasure_models import PersonKey
from store.errors import KeyDestroyed

SIZE = 64  # bytes: 256 bits to encrypt and 256 to authenticate
_TABLE = cast(Table, PersonKey.__table__)
AT_ONCE = 500  # holders in one statement
DESTROYED = "erased"  # what is read instead of a value whose key is gone


def found(tx: Session, holders: Iterable[str]) -> dict[str, bytes]:
    """Read the keys of those who have one."""
    wanted = sorted(set(holders))
    keys: dict[str, bytes] = {}
    columns = select(_TABLE.c.holder, _TABLE.c.key)
    for start in range(0, len(wanted), AT_ONCE):
        some = wanted[start : start + AT_ONCE]
        keys |= dict(map(tuple, tx.connection().execute(columns.where(_TABLE.c.holder.in_(some)))))
    return keys


def keep(tx: Session, keys: dict[str, bytes]) -> None:
    """Keep keys that were made; whoever has one already keeps theirs."""
    if not keys:
        return
    insert: Callable[..., Any] = sqlite.insert
    if tx.get_bind().dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert  # all its drivers: a tenth of what a command loads
    rows = [{"holder": holder, "key": key} for holder, key in keys.items()]
    # By the connection: the session would make an object of every row first.
    tx.connection().execute(insert(_TABLE).on_conflict_do_nothing(), rows)


def of(tx: Session, holder: str) -> bytes:
    """Give somebody's key, made now if there is none."""
    known = found(tx, (holder,)).get(holder)
    if known is None:
        keep(tx, {holder: os.urandom(SIZE)})
        known = found(tx, (holder,))[holder]
    return known


def destroy(tx: Session, holders: Iterable[str]) -> int:
    """Destroy keys: nobody reads again what was sealed under them. Returns how many there were."""
    wanted, count = sorted(set(holders)), 0
    for start in range(0, len(wanted), AT_ONCE):
        some = wanted[start : start + AT_ONCE]
        count += len(found(tx, some))
        tx.execute(delete(PersonKey).where(PersonKey.holder.in_(some)))
    return count


def seal(key: bytes, holder: str, value: bytes) -> str:
    """Seal a value; it opens only as this holder's."""
    return b64encode(AESSIV(key).encrypt(value, [holder.encode()])).decode()


def unseal(key: bytes, holder: str, text: str) -> bytes:
    """Open what was sealed; KeyDestroyed where this key does not open it."""
    try:
        return AESSIV(key).decrypt(b64decode(text), [holder.encode()])
    except (InvalidTag, ValueError):
        raise KeyDestroyed(f"What is sealed for {holder} does not open with its key.") from None


class Keyring:
    """The keys that one plan or receipt needs: read in bulk, made where there is none, kept with the paper.

    It lives as long as one command's work on one paper, so that no process holds a destroyed key for long.
    """

    def __init__(self, store: Store | None = None) -> None:
        self._store = store  # None: keys that die with this object, for tests of what needs no store
        self._known: dict[str, bytes] = {}
        self._asked: set[str] = set()
        self._made: dict[str, bytes] = {}

    def look_up(self, holders: Collection[str]) -> None:
        """Read the keys of many at once."""
        wanted = set(holders) - self._asked
        if wanted and self._store:
            with self._store.reading() as tx:
                self._known |= found(tx, wanted)
        self._asked |= wanted

    def seal(self, holder: str, value: bytes) -> str:
        """Seal a value; whoever has no key gets one, which `keep` keeps."""
        self.look_up((holder,))
        if holder not in self._known:
            self._known[holder] = self._made[holder] = os.urandom(SIZE)
        return seal(self._known[holder], holder, value)

    def open(self, holder: str, text: str) -> bytes:
        """Open a value; KeyDestroyed where the key is gone."""
        self.look_up((holder,))
        if holder not in self._known:
            raise KeyDestroyed(f"The key of {holder} was destroyed.")
        return unseal(self._known[holder], holder, text)

    def keep(self) -> bool:
        """Keep the keys that were made; False where somebody else made one first, or the holder was erased
        meanwhile: the paper is to be made anew.
        """
        if not self._made or self._store is None:
            return True
        with self._store.transaction() as tx:
            gone = tombstones.erased(tx, self._made.keys())  # erased while the paper was made
            keep(tx, {holder: key for holder, key in self._made.items() if holder not in gone})
            kept = found(tx, self._made)
        mine = kept == self._made
        self._known |= kept
        self._made = {}
        return mine
